//! The resource of each kind: where Terraform's calls go.

use certward::pki::DistinguishedName;
use certward::redis_enterprise::Removal;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use tf_provider::schema::Schema;
use tf_provider::{AttributePath, Diagnostics};
use time::OffsetDateTime;

use super::{RedisObject, creation, effects, import, keys, lifecycle, trial};
use crate::resources::managed::{Call, Change, ManagedResource};
use crate::run::Key;
use crate::run::interruption::until_stopped;
use crate::session::{Kind, Session};

/// The parts of planning that need no cluster and differ between the kinds of objects.
pub(crate) trait Planned: RedisObject {
    fn schema() -> Schema;

    /// The write-only attributes, as the plugin server wants them.
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
    fn upgrade(state: &mut Json) {
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

/// Private state of a resource, which only the provider reads.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Kept {
    /// True if the state comes from an import and has not been refreshed since.
    imported: bool,
}

impl<O: Planned> ManagedResource for O {
    type State = <O as RedisObject>::State;
    type Private = Kept;

    const KIND: Kind = <O as RedisObject>::KIND;
    const NOUN: &'static str = <O as RedisObject>::NOUN;

    fn schema() -> Schema {
        <O as Planned>::schema()
    }

    fn write_only() -> Vec<AttributePath> {
        <O as Planned>::write_only()
    }

    fn upgrade(state: &mut Json) {
        <O as Planned>::upgrade(state);
    }

    fn validate(diags: &mut Diagnostics, config: &Self::State) {
        <O as Planned>::validate(diags, config);
    }

    fn id(state: &Self::State) -> Option<Key> {
        keys::id_of::<O>(state)
    }

    fn unique(state: &Self::State) -> Vec<(Key, AttributePath)> {
        keys::unique::<O>(state)
    }

    async fn read(call: Call<'_, Self>, state: Self::State) -> Option<Self::State> {
        let mut state = lifecycle::read::<O>(call.diags, call.session, state).await?;
        // The reading that belongs to the import; what Terraform generates is made of it.
        if call.private.take().is_some_and(|kept| kept.imported) {
            O::in_one_form(&mut state);
        }
        Some(state)
    }

    fn plan_create(call: Call<'_, Self>, config: Self::State) -> Option<Self::State> {
        let planned = <O as Planned>::plan_create(call.diags, config)?;
        O::check_plan(call.diags, None, &planned, call.session.clock.now());
        Some(planned)
    }

    fn plan_update(
        call: Call<'_, Self>,
        prior: &Self::State,
        config: Self::State,
    ) -> Option<(Self::State, Vec<AttributePath>)> {
        let planned = <O as Planned>::plan_update(call.diags, prior, config, call.session.own_redis_subject())?;
        O::check_plan(call.diags, Some(prior), &planned, call.session.clock.now());
        Some((planned, Vec::new()))
    }

    fn guard_removal(diags: &mut Diagnostics, session: Option<&Session>, prior: &Self::State) {
        let own = session.and_then(Session::own_redis_subject);
        <O as Planned>::guard_removal(diags, prior, own);
    }

    async fn preview(call: Call<'_, Self>, change: Change<'_, Self::State>) {
        if !call.diags.errors.is_empty() {
            return;
        }
        let Change { prior, planned, .. } = change;
        let Some(prior) = prior else {
            let tried = until_stopped(trial::try_create::<O>(call.diags, call.session, planned)).await;
            tried.or_interrupted(call.diags);
            return;
        };
        let tried = until_stopped(trial::try_update::<O>(call.diags, call.session, prior, planned)).await;
        if tried.or_interrupted(call.diags).is_some() {
            effects::warn_of_change::<O>(call.diags, call.session, prior, planned).await;
        }
    }

    async fn preview_removal(call: Call<'_, Self>, prior: &Self::State) {
        effects::warn_of_removal::<O>(call.diags, call.session, prior).await;
    }

    async fn create(call: Call<'_, Self>, planned: Self::State, config: &Self::State) -> Option<Self::State> {
        creation::create::<O>(call.diags, call.session, planned, config).await
    }

    async fn update(
        call: Call<'_, Self>,
        prior: Self::State,
        planned: Self::State,
        config: &Self::State,
    ) -> Option<Self::State> {
        lifecycle::update::<O>(call.diags, call.session, prior, planned, config).await
    }

    async fn destroy(call: Call<'_, Self>, prior: &Self::State) -> Option<()> {
        let Call { diags, session, .. } = call;
        let guard = |diags: &mut Diagnostics| <O as ManagedResource>::guard_removal(diags, Some(session), prior);
        lifecycle::destroy::<O>(diags, session, prior, guard).await
    }

    async fn import(call: Call<'_, Self>, id: &str) -> Option<Self::State> {
        let mut state = import::import::<O>(call.diags, call.session, id).await?;
        O::in_one_form(&mut state);
        *call.private = Some(Kept { imported: true });
        Some(state)
    }
}

#[cfg(test)]
#[path = "resource_tests.rs"]
mod tests;
