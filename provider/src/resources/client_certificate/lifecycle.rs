//! Reading, registering, changing and removing an entry.

use certward::pki::Thumbprint;
use certward::ravendb::Client;
use tf_provider::value::Value;
use tf_provider::{AttributePath, Diagnostics};

use super::model::{ClientCertificateState, Grant};
use super::registration::{self, Registered};
use super::same_key::{Loss, warn_of_same_key};
use super::{KIND, certificate_pem, collection, plan};
use crate::report::failure;
use crate::report::{error, warning};
use crate::resources::compared::{Attribute, Compared};
use crate::run::{Key, Release};
use crate::session::Session;
use crate::values::timestamp;

/// The entry as it is now. `None` without an error: it is gone.
pub(crate) async fn read(
    diags: &mut Diagnostics,
    session: &Session,
    mut state: ClientCertificateState,
) -> Option<ClientCertificateState> {
    if session.ravendb.is_unknown() {
        return Some(state);
    }
    let client = session.ravendb(diags, KIND)?;
    session.warn_of_server_login(diags, client).await;
    let thumbprint = thumbprint(diags, &state)?;
    let registered = find(diags, client, thumbprint).await?;
    let Some(registered) = registered else {
        tracing::info!(%thumbprint, "the certificate is no longer registered");
        return None;
    };
    if !session.run.plans.note_read(diags, &key(thumbprint)) {
        return None;
    }
    if registered.thumbprint != thumbprint {
        warning(
            diags,
            AttributePath::root(),
            "Certificate became part of a collection",
            collection::of_secondary(thumbprint, &registered),
        );
    }
    session.collections.note(registered.thumbprint, &registered.secondaries);
    if let Some(detail) = collection::warning(&registered) {
        warning(diags, AttributePath::root(), "Primary of a collection", detail);
    }
    if let Some(detail) = registered.single_sign_on_warning() {
        warning(diags, AttributePath::root(), "Entry of single sign-on", detail);
    }
    state.take_over(&registered.grant);
    // Texts of one form and one time zone sort as their times do; reading the certificate again would cost more.
    if let Value::Value(not_after) = &state.not_after
        && *not_after < timestamp::format(session.clock.now())
    {
        warning(
            diags,
            certificate_pem::path(),
            "Registered certificate has expired",
            format!(
                "\"{}\" ({thumbprint}) ended on {}, and RavenDB refuses its logins. Renew it where it comes from, or \
                 remove the entry.",
                registered.grant.name,
                state.not_after.as_deref().unwrap_or("?")
            ),
        );
    }
    Some(state)
}

/// Changes what the user may change, leaving alone what only RavenDB's administrators may have set.
pub(crate) async fn update(
    diags: &mut Diagnostics,
    session: &Session,
    prior: ClientCertificateState,
    planned: ClientCertificateState,
) -> Option<ClientCertificateState> {
    let (before, after) = (Grant::of_state(&prior), Grant::of_state(&planned));
    let thumbprint = thumbprint(diags, &prior)?;
    let working = session.run.objects.working();
    let turn = session.run.objects.turn(&working, key(thumbprint)).await;
    if after.differences(&before).is_empty() {
        // Only what Terraform alone knows has changed.
        turn.hold();
        return Some(planned);
    }
    let client = session.ravendb(diags, KIND)?;
    match find(diags, client, thumbprint).await? {
        Some(registered) if registered.thumbprint == thumbprint => {
            if let Some(detail) = collection::refusal_to_edit(&registered) {
                error(diags, AttributePath::root(), "Collection cannot be edited", detail);
                return None;
            }
            if let Some(detail) = registered.single_sign_on_refusal() {
                error(diags, AttributePath::root(), "Entry of single sign-on", detail);
                return None;
            }
        }
        Some(registered) => {
            error(
                diags,
                AttributePath::root(),
                "Part of a collection",
                collection::of_secondary(thumbprint, &registered),
            );
            return None;
        }
        None => {
            error(
                diags,
                AttributePath::root(),
                "Certificate is no longer registered",
                format!(
                    "\"{}\" ({thumbprint}) was removed from the cluster after this plan was made. Plan again; it will \
                     be registered anew.",
                    before.name
                ),
            );
            return None;
        }
    }
    if let Err(problem) = registration::edit(client, thumbprint, &after).await {
        // An answer that was lost is looked up.
        let there = match failure::may_have_been_done(&problem) {
            true => registration::find(client, thumbprint).await.unwrap_or_default(),
            false => None,
        };
        if there.is_none_or(|there| !after.differences(&there.grant).is_empty()) {
            failure::ravendb(diags, &format!("change \"{}\" ({thumbprint})", before.name), &problem);
            return None;
        }
    }
    turn.hold();
    let state = confirm(diags, client, thumbprint, &after, planned).await?;
    if after.disabled && !before.disabled {
        warn_of_same_key(diags, session, client, &prior, Loss::Disabled).await;
    } else if after.takes_rights_from(&before) {
        warn_of_same_key(diags, session, client, &prior, Loss::Rights).await;
    }
    Some(state)
}

