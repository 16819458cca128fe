//! Members of a change that only the server writes: they must say what is so when the change is made, not when the
//! request came.

use serde_json::Map;

use super::json::{Access, Body, Object, Value};
use crate::cluster::{ClusterState, Precondition};

/// Those of one request.
pub(super) struct Unchanged(Vec<(&'static str, Value)>);

impl Unchanged {
    /// Takes them out of a body.
    pub(super) fn take_out_of<T: Body>(body: &mut Object) -> Self {
        let is_the_servers = |access| matches!(access, Access::ReadOnly | Access::Fixed);
        let members = T::SCHEMA.members().filter(|member| is_the_servers(member.access));
        Self(
            members
                .filter_map(|member| Some((member.name, body.take(member.name)?)))
                .collect(),
        )
    }

    /// Takes this member too.
    pub(super) fn take(&mut self, body: &mut Object, name: &'static str) {
        self.0.extend(body.take(name).map(|value| (name, value)));
    }

    /// That they are as an answer would show them. An object that is gone is for the use case to miss.
    pub(super) fn precondition(
        self,
        shown: impl Fn(&ClusterState) -> Option<Map<String, serde_json::Value>> + Send + Sync + 'static,
    ) -> Precondition {
        if self.0.is_empty() {
            return Precondition::default();
        }
        Precondition::new(move |state| {
            let shown = shown(state)?;
            let differs = |(name, value): &&(&str, Value)| !shown.get(*name).is_some_and(|shown| value.says(shown));
            self.0.iter().find(differs).map(|(name, _)| *name)
        })
    }
}
