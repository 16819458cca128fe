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
use tokio::sync::MutexGuard;

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
use certward_store::audit::Audit;
use certward_store::ledger::{self, Domain, Head, Ledger};
use certward_store::{Changes, Store};
use certward_system::clock::Clock;

/// The authority over the registered certificates.
#[derive(Debug)]
pub struct Authority {
    ledger: Arc<Ledger<AuthorityParts>>,
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

/// A change that has passed all checks.
type Plan<T> = ledger::Plan<Change, T>;

/// A request for a change: the head of its audit record, and the level that it requires.
#[derive(Debug, Clone)]
pub struct Asked {
    head: Head,
    /// None if the server acts by itself.
    caller: Option<Arc<Caller>>,
    required: Level,
    /// The request to remember, which must not have been answered before.
    answered: Option<AnsweredRequest>,
}

impl Authority {
    /// Assembles the authority. `registry` holds the content of `store`.
    #[must_use]
    pub fn new(parts: AuthorityParts) -> Self {
        let (store, clock, audit) = (parts.store.clone(), Arc::clone(&parts.clock), parts.audit.clone());
        Self {
            ledger: Ledger::new(parts, store, clock, audit),
        }
    }

    fn parts(&self) -> &AuthorityParts {
        self.ledger.domain()
    }

    /// The in-memory copy of the store.
    #[must_use]
    pub fn registry(&self) -> &Arc<Registry> {
        &self.parts().registry
    }

    /// The store, for readiness checks.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.parts().store
    }

    /// The number of keys for client certificates that are ready to use, for metrics.
    #[must_use]
    pub fn ready_keys(&self) -> usize {
        self.parts().issuer.ready_keys()
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
        let now = self.parts().clearance_now(asked).map(drop);
        now.inspect_err(|error| self.ledger.refused(asked, error))
    }

    /// Like [`Self::look_again`], for longer actions: no registered certificate changes while the guard is held.
    ///
    /// # Errors
    ///
    /// [`Error::CallerLostRights`]; [`Error::Store`] while the outcome of the last change is unknown.
    pub async fn hold(&self, asked: &Asked) -> Result<MutexGuard<'_, ()>, Error> {
        let writer = self.ledger.hold().await?;
        self.look_again(asked)?;
        Ok(writer)
    }

    /// Decides with `plan`, then records and publishes the planned changes. `plan` gets the caller's current clearance.
    async fn change<T, F>(&self, asked: Asked, plan: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: FnOnce(&AuthorityParts, SecurityClearance) -> Result<Plan<T>, Error> + Send + 'static,
    {
        let plan = move |parts: &AuthorityParts, clearance: &SecurityClearance| plan(parts, *clearance);
        self.ledger.change(asked, false, plan).await
    }
}

impl AuthorityParts {
    /// The caller's current clearance: the one at its admission may have been withdrawn while its request was read, or
    /// while it waited.
    fn clearance_now(&self, asked: &Asked) -> Result<SecurityClearance, Error> {
        let Some(caller) = &asked.caller else {
            return Ok(SecurityClearance::ClusterAdmin);
        };
        let present = self.authenticator.look_again_at(caller);
        present
            .filter(|present| present.level() >= asked.required)
            .map(|present| present.clearance())
            .ok_or(Error::CallerLostRights)
    }

    async fn refuse_repeated(&self, request_id: &str) -> Result<(), Error> {
        match rows::answered(&self.store, request_id).await.map_err(Error::Store)? {
            Some(thumbprint) => Err(Error::RepeatedRequest {
                request_id: request_id.to_owned(),
                thumbprint,
            }),
            None => Ok(()),
        }
    }
}

impl Domain for AuthorityParts {
    type Asked = Asked;
    type Basis = SecurityClearance;
    type Change = Change;
    type Error = Error;

    async fn admit(&self, asked: &Asked) -> Result<SecurityClearance, Error> {
        let clearance = self.clearance_now(asked)?;
        if let Some(answered) = &asked.answered {
            self.refuse_repeated(&answered.request_id).await?;
        }
        Ok(clearance)
    }

    fn write<'a>(&self, asked: &'a Asked, changes: &'a [Change]) -> impl Changes + 'a {
        rows::Write {
            changes,
            answered: asked.answered.as_ref(),
        }
    }

    fn publish(&self, changes: &[Change]) {
        self.registry.apply(changes);
    }

    fn is_fault(error: &Error) -> bool {
        match error {
            Error::Store(error) => error.is_news(),
            Error::Issuer(_) => true,
            _ => false,
        }
    }
}

impl AsRef<Head> for Asked {
    fn as_ref(&self) -> &Head {
        &self.head
    }
}

impl Asked {
    /// The request of a permit's holder.
    pub fn by<A: Action>(permit: &Permit<A>, target: impl Into<String>) -> Self {
        Self {
            head: Head {
                actor: permit.caller().actor(),
                action: A::NAME,
                target: target.into(),
            },
            caller: Some(Arc::clone(permit.caller())),
            required: A::REQUIRED,
            answered: None,
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
