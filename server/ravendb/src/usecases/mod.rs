//! The use cases: the operations on certificates, for every dialect.
//!
//! Each change is checked, recorded and published atomically, and completes even if the caller disconnects. It is on
//! disk before the response is sent.

mod collection;
mod delete;
mod edit;
mod error;
mod generate;
mod lineage;
mod register;
mod renew;
pub mod replacement;

use std::collections::HashSet;
use std::sync::Arc;

use certward_pki::{Certificate, Thumbprint};
use tokio::sync::{Mutex, MutexGuard};

pub use edit::{EditRequest, TwoFactorChange};
pub use error::{Attempt, Error};
pub use generate::GenerateRequest;
pub use register::RegisterRequest;

use crate::access::authn::{Authenticator, Caller};
use crate::access::authz::Permit;
use crate::access::authz::action::{Action, ListCertificates};
use crate::model::clearance::{Level, SecurityClearance};
use crate::model::definition::RegisteredCertificate;
use crate::model::registry::{Change, Registry};
use crate::rows::{self, AnsweredRequest};
use certward_certificates::certificate::key_fitness;
use certward_certificates::issuer::Issuer;
use certward_certificates::server_certificate::ServerCertificates;
use certward_store::audit::{Actor, Audit, AuditRecord, Outcome};
use certward_store::{Store, StoreError};
use certward_system::clock::Clock;

/// The authority over the registered certificates.
#[derive(Debug)]
pub struct Authority {
    shared: Arc<Shared>,
}

/// Dependencies of an [`Authority`].
#[derive(Debug)]
pub struct AuthorityParts {
    /// The store that changes are committed to.
    pub store: Store,
    /// The in-memory copy of the store on which requests are decided.
    pub registry: Arc<Registry>,
    /// Identifies the caller again at the moment of a change.
    pub authenticator: Arc<Authenticator>,
    /// Generates keys and certificates.
    pub issuer: Issuer,
    /// The certificate that signs.
    pub server_certificates: Arc<ServerCertificates>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Records refusals.
    pub audit: Audit,
}

#[derive(Debug)]
struct Shared {
    parts: AuthorityParts,
    /// Locked from the checks of a change until the registry contains it.
    writer: Mutex<()>,
}

/// A change that has passed all checks.
struct Plan<T> {
    changes: Vec<Change>,
    /// The description of the change in the audit record.
    detail: String,
    outcome: T,
}

/// A request for a change: the head of its audit record, and the level that it requires.
#[derive(Debug, Clone)]
pub struct Asked {
    actor: Actor,
    /// None if the server acts by itself.
    caller: Option<Arc<Caller>>,
    action: &'static str,
    target: String,
    required: Level,
}

impl Authority {
    /// Assembles the authority. `registry` holds the content of `store`.
    #[must_use]
    pub fn new(parts: AuthorityParts) -> Self {
        Self {
            shared: Arc::new(Shared {
                parts,
                writer: Mutex::new(()),
            }),
        }
    }

    /// The in-memory copy of the store.
    #[must_use]
    pub fn registry(&self) -> &Arc<Registry> {
        &self.shared.parts.registry
    }

    /// The store, for readiness checks.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.shared.parts.store
    }

    /// The number of keys for client certificates that are ready to use, for metrics.
    #[must_use]
    pub fn ready_keys(&self) -> usize {
        self.shared.parts.issuer.ready_keys()
    }

    /// The entry with this thumbprint.
    #[must_use]
    pub fn find(
        &self,
        _permit: &Permit<ListCertificates>,
        thumbprint: &Thumbprint,
    ) -> Option<Arc<RegisteredCertificate>> {
        self.registry().get(thumbprint)
    }

    /// Returns up to `count` entries after skipping `start`, by ascending thumbprint.
    #[must_use]
    pub fn list(
        &self,
        _permit: &Permit<ListCertificates>,
        start: usize,
        count: usize,
    ) -> Vec<Arc<RegisteredCertificate>> {
        self.registry().page(start, count)
    }

    /// Checks the requester's rights again, at this moment: for immediate actions. A refusal is recorded.
    ///
    /// # Errors
    ///
    /// [`Error::CallerLostRights`].
    pub fn look_again(&self, asked: &Asked) -> Result<(), Error> {
        let now = self.shared.clearance_now(asked).map(drop);
        now.inspect_err(|error| self.shared.refused(asked, error))
    }

    /// Like [`Self::look_again`], for longer actions: no registered certificate changes while the guard is held.
    ///
    /// # Errors
    ///
    /// [`Error::CallerLostRights`]; [`Error::Store`] while the outcome of the last change is unknown.
    pub async fn hold(&self, asked: &Asked) -> Result<MutexGuard<'_, ()>, Error> {
        let parts = &self.shared.parts;
        let writer = parts.store.turn(&self.shared.writer).await.map_err(Error::Store)?;
        self.look_again(asked)?;
        Ok(writer)
    }

    /// Decides with `plan`, then records and publishes the planned changes. `plan` gets the caller's current clearance.
    async fn change<T, F>(&self, asked: Asked, answered: Option<AnsweredRequest>, plan: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: FnOnce(&AuthorityParts, SecurityClearance) -> Result<Plan<T>, Error> + Send + 'static,
    {
        let shared = Arc::clone(&self.shared);
        // A task of its own: a caller that hangs up between commit and visibility must not leave them apart.
        let step = tokio::spawn(async move {
            let outcome = shared.decide(&asked, answered, plan).await;
            if let Err(error) = &outcome {
                shared.refused(&asked, error);
            }
            outcome
        });
        let store = &self.shared.parts.store;
        store.outcome_of(step).await.map_err(Error::Store).flatten()
    }
}

