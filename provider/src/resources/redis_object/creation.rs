//! Making an object, or taking over what is there of it.

use certward::Error;
use certward::redis_enterprise::{Client, ErrorCode};
use tf_provider::{AttributePath, Diagnostics};

use super::lifecycle::{confirmed, wanted};
use super::{Definition, RedisObject, Run, Step, keys};
use crate::report::failure;
use crate::report::{error, shown};
use crate::resources::compared::{Attribute, Compared};
use crate::session::Session;

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

/// True if another object has the name, or another value that must be unique.
pub(super) fn is_taken(problem: &Error) -> bool {
    problem.is_conflict() || problem.redis_enterprise_code() == Some(ErrorCode::PortUnavailable)
}

/// True if the object has the wanted definition, except for values that no response contains.
pub(super) fn equal<O: RedisObject>(wanted: &O::Definition, object: &O::Object, planned: &O::State) -> bool {
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
        .unwrap_or(O::Definition::NAME);
    if differing.is_empty() {
        error(
            diags,
            shared.path(),
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
        .into_iter()
        .map(|attribute| {
            let (theirs, ours) = (there.shown(attribute), wanted.shown(attribute));
            let name = attribute.name();
            format!("{name} is {} there and {} here", shown(&theirs), shown(&ours))
        })
        .collect();
    error(
        diags,
        shared.path(),
        format!("The {} exists already", O::NOUN),
        format!(
            "The cluster has a {} \"{}\" (uid {uid}) with this {}: {}. To take it over, import it under the \
             address that Terraform shows with this error, which the provider is not told, and the next plan shows what \
             changes:\n\n\
             import {{\n  to = {}.ADDRESS\n  id = \"{uid}\"\n}}",
            O::NOUN,
            shown(there.name()),
            shared.name(),
            differing.join("; "),
            O::KIND.type_name,
        ),
    );
}
