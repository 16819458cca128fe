//! The policy by which a database's connections are decided; rebuilt when something in it changes.

use std::sync::{Arc, Mutex, PoisonError};

use rustls::sign::CertifiedKey;

use super::ProxyParts;
use super::tls::{self, TlsParameters, UnusableTls};
use certward_certificates::certificate::ChainBounds;
use certward_redis_model::database::trust::DatabaseTrust;
use certward_redis_model::database::{Database, TlsMode};
use certward_redis_model::named_certificate::{CertificateName, NamedCertificate};
use certward_redis_model::settings::TlsVersion;
use certward_redis_model::state::ClusterState;
use certward_redis_model::uid::DatabaseUid;

/// The policy by which a database's connections are decided. It is immutable; a change builds a new one.
#[derive(Debug)]
pub(super) struct Policy {
    /// The database.
    pub(super) database: Arc<Database>,
    /// Its trust: the same object as long as the trusted CAs and the settings are the same.
    pub(super) trust: Arc<DatabaseTrust>,
    /// TLS, or not.
    pub(super) transport: Transport,
    basis: Basis,
}

/// Transport of new connections.
#[derive(Debug, Clone)]
pub(super) enum Transport {
    /// Plain TCP.
    Plain,
    /// With TLS.
    Tls(Arc<TlsParameters>),
    /// None: the certificate that the database would present cannot be used.
    Broken,
}

/// Inputs of a policy's TLS configuration, in addition to the database.
#[derive(Debug, Clone)]
struct Basis {
    revision: u64,
    server_certificate_revision: u64,
    shared_certificate: Option<Arc<NamedCertificate>>,
    oldest: TlsVersion,
}

/// The current policy.
#[derive(Debug, Default)]
pub(super) struct Policies(Mutex<Option<Arc<Policy>>>);

impl Policies {
    /// The policy at `state`, which is the current one; none if the database is deleted.
    pub(super) fn at(&self, state: &ClusterState, database: DatabaseUid, parts: &ProxyParts) -> Option<Arc<Policy>> {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let server_certificate_revision = parts.server_certificates.revision();
        if let Some(policy) = &*last
            && policy.basis.revision == state.revision()
            && policy.basis.server_certificate_revision == server_certificate_revision
        {
            return Some(Arc::clone(policy));
        }
        let database = state.database(database)?;
        let basis = Basis {
            revision: state.revision(),
            server_certificate_revision,
            shared_certificate: state.certificates().get(CertificateName::Proxy).cloned(),
            oldest: state.settings().min_data_tls_version,
        };
        let policy = Arc::new(Policy::new(database, basis, last.as_deref(), parts));
        *last = Some(Arc::clone(&policy));
        Some(policy)
    }
}

impl Policy {
    /// The revision of the cluster that it was made from.
    pub(super) fn revision(&self) -> u64 {
        self.basis.revision
    }

    /// The policy after such a change of the database, for predictions only: the server's certificates and the oldest
    /// TLS version are those of `present`.
    pub(super) fn supposed(present: &Self, changed: &Arc<Database>) -> Self {
        let trust = if present.database.tls == changed.tls {
            Arc::clone(&present.trust)
        } else {
            Arc::new(DatabaseTrust::new(&changed.tls))
        };
        Self {
            database: Arc::clone(changed),
            trust,
            transport: present.transport.clone(),
            basis: present.basis.clone(),
        }
    }

    /// Builds the policy, and reuses the parts of `last` that are unchanged.
    fn new(database: &Arc<Database>, basis: Basis, last: Option<&Self>, parts: &ProxyParts) -> Self {
        let last = last.filter(|last| last.database.tls == database.tls);
        let trust = last.map_or_else(|| trust_of(database), |last| Arc::clone(&last.trust));
        let transport = match last {
            Some(last) if last.basis.makes_the_same_tls(&basis) => last.transport.clone(),
            _ => transport(database, &trust, &basis, parts),
        };
        Self {
            database: Arc::clone(database),
            trust,
            transport,
            basis,
        }
    }
}

impl Basis {
    fn makes_the_same_tls(&self, other: &Self) -> bool {
        let certificate = |basis: &Self| basis.shared_certificate.as_ref().map(Arc::as_ptr);
        self.server_certificate_revision == other.server_certificate_revision
            && self.oldest == other.oldest
            && certificate(self) == certificate(other)
    }
}

fn trust_of(database: &Database) -> Arc<DatabaseTrust> {
    let trust = DatabaseTrust::new(&database.tls);
    for unfit in trust.unfit_authorities() {
        tracing::warn!(
            database.uid = database.uid.get(),
            database.name = database.name.as_str(),
            "{unfit}"
        );
    }
    Arc::new(trust)
}

fn transport(database: &Database, trust: &DatabaseTrust, basis: &Basis, parts: &ProxyParts) -> Transport {
    if database.tls.mode == TlsMode::Disabled {
        return Transport::Plain;
    }
    let parameters = shown(database, basis, parts).and_then(|certificate| {
        let bounds = ChainBounds {
            intermediates: parts.limits.intermediates,
            bytes: parts.limits.certificate_bytes,
        };
        TlsParameters::new(database, trust.strength(), certificate, basis.oldest, bounds)
    });
    match parameters {
        Ok(parameters) => Transport::Tls(Arc::new(parameters)),
        Err(error) => {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                database.uid = database.uid.get(),
                "nobody can connect to a database"
            );
            Transport::Broken
        }
    }
}

/// The database's own certificate, else the one that databases share, else the server's.
fn shown(database: &Database, basis: &Basis, parts: &ProxyParts) -> Result<Arc<CertifiedKey>, UnusableTls> {
    if let Some(own) = &database.tls.certificate {
        return tls::own_certificate(own);
    }
    let shared = basis.shared_certificate.as_deref().map(tls::shared_certificate);
    Ok(shared
        .transpose()?
        .flatten()
        .unwrap_or_else(|| Arc::clone(parts.server_certificates.current().tls())))
}