/// Removes the entry; one that is gone already is fine.
pub(crate) async fn destroy(diags: &mut Diagnostics, session: &Session, prior: &ClientCertificateState) -> Option<()> {
    let client = session.ravendb(diags, KIND)?;
    let thumbprint = thumbprint(diags, prior)?;
    let name = prior.name.as_deref().unwrap_or("?");
    let working = session.run.objects.working();
    let turn = session.run.objects.turn(&working, key(thumbprint)).await;
    if turn.release(diags, &format!("\"{name}\" ({thumbprint})")) == Release::Keep {
        return Some(());
    }
    plan::guard_removal(diags, prior, session.own_thumbprint(), AttributePath::root());
    if !diags.errors.is_empty() {
        return None;
    }
    if let Err(problem) = registration::delete(client, thumbprint).await {
        failure::ravendb(diags, &format!("remove \"{name}\" ({thumbprint})"), &problem);
        return None;
    }
    if let Some(registered) = find(diags, client, thumbprint).await? {
        error(
            diags,
            AttributePath::root(),
            "Not removed",
            format!(
                "The cluster accepted the removal of \"{name}\" ({thumbprint}) but still lists \"{}\" ({}). Apply \
                 again; if it stays, report it with the log of TF_LOG_PROVIDER=DEBUG.",
                registered.grant.name, registered.thumbprint
            ),
        );
        return None;
    }
    turn.removed();
    session.leftovers.note(thumbprint);
    warn_of_same_key(diags, session, client, prior, Loss::Removed).await;
    Some(())
}

/// Returns `true` when a plan changes anything on the cluster.
pub(crate) fn is_edit(prior: &ClientCertificateState, planned: &ClientCertificateState) -> bool {
    !Grant::of_state(planned).differences(&Grant::of_state(prior)).is_empty()
}

/// The key of the entry in the table of the run.
pub(crate) fn key(thumbprint: Thumbprint) -> Key {
    Key::new(KIND.type_name, "thumbprint", thumbprint.to_string())
}

/// The entry under this thumbprint; the outer `None` comes with an error.
pub(crate) async fn find(
    diags: &mut Diagnostics,
    client: &Client,
    thumbprint: Thumbprint,
) -> Option<Option<Registered>> {
    match registration::find(client, thumbprint).await {
        Ok(registered) => Some(registered),
        Err(problem) => {
            failure::ravendb(diags, &format!("read the certificate {thumbprint}"), &problem);
            None
        }
    }
}

/// Reads back what was written and compares: RavenDB ignores what it does not know (observed records 138 and 241).
pub(super) async fn confirm(
    diags: &mut Diagnostics,
    client: &Client,
    thumbprint: Thumbprint,
    wanted: &Grant,
    mut state: ClientCertificateState,
) -> Option<ClientCertificateState> {
    let registered = match find(diags, client, thumbprint).await {
        Some(Some(registered)) => registered,
        Some(None) => {
            error(
                diags,
                AttributePath::root(),
                "Not registered",
                format!(
                    "The cluster accepted \"{}\" ({thumbprint}) but does not list it. Apply again; if it stays, report \
                     it with the log of TF_LOG_PROVIDER=DEBUG.",
                    wanted.name
                ),
            );
            return None;
        }
        // Written, but not read back: it is there, so it belongs into the state.
        None => return Some(state),
    };
    let differing = wanted.differences(&registered.grant);
    for attribute in &differing {
        error(
            diags,
            attribute.path(),
            "Value not applied",
            format!(
                "The cluster accepted the request for \"{}\" ({thumbprint}) but reports another {}: {}. An \
                 older RavenDB than 7.2 ignores what it does not know; else report this with the log of \
                 TF_LOG_PROVIDER=DEBUG.",
                wanted.name,
                attribute.name(),
                registered.grant.shown(*attribute)
            ),
        );
    }
    if !differing.is_empty() {
        state.take_over(&registered.grant);
    }
    Some(state)
}

fn thumbprint(diags: &mut Diagnostics, state: &ClientCertificateState) -> Option<Thumbprint> {
    let thumbprint = state.thumbprint();
    if thumbprint.is_none() {
        error(
            diags,
            AttributePath::new("thumbprint"),
            "State without a thumbprint",
            "The state of this resource has no usable thumbprint. Remove it from the state (terraform state rm) and \
             import it again.",
        );
    }
    thumbprint
}

#[cfg(test)]
#[path = "lifecycle_tests.rs"]
mod tests;
