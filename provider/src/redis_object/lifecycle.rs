//! Reading, making, changing and removing.

use std::time::Duration;

use certward::Error;
use certward::redis_enterprise::Client;
use tf_provider::{AttributePath, Diagnostics};

use super::{Definition, RedisObject, Run, Step};
use crate::failure;
use crate::removal::Pauses;
use crate::report::{error, shown, warning};
use crate::session::Session;

/// The object as it is now. `None` without an error: it is gone.
pub(crate) async fn read<O: RedisObject>(
    diags: &mut Diagnostics,
    session: &Session,
    mut state: O::State,
) -> Option<O::State> {
    if session.redis_enterprise.is_unknown() {
        return Some(state);
    }
    let client = &session.redis_enterprise(diags, O::KIND)?.client;
    let uid = uid_of::<O>(diags, &state)?;
    let Some(object) = find::<O>(diags, client, uid).await? else {
        tracing::info!(uid, "the {} is no longer there", O::NOUN);
        return None;
    };
    warn::<O>(diags, &object);
    O::take_over(&mut state, &object);
    Some(state)
}

/// Hands on what the cluster warns of.
fn warn<O: RedisObject>(diags: &mut Diagnostics, object: &O::Object) {
    let there = O::of_object(object);
    for text in O::warnings(object).iter().take(MOST_WARNINGS) {
        warning(
            diags,
            AttributePath::root(),
            format!("The cluster warns about the {}", O::NOUN),
            format!(
                "{} \"{}\" (uid {}): {}",
                O::NOUN,
                shown(there.name()),
                O::uid(object),
                shown(text)
            ),
        );
    }
}

