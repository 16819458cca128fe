//! Reading, registering, changing and removing an entry.

use std::collections::BTreeMap;

use certward::pki::{Certificate, Thumbprint};
use certward::ravendb::Client;
use tf_provider::value::Value;
use tf_provider::{AttributePath, Diagnostics};

use super::database_permissions::{self, Permissions};
use super::state::ClientCertificateState;
use super::{KIND, certificate_pem, plan};
use crate::failure;
use crate::registration::{self, Grant, Registered};
use crate::report::{error, warning};
use crate::session::Session;
use crate::timestamp;

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
    if registered.thumbprint != thumbprint {
        warning(
            diags,
            AttributePath::root(),
            "Certificate became part of a collection",
            collection_detail(thumbprint, &registered),
        );
    }
    take_over(&mut state, &registered.grant);
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

/// Registers a planned entry, or takes over one that is equal already.
pub(crate) async fn create(
    diags: &mut Diagnostics,
    session: &Session,
    planned: ClientCertificateState,
) -> Option<ClientCertificateState> {
    let client = session.ravendb(diags, KIND)?;
    session.warn_of_server_login(diags, client).await;
    let (certificate, state) = described(diags, planned)?;
    let thumbprint = certificate.thumbprint();
    let grant = grant(&state);
    if let Some(registered) = find(diags, client, thumbprint).await? {
        if registered.thumbprint == thumbprint && differences(&grant, &registered.grant).is_empty() {
            tracing::info!(%thumbprint, "the certificate is registered already, with the same rights; taking it over");
            session.leftovers.note(thumbprint);
            return Some(state);
        }
        refuse_registered(diags, thumbprint, &grant, &registered);
        return None;
    }
    session.leftovers.note(thumbprint);
    if let Err(problem) = registration::register(client, &certificate, &grant).await {
        failure::ravendb(diags, &format!("register \"{}\" ({thumbprint})", grant.name), &problem);
        // After an answer of the cluster nothing was stored; after a lost one the next creation finds what was.
        return None;
    }
    // RavenDB stores every new entry enabled (observed record 920), so disabling takes a second step.
    if grant.disabled
        && let Err(problem) = registration::edit(client, thumbprint, &grant).await
    {
        failure::ravendb(diags, &format!("disable \"{}\" ({thumbprint})", grant.name), &problem);
        return Some(ClientCertificateState {
            disabled: Value::Value(false),
            ..state
        });
    }
    confirm(diags, client, thumbprint, &grant, state).await
}