impl Shared {
    async fn decide<T, F>(&self, asked: &Asked, answered: Option<AnsweredRequest>, plan: F) -> Result<T, Error>
    where
        F: FnOnce(&AuthorityParts, SecurityClearance) -> Result<Plan<T>, Error>,
    {
        let parts = &self.parts;
        let _writer = parts.store.turn(&self.writer).await.map_err(Error::Store)?;
        let clearance = self.clearance_now(asked)?;
        if let Some(answered) = &answered {
            self.refuse_repeated(&answered.request_id).await?;
        }
        let Plan {
            changes,
            detail,
            outcome,
        } = plan(parts, clearance)?;
        if changes.is_empty() {
            return Ok(outcome);
        }
        let record = AuditRecord {
            at: parts.clock.now(),
            actor: asked.actor.clone(),
            action: asked.action.into(),
            target: asked.target.clone(),
            outcome: Outcome::Done(detail.into()),
            occurrences: 1,
        };
        rows::commit(&parts.store, &changes, answered.as_ref(), &[record])
            .await
            .map_err(Error::Store)?;
        parts.registry.apply(&changes);
        parts.audit.committed();
        Ok(outcome)
    }

    /// The caller's current clearance: the one at its admission may have been withdrawn while its request was read, or
    /// while it waited.
    fn clearance_now(&self, asked: &Asked) -> Result<SecurityClearance, Error> {
        let Some(caller) = &asked.caller else {
            return Ok(SecurityClearance::ClusterAdmin);
        };
        let present = self.parts.authenticator.look_again_at(caller);
        present
            .filter(|present| present.level() >= asked.required)
            .map(|present| present.clearance())
            .ok_or(Error::CallerLostRights)
    }

    async fn refuse_repeated(&self, request_id: &str) -> Result<(), Error> {
        match rows::answered(&self.parts.store, request_id)
            .await
            .map_err(Error::Store)?
        {
            Some(thumbprint) => Err(Error::RepeatedRequest {
                request_id: request_id.to_owned(),
                thumbprint,
            }),
            None => Ok(()),
        }
    }

    fn refused(&self, asked: &Asked, error: &Error) {
        // That the store refuses changes has been logged, once.
        let is_known = matches!(error, Error::Store(StoreError::Unavailable { .. }));
        if matches!(error, Error::Store(_) | Error::Issuer(_)) && !is_known {
            tracing::error!(
                error = error as &dyn std::error::Error,
                action = asked.action,
                "a change failed"
            );
        }
        self.parts.audit.refused(
            asked.actor.clone(),
            asked.action,
            asked.target.clone(),
            error.to_string(),
        );
    }
}

impl Asked {
    /// The request of a permit's holder.
    pub fn by<A: Action>(permit: &Permit<A>, target: impl Into<String>) -> Self {
        Self {
            actor: permit.caller().actor(),
            caller: Some(Arc::clone(permit.caller())),
            action: A::NAME,
            target: target.into(),
            required: A::REQUIRED,
        }
    }
}

/// Refuses an operation on a certificate whose present or requested clearance is above the caller's: an Operator can
/// neither create nor change cluster administrators and cluster nodes.
fn check_reach(
    caller: SecurityClearance,
    wanted: SecurityClearance,
    attempt: Attempt,
    name: &str,
) -> Result<(), Error> {
    if wanted.level() > caller.level() {
        return Err(Error::ClearanceTooLow {
            attempt,
            name: name.to_owned(),
            wanted,
            caller,
        });
    }
    Ok(())
}

/// Refuses a change after which the caller, an administrator by its registered certificate, would not be one any more,
/// and no other certificate would be. `members` are the entries that get the clearance `wanted`. The server's own
/// certificate remains an administrator, but few have it at hand: use it for such a change.
fn check_administrator_remains(
    parts: &AuthorityParts,
    caller: Option<Thumbprint>,
    members: &HashSet<Thumbprint>,
    wanted: SecurityClearance,
) -> Result<(), Error> {
    let (registry, now) = (&parts.registry, parts.clock.now());
    let is_administrator = |entry: &RegisteredCertificate| {
        entry.clearance.level() == Level::ClusterAdmin && !entry.disabled && entry.validity.contains(now)
    };
    let own = caller
        .filter(|own| members.contains(own))
        .and_then(|own| registry.get(&own))
        .filter(|own| is_administrator(own));
    let Some(own) = own.filter(|_| wanted.level() < Level::ClusterAdmin) else {
        return Ok(());
    };
    let another_remains = registry
        .all()
        .iter()
        .any(|entry| !members.contains(&entry.thumbprint) && is_administrator(entry) && can_log_in(entry));
    if another_remains {
        return Ok(());
    }
    Err(Error::LastAdministrator {
        name: own.name.clone(),
        thumbprint: own.thumbprint,
    })
}

/// Returns `true` if a TLS handshake can succeed with the certificate. Certificates with other keys can be registered,
/// but not used to log in.
fn can_log_in(entry: &RegisteredCertificate) -> bool {
    Certificate::from_der(entry.der.clone())
        .is_ok_and(|certificate| matches!(key_fitness::obstacle(&certificate), Ok(None)))
}

/// Refuses invalid names. All other characters are allowed, in any script.
fn check_name(name: &str) -> Result<(), Error> {
    if name.trim().is_empty() {
        return Err(Error::BlankName);
    }
    if name.len() > error::MAX_NAME_LENGTH {
        return Err(Error::NameTooLong { length: name.len() });
    }
    if name.contains('\0') {
        return Err(Error::NulInName);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
