//! Asking the cluster, at plan, what it would say (`dry_run`).

use certward::Error;
use certward::redis_enterprise::Client;
use tf_provider::Diagnostics;

use super::lifecycle::parsed_uid;
use super::{Definition, RedisObject, Run};
use crate::failure;
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
    if let (Some(client), Some(wanted)) = (trial_client(session), O::of_state(planned)) {
        let tried = O::create(client, &wanted, Run::Try).await;
        judge::<O>(diags, session, &wanted, tried, || {
            format!("make the {} \"{}\"", O::NOUN, wanted.name())
        });
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
        && let (Some(client), Some(uid)) = (trial_client(session), parsed_uid::<O>(prior))
    {
        let tried = O::update(client, uid, &there, &wanted, Run::Try).await;
        judge::<O>(diags, session, &wanted, tried, || {
            format!("change the {} \"{}\"", O::NOUN, there.name())
        });
    }
    diags.errors.is_empty().then_some(())
}

/// Adds what a trial says against the plan.
fn judge<O: RedisObject>(
    diags: &mut Diagnostics,
    session: &Session,
    wanted: &O::Definition,
    tried: Result<O::Object, Error>,
    attempt: impl FnOnce() -> String,
) {
    match tried {
        Ok(object) => diags.errors.extend(O::unknown_setting(wanted, &object)),
        Err(problem) => {
            session.trials.note(&problem);
            failure::redis_enterprise_at_plan(diags, &attempt(), &problem);
        }
    }
}

fn trial_client(session: &Session) -> Option<&Client> {
    let redis = session.redis_enterprise.configured()?;
    (!session.trials.are_over()).then_some(&redis.client)
}
