//! Reading, changing and removing.

use std::time::Duration;

use certward::Error;
use certward::redis_enterprise::{Client, ErrorCode};
use tf_provider::{AttributePath, Diagnostics};

use super::creation::{create, equal, is_taken};
use super::{Definition, RedisObject, Run, Step, keys};
use crate::report::failure;
use crate::report::{error, shown, warning};
use crate::resources::compared::{Attribute, Compared};
use crate::run::removal::Pauses;
use crate::run::{Objects, Release, Working};
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
            && let Ok(Some(object)) = look_up::<O>(client, uid).await
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
    let what = format!("{} \"{}\" (uid {uid})", O::NOUN, shown(name));
    let mut guard = Some(guard);
    loop {
        let changes = session.run.objects.changes();
        let turn = session.run.objects.turn(&working, keys::id::<O>(uid)).await;
        if turn.release(diags, &what) == Release::Keep {
            return Some(());
        }
        if let Some(guard) = guard.take() {
            guard(diags);
        }
        if !diags.errors.is_empty() {
            return None;
        }
        let removed = remove::<O>(client, uid, O::removal_timeout(prior)).await;
        if removed.as_ref().is_ok_and(|is_gone| *is_gone) {
            turn.removed();
            return Some(());
        }
        drop(turn);
        match removed {
            Err(problem) if is_in_use(&problem) && change_comes(&session.run.objects, &working, changes).await => {}
            removed => {
                not_removed::<O>(diags, name, uid, removed.err());
                return None;
            }
        }
    }
}

/// True if this run makes a change that matters after all: another block ends the use, or adopts the object. Adoption
/// waits for the removal first, so this waits longer than that.
async fn change_comes(objects: &Objects, working: &Working<'_>, changes: u64) -> bool {
    for _ in 0..4 {
        if objects.another_change(working, changes).await {
            return true;
        }
    }
    false
}

fn is_in_use(problem: &Error) -> bool {
    matches!(
        problem.redis_enterprise_code(),
        Some(ErrorCode::RoleInUse | ErrorCode::RedisAclInUse)
    )
}

fn not_removed<O: RedisObject>(diags: &mut Diagnostics, name: &str, uid: u64, problem: Option<Error>) {
    if let Some(problem) = problem {
        let attempt = format!("remove the {} \"{name}\" (uid {uid})", O::NOUN);
        return failure::redis_enterprise(diags, &attempt, &problem);
    }
    error(
        diags,
        AttributePath::root(),
        "Not removed",
        format!(
            "The cluster accepted the removal of the {} \"{name}\" (uid {uid}) but still lists it. Apply again; if it \
             stays, report it with the log of TF_LOG_PROVIDER=DEBUG.",
            O::NOUN
        ),
    );
}

/// The object of this uid; the outer `None` comes with an error.
pub(super) async fn find<O: RedisObject>(
    diags: &mut Diagnostics,
    client: &Client,
    uid: u64,
) -> Option<Option<O::Object>> {
    match look_up::<O>(client, uid).await {
        Ok(object) => Some(object),
        Err(problem) => {
            let attempt = format!("read the {} with the uid {uid}", O::NOUN);
            failure::redis_enterprise(diags, &attempt, &problem);
            None
        }
    }
}

/// The object of this uid. A 404 that is not the API's own says nothing about the object: then the list of all decides.
async fn look_up<O: RedisObject>(client: &Client, uid: u64) -> Result<Option<O::Object>, Error> {
    match O::find(client, uid).await {
        Err(problem) if problem.is_not_found() => {
            let all = O::list(client).await?;
            Ok(all.into_iter().find(|object| O::uid(object) == uid))
        }
        answer => answer,
    }
}

/// Removes the object and waits; true once it is gone, false if it still exists after `timeout`.
async fn remove<O: RedisObject>(client: &Client, uid: u64, timeout: Duration) -> Result<bool, Error> {
    match O::delete(client, uid).await {
        Err(problem) if problem.is_not_found() && problem.foreign_answer().is_none() => return Ok(true),
        Err(problem) if problem.is_not_found() => {
            return match look_up::<O>(client, uid).await? {
                Some(_) => Err(problem),
                None => Ok(true),
            };
        }
        answer => answer?,
    }
    let mut pauses = Pauses::lasting(timeout);
    while look_up::<O>(client, uid).await?.is_some() {
        if !pauses.wait().await {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Compares the answer with what was asked for: a cluster may ignore what its version does not know.
pub(super) fn confirmed<O: RedisObject>(
    diags: &mut Diagnostics,
    wanted: &O::Definition,
    object: &O::Object,
    planned: O::State,
) -> O::State {
    warn::<O>(diags, object);
    let there = O::of_object_beside(object, &planned);
    let unknown = O::unknown_setting(wanted, object);
    for attribute in wanted.differences(&there) {
        let path = attribute.path();
        if let Some(unknown) = unknown.as_ref().filter(|unknown| unknown.attribute == path) {
            diags.add_error(unknown.clone());
            continue;
        }
        error(
            diags,
            path,
            "Value not applied",
            format!(
                "The cluster accepted the request for the {} \"{}\" (uid {}) but reports another {}: {}. An \
                 older version than 8.2 may ignore what it does not know; else report this with the log of \
                 TF_LOG_PROVIDER=DEBUG.",
                O::NOUN,
                wanted.name(),
                O::uid(object),
                attribute.name(),
                shown(&there.shown(attribute))
            ),
        );
    }
    O::confirm(planned, object)
}

/// The planned definition. Terraform plans again before it applies, when all values are known.
pub(super) fn wanted<O: RedisObject>(diags: &mut Diagnostics, planned: &O::State) -> Option<O::Definition> {
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
pub(crate) mod tests;
