//! Warns, while a change is planned, of the connections and rights that it would end.
//!
//! Only Certward's server can tell. A question without an answer is no reason to refuse a plan, or to hold it up: there is
//! no warning then, and a server that does not know the question is asked once in a run.

mod warning;

use std::future::ready;

use certward::effects::{AffectedKind, RemovalEffect};
use certward::pki::Thumbprint;
use certward::redis_enterprise::Removal;
use futures_util::StreamExt;
use futures_util::stream;
use tf_provider::Diagnostics;

#[cfg(test)]
pub(crate) use warning::of as warning_of;
pub(crate) use warning::{Act, Loss, named};

use crate::run::interruption::{Ended, until_stopped};
use crate::session::Session;

/// Warns of what a planned change would end on the Redis Enterprise cluster, by way of these removals.
pub(crate) async fn warn_redis_enterprise(
    diags: &mut Diagnostics,
    session: &Session,
    loss: Loss,
    removals: &[Removal],
) {
    let Some(redis) = session.redis_enterprise.configured() else {
        return;
    };
    // The plan fails anyway, or the cluster could not be reached a moment ago.
    if !diags.errors.is_empty() || session.trials.are_over() {
        return;
    }
    let witness = &session.effects.redis_enterprise;
    let mut questions = Vec::with_capacity(removals.len());
    for removal in removals {
        questions.push(witness.ask(|| redis.client.removal_effect(removal)));
    }
    let gone: Vec<_> = removals.iter().filter_map(identity_of).collect();
    warn(diags, loss, questions, &gone).await;
}

/// The identity that a removal removes.
fn identity_of(removal: &Removal) -> Option<(AffectedKind, String)> {
    match removal {
        Removal::User(uid) => Some((AffectedKind::User, uid.to_string())),
        _ => None,
    }
}

/// Warns of what the removal of a registered certificate would end on RavenDB.
pub(crate) async fn warn_ravendb(diags: &mut Diagnostics, session: &Session, loss: Loss, thumbprint: Thumbprint) {
    let Some(client) = session.ravendb.configured() else {
        return;
    };
    if !diags.errors.is_empty() {
        return;
    }
    let question = session.effects.ravendb.ask(|| client.removal_effect(&thumbprint));
    let gone = [(AffectedKind::Certificate, thumbprint.to_string())];
    warn(diags, loss, vec![question], &gone).await;
}

/// That the identities `gone` lose their access is what the plan says anyway.
async fn warn<Q>(diags: &mut Diagnostics, loss: Loss, questions: Vec<Q>, gone: &[(AffectedKind, String)])
where
    Q: Future<Output = Option<RemovalEffect>>,
{
    let answers = stream::iter(questions).buffered(QUESTIONS_AT_ONCE);
    let sum = answers.fold(None, |sum: Option<RemovalEffect>, answer| {
        ready(match (sum, answer) {
            (Some(sum), Some(answer)) => Some(both(sum, answer)),
            (sum, answer) => sum.or(answer),
        })
    });
    if let Ended::Done(Some(effect)) = until_stopped(sum).await
        && let effect = without(effect, gone)
        && !effect.is_empty()
    {
        diags.add_warning(warning::of(loss, &effect));
    }
}

fn without(mut effect: RemovalEffect, gone: &[(AffectedKind, String)]) -> RemovalEffect {
    let listed = effect.identities.len();
    effect.identities.retain(|identity| {
        !gone
            .iter()
            .any(|(kind, id)| identity.kind == *kind && identity.id == *id)
    });
    let left_out = listed.saturating_sub(effect.identities.len());
    effect.identities_total = effect.identities_total.saturating_sub(left_out as u64);
    effect
}

/// The combined effect of two removals. An effect of both counts once, as far as the responses list it.
fn both(one: RemovalEffect, other: RemovalEffect) -> RemovalEffect {
    let mut sum = one;
    sum.connections_total = sum.connections_total.saturating_add(other.connections_total);
    sum.identities_total = sum.identities_total.saturating_add(other.identities_total);
    for connection in other.connections {
        if sum.connections.contains(&connection) {
            sum.connections_total = sum.connections_total.saturating_sub(1);
        } else if sum.connections.len() < MOST_KEPT {
            sum.connections.push(connection);
        }
    }
    for identity in other.identities {
        let mut known = sum.identities.iter_mut();
        if let Some(known) = known.find(|known| known.kind == identity.kind && known.id == identity.id) {
            sum.identities_total = sum.identities_total.saturating_sub(1);
            known.api |= identity.api;
            for database in identity.databases {
                if !known.databases.contains(&database) {
                    known.databases.push(database);
                }
            }
        } else if sum.identities.len() < MOST_KEPT {
            sum.identities.push(identity);
        }
    }
    sum
}

/// For one resource; the client keeps the limit of the provider block (`max_concurrent_requests`) for all together.
const QUESTIONS_AT_ONCE: usize = 8;
/// As many as one answer has.
const MOST_KEPT: usize = 1_000;

#[cfg(test)]
#[path = "effects_tests.rs"]
mod tests;