/// Asks the cluster whether it would make the planned object, when everything about it is known.
///
/// Only a refusal of the values counts. A cluster that cannot be asked now is no reason to refuse a plan, and neither is
/// a name in use: its holder may be the object that this one replaces.
pub(crate) async fn try_create<O: RedisObject>(
    diags: &mut Diagnostics,
    session: &Session,
    planned: &O::State,
) -> Option<()> {
    if let (Some(client), Some(wanted)) = (trial_client(session), O::of_state(planned))
        && let Err(problem) = O::create(client, &wanted, Run::Try).await
    {
        let attempt = format!("make the {} \"{}\"", O::NOUN, wanted.name());
        session.trials.note(&problem);
        failure::redis_enterprise_at_plan(diags, &attempt, &problem);
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
        && let Err(problem) = O::update(client, uid, &there, &wanted, Run::Try).await
    {
        let attempt = format!("change the {} \"{}\"", O::NOUN, there.name());
        session.trials.note(&problem);
        failure::redis_enterprise_at_plan(diags, &attempt, &problem);
    }
    diags.errors.is_empty().then_some(())
}

fn trial_client(session: &Session) -> Option<&Client> {
    let redis = session.redis_enterprise.configured()?;
    (!session.trials.are_over()).then_some(&redis.client)
}

/// Makes a planned object, or takes over one that is equal already.
pub(crate) async fn create<O: RedisObject>(
    diags: &mut Diagnostics,
    session: &Session,
    planned: O::State,
    config: &O::State,
) -> Option<O::State> {
    let client = &session.redis_enterprise(diags, O::KIND)?.client;
    let mut wanted = wanted::<O>(diags, &planned)?;
    O::add_write_only(&mut wanted, config);
    let problem = match O::create(client, &wanted, Run::Apply).await {
        Ok(object) => {
            let object = O::settle(diags, client, object, &planned, Step::Creation).await;
            return Some(confirmed::<O>(diags, &wanted, &object, planned));
        }
        Err(problem) => problem,
    };
    // A name (or port) in use, or an answer that was lost the last time: the list tells which.
    let holder = if problem.is_conflict() || problem.error_type() == Some("port_unavailable") {
        holder::<O>(client, &wanted).await.unwrap_or_default()
    } else {
        None
    };
    match holder {
        Some(object) if O::refusal(&object).is_none() && wanted.differences(&O::of_object(&object)).is_empty() => {
            tracing::info!(
                uid = O::uid(&object),
                "the {} is there already, and equal; taking it over",
                O::NOUN
            );
            let object = O::settle(diags, client, object, &planned, Step::Creation).await;
            Some(confirmed::<O>(diags, &wanted, &object, planned))
        }
        Some(object) => {
            refuse_existing::<O>(diags, &wanted, &object);
            None
        }
        None => {
            let attempt = format!("make the {} \"{}\"", O::NOUN, wanted.name());
            failure::redis_enterprise(diags, &attempt, &problem);
            None
        }
    }
}

/// Changes what the plan changes, and leaves alone what it does not mention.
pub(crate) async fn update<O: RedisObject>(
    diags: &mut Diagnostics,
    session: &Session,
    prior: O::State,
    planned: O::State,
    config: &O::State,
) -> Option<O::State> {
    let mut wanted = wanted::<O>(diags, &planned)?;
    O::add_write_only(&mut wanted, config);
    if O::of_state(&prior).is_some_and(|before| wanted.differences(&before).is_empty()) {
        // Only what Terraform alone knows has changed.
        return Some(planned);
    }
    let client = &session.redis_enterprise(diags, O::KIND)?.client;
    let uid = uid_of::<O>(diags, &prior)?;
    let name = O::id_and_name(&prior).1.as_deref().unwrap_or("?");
    let Some(object) = find::<O>(diags, client, uid).await? else {
        error(
            diags,
            AttributePath::root(),
            format!("The {} is no longer there", O::NOUN),
            format!(
                "\"{name}\" (uid {uid}) was removed from the cluster after this plan was made. Plan again; it will be \
                 made anew."
            ),
        );
        return None;
    };
    if let Some((summary, detail)) = O::refusal(&object) {
        error(diags, AttributePath::root(), summary, detail);
        return None;
    }
    let there = O::of_object_beside(&object, &prior);
    if wanted.differences(&there).is_empty() {
        return Some(confirmed::<O>(diags, &wanted, &object, planned));
    }
    match O::update(client, uid, &there, &wanted, Run::Apply).await {
        Ok(object) => {
            let object = O::settle(diags, client, object, &planned, Step::Change).await;
            Some(confirmed::<O>(diags, &wanted, &object, planned))
        }
        Err(problem) => {
            let attempt = format!("change the {} \"{name}\" (uid {uid})", O::NOUN);
            failure::redis_enterprise(diags, &attempt, &problem);
            None
        }
    }
}

/// Removes the object and waits until it is gone; one that is gone already is fine.
pub(crate) async fn destroy<O: RedisObject>(
    diags: &mut Diagnostics,
    session: &Session,
    prior: &O::State,
) -> Option<()> {
    let client = &session.redis_enterprise(diags, O::KIND)?.client;
    let uid = uid_of::<O>(diags, prior)?;
    let name = O::id_and_name(prior).1.as_deref().unwrap_or("?");
    match remove::<O>(client, uid, O::removal_timeout(prior)).await {
        Ok(true) => Some(()),
        Ok(false) => {
            error(
                diags,
                AttributePath::root(),
                "Not removed",
                format!(
                    "The cluster accepted the removal of the {} \"{name}\" (uid {uid}) but still lists it. Apply again; \
                     if it stays, report it with the log of TF_LOG_PROVIDER=DEBUG.",
                    O::NOUN
                ),
            );
            None
        }
        Err(problem) => {
            let attempt = format!("remove the {} \"{name}\" (uid {uid})", O::NOUN);
            failure::redis_enterprise(diags, &attempt, &problem);
            None
        }
    }
}

/// The object of this uid; the outer `None` comes with an error.
pub(super) async fn find<O: RedisObject>(
    diags: &mut Diagnostics,
    client: &Client,
    uid: u64,
) -> Option<Option<O::Object>> {
    match O::find(client, uid).await {
        Ok(object) => Some(object),
        Err(problem) => {
            let attempt = format!("read the {} with the uid {uid}", O::NOUN);
            failure::redis_enterprise(diags, &attempt, &problem);
            None
        }
    }
}

/// Whether it is gone in the end.
async fn remove<O: RedisObject>(client: &Client, uid: u64, timeout: Duration) -> Result<bool, Error> {
    match O::delete(client, uid).await {
        Err(problem) if problem.is_not_found() => return Ok(true),
        answer => answer?,
    }
    let mut pauses = Pauses::lasting(timeout);
    while O::find(client, uid).await?.is_some() {
        if !pauses.wait().await {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The object that has the name of this one, or what else must be unique.
async fn holder<O: RedisObject>(client: &Client, wanted: &O::Definition) -> Result<Option<O::Object>, Error> {
    let unique = wanted.unique();
    let objects = O::list(client).await?.into_iter();
    let holders = objects.filter_map(|object| {
        let differing = wanted.differences(&O::of_object(&object));
        let shares_one = unique.iter().any(|attribute| !differing.contains(attribute));
        shares_one.then_some((differing.len(), object))
    });
    // Of several, the one that has most in common tells most.
    Ok(holders
        .min_by_key(|(differing, _)| *differing)
        .map(|(_, object)| object))
}

fn refuse_existing<O: RedisObject>(diags: &mut Diagnostics, wanted: &O::Definition, object: &O::Object) {
    if let Some((summary, detail)) = O::refusal(object) {
        error(diags, AttributePath::new("name"), summary, detail);
        return;
    }
    let (there, uid) = (O::of_object(object), O::uid(object));
    let differing = wanted.differences(&there);
    let mut unique = wanted.unique().into_iter();
    let shared = unique
        .find(|attribute| !differing.contains(attribute))
        .unwrap_or("name");
    let differing: Vec<String> = differing
        .iter()
        .map(|attribute| {
            let (theirs, ours) = (there.shown(attribute), wanted.shown(attribute));
            format!("{attribute} is {} there and {} here", shown(&theirs), shown(&ours))
        })
        .collect();
    error(
        diags,
        AttributePath::new(shared),
        format!("The {} exists already", O::NOUN),
        format!(
            "The cluster has a {} \"{}\" (uid {uid}) with this {shared}: {}. To take it over, import it under the \
             address that Terraform shows with this error, which the provider is not told, and the next plan shows what \
             changes:\n\n\
             import {{\n  to = {}.ADDRESS\n  id = \"{uid}\"\n}}",
            O::NOUN,
            shown(there.name()),
            differing.join("; "),
            O::KIND.type_name,
        ),
    );
}

/// Compares the answer with what was asked for: a cluster may ignore what its version does not know.
fn confirmed<O: RedisObject>(
    diags: &mut Diagnostics,
    wanted: &O::Definition,
    object: &O::Object,
    planned: O::State,
) -> O::State {
    warn::<O>(diags, object);
    let there = O::of_object_beside(object, &planned);
    for attribute in wanted.differences(&there) {
        error(
            diags,
            AttributePath::new(attribute),
            "Value not applied",
            format!(
                "The cluster accepted the request for the {} \"{}\" (uid {}) but reports another {attribute}: {}. An \
                 older version than 8.2 may ignore what it does not know; else report this with the log of \
                 TF_LOG_PROVIDER=DEBUG.",
                O::NOUN,
                wanted.name(),
                O::uid(object),
                shown(&there.shown(attribute))
            ),
        );
    }
    O::confirm(planned, object)
}

/// What the plan asks for. Terraform plans once more before it applies, when everything is known.
fn wanted<O: RedisObject>(diags: &mut Diagnostics, planned: &O::State) -> Option<O::Definition> {
    let wanted = O::of_state(planned);
    if wanted.is_none() {
        error(
            diags,
            AttributePath::root(),
            "Values are missing",
            format!(
                "Something that this {} needs was null or not known when it was applied. Plan again: the plan names the \
                 attribute.",
                O::NOUN
            ),
        );
    }
    wanted
}

pub(super) fn parsed_uid<O: RedisObject>(state: &O::State) -> Option<u64> {
    O::id_and_name(state).0.as_ref_option()?.parse().ok()
}

fn uid_of<O: RedisObject>(diags: &mut Diagnostics, state: &O::State) -> Option<u64> {
    let uid = parsed_uid::<O>(state);
    if uid.is_none() {
        error(
            diags,
            AttributePath::new("id"),
            "State without an id",
            "The state of this resource has no usable id. Remove it from the state (terraform state rm) and import it \
             again.",
        );
    }
    uid
}

/// A server could send any number of warnings.
const MOST_WARNINGS: usize = 20;

#[cfg(test)]
#[path = "lifecycle_tests.rs"]
mod tests;
