//! Asking the cluster, at plan, what it would say (`dry_run`).

use std::collections::BTreeMap;

use certward::Error;
use certward::redis_enterprise::Client;
use tf_provider::Diagnostics;

use super::lifecycle::parsed_uid;
use super::{Definition, RedisObject, Run};
use crate::report::failure;
use crate::report::shown;
use crate::resources::compared::{Attribute, Compared};
use crate::run::trials::Trial;
use crate::session::Session;

/// Asks the cluster whether it would make the planned object, when everything about it is known.
///
/// Only a refusal of the values counts. A cluster that cannot be asked now is no reason to refuse a plan, and neither is
/// a name in use: its holder may be the object that this one replaces.
pub(crate) async fn try_create<O: RedisObject>(
    diags: &mut Diagnostics,
    session: &Session,
    planned: &O::State,
) -> Option<()> {
    if let (Some(redis), Some(wanted)) = (session.redis_enterprise.configured(), O::of_state(planned)) {
        let client = &redis.client;
        let creation = Creation::<O> {
            client,
            wanted: &wanted,
        };
        if let Some(tried) = session.trials.make(diags, client, &creation).await {
            judge::<O>(diags, &wanted, tried, || {
                format!("make the {} \"{}\"", O::NOUN, wanted.name())
            });
        }
    }
    diags.errors.is_empty().then_some(())
}

/// Asks the cluster whether it would make the planned change, as [`try_create`] does.
pub(crate) async fn try_update<O: RedisObject>(
    diags: &mut Diagnostics,
    session: &Session,
    prior: &O::State,
    planned: &O::State,
) -> Option<()> {
    if let (Some(there), Some(wanted)) = (O::of_state(prior), O::of_state(planned))
        && !wanted.differences(&there).is_empty()
        && let (Some(redis), Some(uid)) = (session.redis_enterprise.configured(), parsed_uid::<O>(prior))
    {
        let client = &redis.client;
        let change = Change::<O> {
            client,
            uid,
            there: &there,
            wanted: &wanted,
            planned,
        };
        if let Some(tried) = session.trials.make(diags, client, &change).await {
            judge::<O>(diags, &wanted, tried, || {
                format!("change the {} \"{}\"", O::NOUN, there.name())
            });
        }
    }
    diags.errors.is_empty().then_some(())
}

/// Adds what a trial says against the plan.
fn judge<O: RedisObject>(
    diags: &mut Diagnostics,
    wanted: &O::Definition,
    tried: Result<O::Object, Error>,
    attempt: impl FnOnce() -> String,
) {
    match tried {
        Ok(object) => diags.errors.extend(O::unknown_setting(wanted, &object)),
        Err(problem) => failure::redis_enterprise_at_plan(diags, &attempt(), &problem),
    }
}

struct Creation<'a, O: RedisObject> {
    client: &'a Client,
    wanted: &'a O::Definition,
}

impl<O: RedisObject> Trial for Creation<'_, O> {
    type Answer = O::Object;
    /// The names of all objects.
    type Sight = BTreeMap<u64, String>;

    async fn look(&self) -> Result<Self::Sight, Error> {
        let objects = O::list(self.client).await?;
        let named = |object| (O::uid(object), O::of_object(object).name().to_owned());
        Ok(objects.iter().map(named).collect())
    }

    async fn send(&self) -> Result<O::Object, Error> {
        O::create(self.client, self.wanted, Run::Try).await
    }

    async fn effect(&self, before: &Self::Sight, after: &Self::Sight, answer: Option<&O::Object>) -> Option<String> {
        let name = self.wanted.name();
        let is_made = |uid: &u64, there: &str| !before.contains_key(uid) && there == name;
        let uid = *after.iter().find(|(uid, there)| is_made(uid, there))?.0;
        let made = format!("It has made the {} \"{}\" (uid {uid})", O::NOUN, shown(name));
        // Only what the answer names is known to be of this request.
        if answer.is_none_or(|answer| O::uid(answer) != uid) {
            return Some(format!(
                "{made}, if nobody else did at the same moment: remove it on the cluster."
            ));
        }
        Some(match O::delete(self.client, uid).await {
            Ok(()) => format!("{made}, and the provider has removed it again."),
            Err(problem) => format!(
                "{made}, and the provider could not remove it again: {}. Remove it on the cluster.",
                problem.report()
            ),
        })
    }
}

struct Change<'a, O: RedisObject> {
    client: &'a Client,
    uid: u64,
    there: &'a O::Definition,
    wanted: &'a O::Definition,
    planned: &'a O::State,
}

impl<O: RedisObject> Trial for Change<'_, O> {
    type Answer = O::Object;
    /// The object, if it is there.
    type Sight = Option<O::Definition>;

    async fn look(&self) -> Result<Self::Sight, Error> {
        let object = O::find(self.client, self.uid).await?;
        // What the cluster does not tell, such as a password, cannot be seen to change.
        Ok(object.map(|object| O::of_object_beside(&object, self.planned)))
    }

    fn is_visible(&self, before: &Self::Sight) -> bool {
        let before = before.as_ref();
        before.is_some_and(|before| !self.wanted.differences(before).is_empty())
    }

    async fn send(&self) -> Result<O::Object, Error> {
        O::update(self.client, self.uid, self.there, self.wanted, Run::Try).await
    }

    async fn effect(&self, before: &Self::Sight, after: &Self::Sight, _: Option<&O::Object>) -> Option<String> {
        let (before, after) = (before.as_ref()?, after.as_ref()?);
        let left = self.wanted.differences(after);
        let changed = self.wanted.differences(before).into_iter();
        let changed: Vec<String> = changed
            .filter(|attribute| !left.contains(attribute))
            .map(|attribute| {
                let (old, new) = (before.shown(attribute), after.shown(attribute));
                format!("{} was {} and is {}", attribute.name(), shown(&old), shown(&new))
            })
            .collect();
        (!changed.is_empty()).then(|| {
            format!(
                "It has changed the {} \"{}\" (uid {}): {}. The provider has left it so.",
                O::NOUN,
                shown(before.name()),
                self.uid,
                changed.join("; ")
            )
        })
    }
}

#[cfg(test)]
#[path = "trial_tests.rs"]
mod tests;
