//! Reading, making, changing and removing.

use std::time::Duration;

use certward::Error;
use certward::redis_enterprise::Client;
use tf_provider::{AttributePath, Diagnostics};

use super::{Definition, RedisObject, Run, Step, keys};
use crate::failure;
use crate::removal::Pauses;
use crate::report::{error, shown, warning};
use crate::run::Release;
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
    if !session.run.plans.note_read(diags, &keys::id::<O>(uid)) {
        return None;
    }
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
    let objects = &session.run.objects;
    let working = objects.working();
    loop {
        let changes = objects.changes();
        let problem = match O::create(client, &wanted, Run::Apply).await {
            Ok(object) => {
                objects.hold(&keys::id::<O>(O::uid(&object)));
                return Some(made::<O>(diags, client, &wanted, object, planned).await);
            }
            Err(problem) => problem,
        };
        // A name (or port) in use, or an answer that was lost, now or the last time: the list tells which.
        let is_lost = failure::may_have_been_done(&problem);
        let holder = if is_taken(&problem) || is_lost {
            holder::<O>(client, &wanted).await.unwrap_or_default()
        } else {
            None
        };
        // What is in the way may be about to go, or to be called otherwise.
        if is_taken(&problem) && objects.another_change(&working, changes).await {
            continue;
        }
        let Some(holder) = holder else {
            let attempt = format!("make the {} \"{}\"", O::NOUN, wanted.name());
            failure::redis_enterprise(diags, &attempt, &problem);
            return None;
        };
        let key = keys::id::<O>(O::uid(&holder));
        let turn = objects.turn(&working, key.clone()).await;
        if objects.changes() != changes {
            continue;
        }
        if O::refusal(&holder).is_some()
            || !equal::<O>(&wanted, &holder, &planned)
            || session.run.plans.is_of_another(&key)
        {
            refuse_existing::<O>(diags, &wanted, &holder);
            return None;
        }
        if is_lost {
            turn.hold();
        } else {
            turn.adopt(diags, &called::<O>(&holder), AttributePath::new("name"))?;
        }
        if let Err(problem) = O::complete(client, &holder, &wanted).await {
            let attempt = format!("change {}", called::<O>(&holder));
            failure::redis_enterprise(diags, &attempt, &problem);
        }
        return Some(made::<O>(diags, client, &wanted, holder, planned).await);
    }
}

/// The state after an object was made.
async fn made<O: RedisObject>(
    diags: &mut Diagnostics,
    client: &Client,
    wanted: &O::Definition,
    object: O::Object,
    planned: O::State,
) -> O::State {
    let object = O::settle(diags, client, object, &planned, Step::Creation).await;
    let is_usable = diags.errors.is_empty();
    let state = confirmed::<O>(diags, wanted, &object, planned);
    if is_usable { state } else { O::unusable(state) }
}

/// Whether another object has a name, or what else must be unique.
fn is_taken(problem: &Error) -> bool {
    problem.is_conflict() || problem.error_type() == Some("port_unavailable")
}

/// Whether an object is the wanted one, but for what no answer tells.
fn equal<O: RedisObject>(wanted: &O::Definition, object: &O::Object, planned: &O::State) -> bool {
    wanted.differences(&O::of_object_beside(object, planned)).is_empty()
}

/// `role "app" (uid 7)`.
fn called<O: RedisObject>(object: &O::Object) -> String {
    format!(
        "{} \"{}\" (uid {})",
        O::NOUN,
        shown(O::of_object(object).name()),
        O::uid(object)
    )
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
    let uid = uid_of::<O>(diags, &prior)?;
    let objects = &session.run.objects;
    let working = objects.working();
    let turn = objects.turn(&working, keys::id::<O>(uid)).await;
    if turn.is_of_another() {
        drop(turn);
        return made_anew::<O>(diags, session, uid, planned, config).await;
    }
    if O::of_state(&prior).is_some_and(|before| wanted.differences(&before).is_empty()) {
        // Only what Terraform alone knows has changed.
        turn.hold();
        return Some(planned);
    }
    let client = &session.redis_enterprise(diags, O::KIND)?.client;
    let name = O::id_and_name(&prior).1.as_deref().unwrap_or("?");
    loop {
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
            turn.hold();
            return Some(confirmed::<O>(diags, &wanted, &object, planned));
        }
        let changes = objects.changes();
        let problem = match O::update(client, uid, &there, &wanted, Run::Apply).await {
            Ok(object) => {
                turn.hold();
                let object = O::settle(diags, client, object, &planned, Step::Change).await;
                return Some(confirmed::<O>(diags, &wanted, &object, planned));
            }
            Err(problem) => problem,
        };
        // Another instance of this run may be about to give the name up, or whatever else must be unique.
        if is_taken(&problem) && objects.another_change(&working, changes).await {
            continue;
        }
        // The change was made and its answer lost: it is looked up, and nothing is left to do then.
        if failure::may_have_been_done(&problem)
            && let Ok(Some(object)) = O::find(client, uid).await
            && equal::<O>(&wanted, &object, &prior)
        {
            continue;
        }
        let attempt = format!("change the {} \"{name}\" (uid {uid})", O::NOUN);
        failure::redis_enterprise(diags, &attempt, &problem);
        return None;
    }
}

/// Makes an object for an instance whose own was taken over by another instance of this run, which wanted one of its name.
async fn made_anew<O: RedisObject>(
    diags: &mut Diagnostics,
    session: &Session,
    uid: u64,
    planned: O::State,
    config: &O::State,
) -> Option<O::State> {
    let state = create::<O>(diags, session, planned, config).await?;
    // An error, because the plan has promised the old id.
    error(
        diags,
        AttributePath::new("id"),
        format!("Another {} than planned", O::NOUN),
        format!(
            "The {} with the uid {uid} was to be changed, but another block wanted its name, and has taken it over before \
             that. So this block has another one now. Everything is as configured; plan again to see it.",
            O::NOUN
        ),
    );
    Some(state)
}

/// Removes the object and waits until it is gone; one that is gone already is fine. `guard` says what speaks against it.
pub(crate) async fn destroy<O: RedisObject>(
    diags: &mut Diagnostics,
    session: &Session,
    prior: &O::State,
    guard: impl FnOnce(&mut Diagnostics),
) -> Option<()> {
    let client = &session.redis_enterprise(diags, O::KIND)?.client;
    let uid = uid_of::<O>(diags, prior)?;
    let name = O::id_and_name(prior).1.as_deref().unwrap_or("?");
    let working = session.run.objects.working();
    let turn = session.run.objects.turn(&working, keys::id::<O>(uid)).await;
    let what = format!("{} \"{}\" (uid {uid})", O::NOUN, shown(name));
    if turn.release(diags, &what) == Release::Keep {
        return Some(());
    }
    guard(diags);
    if !diags.errors.is_empty() {
        return None;
    }
    match remove::<O>(client, uid, O::removal_timeout(prior)).await {
        Ok(true) => {
            turn.removed();
            Some(())
        }
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
    if differing.is_empty() {
        error(
            diags,
            AttributePath::new(shared),
            format!("The {} exists already", O::NOUN),
            format!(
                "The {} \"{}\" (uid {uid}) belongs to another block, which has not given it up in this run. If it is to be \
                 changed, apply again; if both blocks are to be the same {}, keep one of them.",
                O::NOUN,
                shown(there.name()),
                O::NOUN
            ),
        );
        return;
    }
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
