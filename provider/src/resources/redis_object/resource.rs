//! The resource of each kind: where Terraform's calls go.

use std::marker::PhantomData;

use async_trait::async_trait;
use certward::pki::DistinguishedName;
use certward::redis_enterprise::Removal;
use serde::{Deserialize, Serialize};
use terraform_plugin::{Configured, PluginResource};
use tf_provider::schema::Schema;
use tf_provider::value::StructEmpty;
use tf_provider::{AttributePath, Diagnostics, Resource};
use time::OffsetDateTime;

use super::{RedisObject, creation, effects, import, keys, lifecycle, trial};
use crate::provider::session::Session;
use crate::report::error;
use crate::run::interruption::until_stopped;

/// What a kind of objects decides for itself, without the cluster.
pub(crate) trait Planned: RedisObject {
    fn schema() -> Schema;

    /// The write-only attributes, as [`PluginResource::write_only`] wants them.
    fn write_only() -> Vec<AttributePath> {
        Vec::new()
    }

    /// Checks a configuration.
    fn validate(diags: &mut Diagnostics, config: &Self::State);

    /// Plans a new object.
    fn plan_create(diags: &mut Diagnostics, config: Self::State) -> Option<Self::State>;

    /// Plans a change of one that is there; `own` is the subject that the provider itself logs in by.
    fn plan_update(
        diags: &mut Diagnostics,
        prior: &Self::State,
        config: Self::State,
        own: Option<&DistinguishedName>,
    ) -> Option<Self::State>;

    /// Turns a state of schema version 0, as the state file has it, into one of today.
    fn upgrade(state: &mut serde_json::Value) {
        _ = state;
    }

    /// Adds what speaks against a plan, or is to be known about it, at this moment; `prior` is there for a change.
    fn check_plan(diags: &mut Diagnostics, prior: Option<&Self::State>, planned: &Self::State, now: OffsetDateTime) {
        _ = (diags, prior, planned, now);
    }

    /// The certificates that a planned change leaves out, and the attribute they were in.
    fn left_out(uid: u64, prior: &Self::State, planned: &Self::State) -> Option<(AttributePath, Vec<Removal>)> {
        _ = (uid, prior, planned);
        None
    }

    /// Says what speaks against removing it, if anything does.
    fn guard_removal(diags: &mut Diagnostics, prior: &Self::State, own: Option<&DistinguishedName>) {
        _ = (diags, prior, own);
    }
}

/// What Terraform keeps beside a state for the provider alone.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Kept {
    /// Whether the state comes from an import, and has not been read since.
    imported: bool,
}

/// The resource of one kind of objects.
pub(crate) struct RedisResource<O> {
    session: Configured<Session>,
    kind: PhantomData<fn() -> O>,
}

impl<O> RedisResource<O> {
    pub(crate) fn new(session: Configured<Session>) -> Self {
        Self {
            session,
            kind: PhantomData,
        }
    }
}

#[async_trait]
impl<O: Planned> PluginResource for RedisResource<O> {
    fn write_only(&self) -> Vec<AttributePath> {
        O::write_only()
    }

    async fn upgrade_state(
        &self,
        diags: &mut Diagnostics,
        version: i64,
        mut state: serde_json::Value,
    ) -> Option<serde_json::Value> {
        if version != 0 {
            error(
                diags,
                AttributePath::root(),
                "State of a newer provider",
                format!(
                    "The state of this {} was stored by a newer version of the provider (schema version {version}). Use \
                     that version or a newer one.",
                    O::NOUN
                ),
            );
            return None;
        }
        O::upgrade(&mut state);
        Some(state)
    }
}

#[async_trait]
impl<O: Planned> Resource for RedisResource<O> {
    type State<'a> = O::State;
    type PrivateState<'a> = Option<Kept>;
    type ProviderMetaState<'a> = Option<StructEmpty>;

    fn schema(&self, _diags: &mut Diagnostics) -> Option<Schema> {
        Some(O::schema())
    }