/// Changes what the user may change, leaving alone what only RavenDB's administrators may have set.
pub(crate) async fn update(
    diags: &mut Diagnostics,
    session: &Session,
    prior: ClientCertificateState,
    planned: ClientCertificateState,
) -> Option<ClientCertificateState> {
    let before = grant(&prior);
    let after = grant(&planned);
    if differences(&after, &before).is_empty() {
        // Only what Terraform alone knows has changed.
        return Some(planned);
    }
    let client = session.ravendb(diags, KIND)?;
    let thumbprint = thumbprint(diags, &prior)?;
    match find(diags, client, thumbprint).await? {
        Some(registered) if registered.thumbprint == thumbprint => {}
        Some(registered) => {
            error(
                diags,
                AttributePath::root(),
                "Part of a collection",
                collection_detail(thumbprint, &registered),
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
        failure::ravendb(diags, &format!("change \"{}\" ({thumbprint})", before.name), &problem);
        return None;
    }
    confirm(diags, client, thumbprint, &after, planned).await
}

/// Removes the entry; one that is gone already is fine.
pub(crate) async fn destroy(diags: &mut Diagnostics, session: &Session, prior: &ClientCertificateState) -> Option<()> {
    plan::guard_removal(diags, prior, session.own_thumbprint(), AttributePath::root());
    if !diags.errors.is_empty() {
        return None;
    }
    let client = session.ravendb(diags, KIND)?;
    let thumbprint = thumbprint(diags, prior)?;
    let name = prior.name.as_deref().unwrap_or("?");
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
    session.leftovers.note(thumbprint);
    warn_of_same_key(diags, session, client, prior).await;
    Some(())
}

/// Fills in what the cluster says. Names of databases keep the spelling they had.
pub(crate) fn take_over(state: &mut ClientCertificateState, registered: &Grant) {
    let permissions = registered
        .database_permissions
        .iter()
        .map(|(database, access)| (database.clone(), Value::Value(access.clone())))
        .collect::<Permissions>();
    let spelling = state
        .database_permissions
        .as_ref()
        .unwrap_or(const { &BTreeMap::new() });
    let permissions = database_permissions::respelled(permissions, spelling);
    state.name = Value::Value(registered.name.clone());
    state.security_clearance = Value::Value(registered.security_clearance.clone());
    state.database_permissions = Value::Value(permissions);
    state.disabled = Value::Value(registered.disabled);
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

/// Why a thumbprint that is part of a collection is nothing to manage.
pub(crate) fn collection_detail(thumbprint: Thumbprint, primary: &Registered) -> String {
    format!(
        "{thumbprint} was registered together with others, as a collection whose primary certificate is \"{}\" ({}). \
         RavenDB changes and removes a collection as a whole. Manage the primary certificate instead, or delete the \
         collection in the Studio and register its certificates one by one.",
        primary.grant.name, primary.thumbprint
    )
}

/// Reads back what was written and compares: RavenDB ignores what it does not know (observed records 138 and 241).
async fn confirm(
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
    let differing = differences(wanted, &registered.grant);
    for attribute in &differing {
        error(
            diags,
            AttributePath::new(*attribute),
            "Value not applied",
            format!(
                "The cluster accepted the request for \"{}\" ({thumbprint}) but reports another {attribute}: {}. An \
                 older RavenDB than 7.2 ignores what it does not know; else report this with the log of \
                 TF_LOG_PROVIDER=DEBUG.",
                wanted.name,
                shown(attribute, &registered.grant)
            ),
        );
    }
    if !differing.is_empty() {
        take_over(&mut state, &registered.grant);
    }
    Some(state)
}

/// The plan with everything filled in that follows from the certificate.
fn described(
    diags: &mut Diagnostics,
    planned: ClientCertificateState,
) -> Option<(Certificate, ClientCertificateState)> {
    let mut state = planned;
    let text = state.certificate_pem.as_deref().unwrap_or_default();
    match certificate_pem::parse(text) {
        Ok(certificate) => {
            diags.errors.extend(certificate_pem::check(&certificate));
            state.describe(&certificate);
            diags.errors.is_empty().then_some((certificate, state))
        }
        Err(finding) => {
            diags.add_error(finding);
            None
        }
    }
}

fn refuse_registered(diags: &mut Diagnostics, thumbprint: Thumbprint, wanted: &Grant, registered: &Registered) {
    if registered.thumbprint != thumbprint {
        error(
            diags,
            certificate_pem::path(),
            "Certificate already registered",
            collection_detail(thumbprint, registered),
        );
        return;
    }
    let differing: Vec<String> = differences(wanted, &registered.grant)
        .into_iter()
        .map(|attribute| {
            let (theirs, ours) = (shown(attribute, &registered.grant), shown(attribute, wanted));
            format!("{attribute} is {theirs} there and {ours} here")
        })
        .collect();
    error(
        diags,
        certificate_pem::path(),
        "Certificate already registered",
        format!(
            "{thumbprint} is registered as \"{}\" ({}): {}. Registering it again would overwrite that without a word. \
             To take the entry over, import it under the address that Terraform shows with this error, which the \
             provider is not told, and the next plan shows what changes:\n\n\
             import {{\n  to = certward_client_certificate.ADDRESS\n  id = \"{thumbprint}\"\n}}",
            registered.grant.name,
            registered.grant.security_clearance,
            differing.join("; "),
        ),
    );
}

/// Other certificates of the same key still let its holder in.
async fn warn_of_same_key(
    diags: &mut Diagnostics,
    session: &Session,
    client: &Client,
    removed: &ClientCertificateState,
) {
    let Some(pin) = removed
        .public_key_pin
        .as_deref()
        .as_option()
        .and_then(|pin| pin.parse().ok())
    else {
        return;
    };
    let list = async || registration::list_metadata(client).await;
    match session.leftovers.of(pin, list).await {
        Ok(others) if others.is_empty() => {}
        Ok(others) => warning(
            diags,
            AttributePath::root(),
            "The key can still log in",
            format!(
                "Removed \"{}\", but the cluster has other certificates of the same key: {}. Whoever holds the key logs \
                 in with those. Remove them too, unless this run does.",
                removed.name.as_deref().unwrap_or("?"),
                others.join(", ")
            ),
        ),
        Err(problem) => tracing::warn!(
            error = %problem.report(),
            "could not look for other certificates of the removed one's key"
        ),
    }
}

fn grant(state: &ClientCertificateState) -> Grant {
    let permissions = state.database_permissions.as_ref().as_option();
    Grant {
        name: state.name.clone().unwrap_or_default(),
        security_clearance: state.security_clearance.clone().unwrap_or_default(),
        database_permissions: permissions
            .into_iter()
            .flatten()
            .filter_map(|(database, access)| Some((database.clone(), access.clone().as_option()?)))
            .collect(),
        disabled: state.disabled.unwrap_or_default(),
    }
}

/// The attributes in which two grants differ.
fn differences(one: &Grant, other: &Grant) -> Vec<&'static str> {
    let valued = |grant: &Grant| -> Permissions {
        let entries = grant.database_permissions.iter();
        entries
            .map(|(name, access)| (name.clone(), Value::Value(access.clone())))
            .collect()
    };
    [
        ("name", one.name == other.name),
        ("security_clearance", one.security_clearance == other.security_clearance),
        (
            "database_permissions",
            database_permissions::same(&valued(one), &valued(other)),
        ),
        ("disabled", one.disabled == other.disabled),
    ]
    .into_iter()
    .filter_map(|(attribute, same)| (!same).then_some(attribute))
    .collect()
}

fn shown(attribute: &str, grant: &Grant) -> String {
    match attribute {
        "name" => format!("{:?}", grant.name),
        "security_clearance" => format!("{:?}", grant.security_clearance),
        "disabled" => grant.disabled.to_string(),
        _ if grant.database_permissions.is_empty() => "{}".to_owned(),
        _ => {
            let entries = grant.database_permissions.iter();
            let entries: Vec<String> = entries.map(|(name, access)| format!("{name:?} = {access:?}")).collect();
            format!("{{ {} }}", entries.join(", "))
        }
    }
}

fn thumbprint(diags: &mut Diagnostics, state: &ClientCertificateState) -> Option<Thumbprint> {
    let thumbprint = state
        .thumbprint
        .as_deref()
        .as_option()
        .and_then(|text| text.parse().ok());
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
