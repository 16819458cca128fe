//! Registering an entry, or taking over what is there of it.

use certward::pki::{Certificate, Thumbprint};
use certward::ravendb::Client;
use tf_provider::Diagnostics;
use tf_provider::value::Value;

use super::lifecycle::{confirm, find, key};
use super::model::{ClientCertificateState, Grant, GrantAttribute};
use super::registration::{self, Registered};
use super::same_key::{Loss, warn_of_same_key};
use super::{KIND, certificate_pem, collection};
use crate::report::error;
use crate::report::failure;
use crate::resources::compared::{Attribute, Compared};
use crate::run::interruption::until_stopped;
use crate::run::{Turn, Working};
use crate::session::Session;

/// Registers a planned entry, or takes over one that is equal already.
///
/// An interruption ends it only where the next run finds what this one reached. Between the registration of an entry that
/// is to be disabled, which is enabled at first, and its disabling there is no such place.
pub(crate) async fn create(
    diags: &mut Diagnostics,
    session: &Session,
    planned: ClientCertificateState,
) -> Option<ClientCertificateState> {
    let client = session.ravendb(diags, KIND)?;
    let (certificate, state) = described(diags, planned)?;
    let grant = Grant::of_state(&state);
    let working = session.run.objects.working();
    let wanted = Wanted {
        session,
        client,
        certificate: &certificate,
        grant: &grant,
    };
    let (turn, found) = until_stopped(wanted.look(diags, &working))
        .await
        .or_interrupted(diags)?;
    let made = wanted.make(diags, &turn, found, state);
    if grant.disabled {
        made.await
    } else {
        until_stopped(made).await.or_interrupted(diags)
    }
}

/// An entry that is to be.
struct Wanted<'a> {
    session: &'a Session,
    client: &'a Client,
    certificate: &'a Certificate,
    grant: &'a Grant,
}

/// The part of a planned entry that already exists.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Found {
    Nothing,
    /// It is as wanted.
    Equal,
    /// It is as wanted, but enabled: a run was cut off between the two steps.
    Enabled,
}

impl<'a> Wanted<'a> {
    /// Looks for the entry, and waits for this run to remove another one of this certificate.
    async fn look(&self, diags: &mut Diagnostics, working: &Working<'a>) -> Option<(Turn<'a>, Found)> {
        let thumbprint = self.certificate.thumbprint();
        self.session.warn_of_server_login(diags, self.client).await;
        let objects = &self.session.run.objects;
        loop {
            let changes = objects.changes();
            let turn = objects.turn(working, key(thumbprint)).await;
            let Some(registered) = find(diags, self.client, thumbprint).await? else {
                return Some((turn, Found::Nothing));
            };
            if let Some(found) = self.compare(&registered) {
                let what = format!("\"{}\" ({thumbprint})", registered.grant.name);
                turn.adopt(diags, &what, certificate_pem::path())?;
                return Some((turn, found));
            }
            drop(turn);
            if !objects.another_change(working, changes).await {
                refuse_registered(diags, thumbprint, self.grant, &registered);
                return None;
            }
        }
    }

    /// `None` when another entry is there than the wanted one.
    fn compare(&self, registered: &Registered) -> Option<Found> {
        if registered.thumbprint != self.certificate.thumbprint() {
            return None;
        }
        match self.grant.differences(&registered.grant).as_slice() {
            [] => Some(Found::Equal),
            [GrantAttribute::Disabled] if self.grant.disabled => Some(Found::Enabled),
            _ => None,
        }
    }

    /// Does what is missing.
    async fn make(
        &self,
        diags: &mut Diagnostics,
        turn: &Turn<'_>,
        mut found: Found,
        state: ClientCertificateState,
    ) -> Option<ClientCertificateState> {
        let thumbprint = self.certificate.thumbprint();
        self.session.leftovers.note(thumbprint);
        let was_there = found != Found::Nothing;
        if !was_there {
            found = self.register(diags).await?;
            turn.hold();
        }
        // RavenDB stores every new entry enabled (observed record 920), so disabling takes a second step.
        if found == Found::Enabled
            && let Err(problem) = registration::edit(self.client, thumbprint, self.grant).await
            && !self.is_there(&problem, Found::Equal).await
        {
            let attempt = format!("disable \"{}\" ({thumbprint})", self.grant.name);
            failure::ravendb(diags, &attempt, &problem);
            if registration::delete(self.client, thumbprint).await.is_ok() {
                turn.removed();
                return None;
            }
            // Tainted, it is removed by the next run.
            return Some(ClientCertificateState {
                disabled: Value::Value(false),
                deletion_protection: Value::Value(false),
                ..state
            });
        }
        let state = if was_there && found == Found::Equal {
            state
        } else {
            confirm(diags, self.client, thumbprint, self.grant, state).await?
        };
        if self.grant.disabled {
            warn_of_same_key(diags, self.session, self.client, &state, Loss::Disabled).await;
        }
        Some(state)
    }

    /// Registers the certificate. An answer that was lost is looked up.
    async fn register(&self, diags: &mut Diagnostics) -> Option<Found> {
        let fresh = if self.grant.disabled {
            Found::Enabled
        } else {
            Found::Equal
        };
        let Err(problem) = registration::register(self.client, self.certificate, self.grant).await else {
            return Some(fresh);
        };
        if self.is_there(&problem, fresh).await {
            return Some(fresh);
        }
        let attempt = format!("register \"{}\" ({})", self.grant.name, self.certificate.thumbprint());
        failure::ravendb(diags, &attempt, &problem);
        None
    }

    /// Returns `true` when a failed request took effect all the same.
    async fn is_there(&self, problem: &certward::Error, expected: Found) -> bool {
        failure::may_have_been_done(problem)
            && registration::find(self.client, self.certificate.thumbprint())
                .await
                .is_ok_and(|there| there.and_then(|there| self.compare(&there)) == Some(expected))
    }
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
            collection::of_secondary(thumbprint, registered),
        );
        return;
    }
    let differing: Vec<String> = wanted
        .differences(&registered.grant)
        .into_iter()
        .map(|attribute| {
            let (theirs, ours) = (registered.grant.shown(attribute), wanted.shown(attribute));
            format!("{} is {theirs} there and {ours} here", attribute.name())
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

#[cfg(test)]
#[path = "creation_tests.rs"]
mod tests;