    async fn validate<'a>(&self, diags: &mut Diagnostics, config: O::State) -> Option<()> {
        O::validate(diags, &config);
        diags.errors.is_empty().then_some(())
    }

    async fn read<'a>(
        &self,
        diags: &mut Diagnostics,
        state: O::State,
        private: Option<Kept>,
        _meta: Option<StructEmpty>,
    ) -> Option<(O::State, Option<Kept>)> {
        let session = self.session.get(diags)?;
        let answer = until_stopped(lifecycle::read::<O>(diags, &session, state)).await;
        let mut state = answer.or_interrupted(diags)?;
        // The reading that belongs to the import; what Terraform generates is made of it.
        if private.is_some_and(|kept| kept.imported) {
            O::in_one_form(&mut state);
        }
        Some((state, None))
    }

    async fn plan_create<'a>(
        &self,
        diags: &mut Diagnostics,
        _proposed: O::State,
        config: O::State,
        _meta: Option<StructEmpty>,
    ) -> Option<(O::State, Option<Kept>)> {
        let session = self.session.get(diags)?;
        session.check_redis_enterprise(diags, O::KIND)?;
        let planned = O::plan_create(diags, config)?;
        O::check_plan(diags, None, &planned, session.clock.now());
        session.run.plans.guard_replacement(diags);
        session.run.plans.note(diags, &keys::unique::<O>(&planned), None);
        if !diags.errors.is_empty() {
            return None;
        }
        let tried = until_stopped(trial::try_create::<O>(diags, &session, &planned)).await;
        tried.or_interrupted(diags)?;
        Some((planned, None))
    }

    async fn plan_update<'a>(
        &self,
        diags: &mut Diagnostics,
        prior: O::State,
        _proposed: O::State,
        config: O::State,
        private: Option<Kept>,
        _meta: Option<StructEmpty>,
    ) -> Option<(O::State, Option<Kept>, Vec<AttributePath>)> {
        let session = self.session.get(diags)?;
        session.check_redis_enterprise(diags, O::KIND)?;
        let planned = O::plan_update(diags, &prior, config, session.own_redis_subject())?;
        O::check_plan(diags, Some(&prior), &planned, session.clock.now());
        let mut removal = Diagnostics::default();
        O::guard_removal(&mut removal, &prior, session.own_redis_subject());
        session.run.plans.note_guard(removal.errors);
        let id = keys::id_of::<O>(&prior);
        let keys = keys::unique::<O>(&planned);
        session.run.plans.note(diags, &keys, id.as_ref());
        session.run.plans.note_change(diags, &keys::unique::<O>(&prior), &keys);
        if !diags.errors.is_empty() {
            return None;
        }
        let tried = until_stopped(trial::try_update::<O>(diags, &session, &prior, &planned)).await;
        tried.or_interrupted(diags)?;
        effects::warn_of_change::<O>(diags, &session, &prior, &planned).await;
        Some((planned, private, Vec::new()))
    }

    async fn plan_destroy<'a>(
        &self,
        diags: &mut Diagnostics,
        prior: O::State,
        private: Option<Kept>,
        _meta: Option<StructEmpty>,
    ) -> Option<Option<Kept>> {
        let session = self.session.peek();
        let id = keys::id_of::<O>(&prior);
        // What takes its place has been made of the same object in this run.
        if let (Some(session), Some(id)) = (&session, &id)
            && session.run.objects.is_held(id)
        {
            return Some(private);
        }
        let own = session.as_ref().and_then(|session| session.own_redis_subject());
        O::guard_removal(diags, &prior, own);
        if let Some(session) = &session {
            if let Some(id) = id {
                session.run.plans.note_removal(diags, &id, &keys::unique::<O>(&prior));
            }
            effects::warn_of_removal::<O>(diags, session, &prior).await;
        }
        diags.errors.is_empty().then_some(private)
    }

    async fn create<'a>(
        &self,
        diags: &mut Diagnostics,
        planned: O::State,
        config: O::State,
        private: Option<Kept>,
        _meta: Option<StructEmpty>,
    ) -> Option<(O::State, Option<Kept>)> {
        let session = self.session.get(diags)?;
        let answer = until_stopped(creation::create::<O>(diags, &session, planned, &config)).await;
        let state = answer.or_interrupted(diags)?;
        Some((state, private))
    }

    async fn update<'a>(
        &self,
        diags: &mut Diagnostics,
        prior: O::State,
        planned: O::State,
        config: O::State,
        private: Option<Kept>,
        _meta: Option<StructEmpty>,
    ) -> Option<(O::State, Option<Kept>)> {
        let session = self.session.get(diags)?;
        let answer = until_stopped(lifecycle::update::<O>(diags, &session, prior, planned, &config)).await;
        let state = answer.or_interrupted(diags)?;
        Some((state, private))
    }

    async fn destroy<'a>(
        &self,
        diags: &mut Diagnostics,
        prior: O::State,
        _private: Option<Kept>,
        _meta: Option<StructEmpty>,
    ) -> Option<()> {
        let session = self.session.get(diags)?;
        let guard = |diags: &mut Diagnostics| O::guard_removal(diags, &prior, session.own_redis_subject());
        let answer = until_stopped(lifecycle::destroy::<O>(diags, &session, &prior, guard)).await;
        answer.or_interrupted(diags)
    }

    async fn import<'a>(&self, diags: &mut Diagnostics, id: String) -> Option<(O::State, Option<Kept>)> {
        let session = self.session.get(diags)?;
        let answer = until_stopped(import::import::<O>(diags, &session, &id)).await;
        let mut state = answer.or_interrupted(diags)?;
        O::in_one_form(&mut state);
        Some((state, Some(Kept { imported: true })))
    }
}

#[cfg(test)]
#[path = "resource_tests.rs"]
mod tests;
