//! Identifies a connection to a database: by its certificate, or as the default user.

use std::cell::RefCell;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;

use certward_pki::{Certificate, CertificateError};
use rustls::pki_types::CertificateDer;
use time::OffsetDateTime;

use super::policy::{Policy, Transport};
use certward_certificates::certificate::shown;
use certward_redis_model::database::DefaultUser;
use certward_redis_model::database::trust::{AdmittedCertificate, DatabaseTrust, DatabaseTrustRefusal};
use certward_redis_model::rights::{DatabaseRights, NoRights, rights_in};
use certward_redis_model::state::ClusterState;
use certward_redis_model::uid::UserUid;
use certward_redis_model::user::User;
use certward_transport::listener::connection_permits::ConnectionPermit;
use certward_transport::listener::identity_counts::IdentityKind;

/// The connection of a client to a database.
#[derive(Debug)]
pub(super) struct Client {
    /// The address of the client.
    pub(super) address: SocketAddr,
    /// Proof of the client's admission, once it has any.
    pub(super) permit: Arc<ConnectionPermit>,
    /// True for a TLS connection.
    pub(super) is_secure: bool,
    /// The certificate that the client presented.
    pub(super) certificate: Option<ClientCertificate>,
}

/// A certificate that a client has presented, with its intermediates.
#[derive(Debug)]
pub(super) struct ClientCertificate {
    pub(super) end_entity: Certificate,
    intermediates: Vec<CertificateDer<'static>>,
}

/// The basis of trust in a client's certificate.
#[derive(Debug)]
pub(super) struct TrustBasis {
    /// The trust against which it was checked.
    pub(super) trust: Arc<DatabaseTrust>,
    /// Proof that it is trusted; none for a client without a certificate.
    pub(super) admitted: Option<AdmittedCertificate>,
}

/// The identity of a connection. Equal identities have the same rights.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Identity {
    /// A user of the cluster, by the subject of its certificate.
    Certificate(Access),
    /// A user of the cluster, by its name and password.
    Password(Access),
    /// Redis's user `default`, or no identity before `AUTH`.
    Default(DefaultUser),
}

/// A user of the cluster in a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Access {
    /// The user.
    pub(super) user: UserUid,
    /// The revision of the user's credentials, so that an identity with outdated credentials differs.
    pub(super) credentials_revision: u64,
    /// The rights of the user.
    pub(super) rights: DatabaseRights,
}

/// A connection is refused.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refusal {
    /// The database's TLS mode has changed, and it accepts other connections now.
    #[error("the database has changed the way in which it is connected to")]
    Transport,
    /// A certificate is required, and there is none.
    #[error("the database takes no client without a certificate")]
    NoCertificate,
    /// The certificate is not trusted.
    #[error(transparent)]
    Trust(DatabaseTrustRefusal),
    /// The certificate is trusted, but no user has its subject.
    #[error("no user has the certificate subject \"{subject}\", and the database has no default user")]
    NoUser {
        /// The subject in the form of RFC 4514.
        subject: String,
    },
    /// The user has no rights in this database.
    #[error(transparent)]
    NoRights(NoRights),
}

/// Decides from one state of the cluster, and caches the rights of users.
pub(super) struct Judge<'a> {
    policy: &'a Policy,
    state: &'a ClusterState,
    now: OffsetDateTime,
    rights: RefCell<HashMap<UserUid, Result<DatabaseRights, NoRights>>>,
}

impl<'a> Judge<'a> {
    pub(super) fn new(policy: &'a Policy, state: &'a ClusterState, now: OffsetDateTime) -> Self {
        Self {
            policy,
            state,
            now,
            rights: RefCell::default(),
        }
    }

    /// The revision of the cluster on which decisions are based.
    pub(super) fn revision(&self) -> u64 {
        self.state.revision()
    }

    /// Checks that the client's certificate, if it has one, is trusted. Returns the new basis of trust if it differs
    /// from `basis`.
    ///
    /// # Errors
    ///
    /// [`Refusal::Trust`].
    pub(super) fn recheck(&self, basis: &TrustBasis, client: &Client) -> Result<Option<TrustBasis>, Refusal> {
        let trust = &self.policy.trust;
        if Arc::ptr_eq(&basis.trust, trust) && basis.is_in_date(self.now) {
            return Ok(None);
        }
        let certificate = client.certificate.as_ref();
        let admitted = certificate.map(|certificate| certificate.admitted_by(trust, self.now));
        Ok(Some(TrustBasis {
            trust: Arc::clone(trust),
            admitted: admitted.transpose().map_err(Refusal::Trust)?,
        }))
    }

    /// Identifies a client whose certificate, if it has one, is trusted.
    ///
    /// # Errors
    ///
    /// [`Refusal`].
    pub(super) fn identify(&self, client: &Client) -> Result<Identity, Refusal> {
        let database = &self.policy.database;
        if client.is_secure != matches!(self.policy.transport, Transport::Tls(_)) {
            return Err(Refusal::Transport);
        }
        let default_user = || Identity::Default(database.default_user.clone());
        let Some(certificate) = &client.certificate else {
            return if client.is_secure && database.tls.enforce_client_authentication {
                Err(Refusal::NoCertificate)
            } else {
                Ok(default_user())
            };
        };
        let subject = certificate.end_entity.subject();
        match self.state.user_with_subject(subject) {
            Some(user) => self.access(user).map(Identity::Certificate).map_err(Refusal::NoRights),
            None if database.default_user.is_enabled => Ok(default_user()),
            None => Err(Refusal::NoUser {
                subject: shown(subject),
            }),
        }
    }

    /// Returns the access that a user has to the database.
    ///
    /// # Errors
    ///
    /// [`NoRights`].
    pub(super) fn access(&self, user: &User) -> Result<Access, NoRights> {
        let mut known = self.rights.borrow_mut();
        let rights = known
            .entry(user.uid)
            .or_insert_with(|| rights_in(&self.policy.database, user, self.state));
        Ok(Access {
            user: user.uid,
            credentials_revision: user.credentials_revision,
            rights: rights.clone()?,
        })
    }

    /// Returns `true` if a client with the identity `identity` would still get that identity.
    pub(super) fn confirms(&self, identity: &Identity, client: &Client) -> bool {
        match (self.identify(client), identity) {
            // Whoever has logged in by password began as nobody in particular.
            (Ok(Identity::Default(_)), Identity::Password(access)) => self
                .state
                .user(access.user)
                .is_some_and(|user| self.access(user).is_ok_and(|present| present == *access)),
            (Ok(present), identity) => present == *identity,
            (Err(_), _) => false,
        }
    }
}

impl Identity {
    /// Returns `true` if a client with this identity is admitted. It is not if Redis's user `default` has a password or
    /// is off, so that the client must send `AUTH` first.
    fn is_let_in(&self) -> bool {
        match self {
            Self::Certificate(_) | Self::Password(_) => true,
            Self::Default(default) => default.is_enabled && default.password_hashes.is_empty(),
        }
    }
}

impl Client {
    /// Records the client's identity after a login, by password or not. A client with an admitted identity counts as
    /// known until it loses the identity.
    pub(super) fn is_now(&self, identity: &Identity, has_logged_in: bool) {
        if has_logged_in || identity.is_let_in() {
            self.permit.become_known(match identity {
                Identity::Certificate(_) => IdentityKind::Certificate,
                Identity::Password(_) => IdentityKind::Password,
                Identity::Default(_) if has_logged_in => IdentityKind::Password,
                // Redis's user `default`, behind a certificate that is trusted.
                Identity::Default(_) if self.certificate.is_some() => IdentityKind::Certificate,
                Identity::Default(_) => IdentityKind::Anonymous,
            });
        } else {
            self.permit.become_stranger();
        }
    }

    /// The certificate that it presented and proved possession of.
    pub(super) fn end_entity(&self) -> Option<&Certificate> {
        self.certificate.as_ref().map(|certificate| &certificate.end_entity)
    }

    /// The subject of its certificate, for logs.
    pub(super) fn subject(&self) -> Option<String> {
        self.end_entity().map(|certificate| shown(certificate.subject()))
    }
}

impl ClientCertificate {
    /// Parses the chain that a client sends.
    ///
    /// # Errors
    ///
    /// The end entity's certificate cannot be parsed.
    pub(super) fn parse(
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
    ) -> Result<Self, CertificateError> {
        Ok(Self {
            end_entity: Certificate::from_der(end_entity.clone().into_owned())?,
            intermediates: intermediates.iter().map(|der| der.clone().into_owned()).collect(),
        })
    }

    /// Proof that it is trusted.
    ///
    /// # Errors
    ///
    /// [`DatabaseTrustRefusal`].
    pub(super) fn admitted_by(
        &self,
        trust: &DatabaseTrust,
        now: OffsetDateTime,
    ) -> Result<AdmittedCertificate, DatabaseTrustRefusal> {
        trust.admit(&self.end_entity, &self.intermediates, now)
    }
}

impl TrustBasis {
    /// The last second of the certificate's validity, if it limits the connection.
    pub(super) fn valid_until(&self) -> Option<OffsetDateTime> {
        self.admitted.as_ref().and_then(AdmittedCertificate::valid_until)
    }

    fn is_in_date(&self, now: OffsetDateTime) -> bool {
        self.valid_until()
            .is_none_or(|valid_until| now.unix_timestamp() <= valid_until.unix_timestamp())
    }
}

impl Refusal {
    /// The code of the Redis error that the client gets.
    pub(super) fn code(&self) -> &'static str {
        match self {
            Self::NoRights(_) => "NOPERM",
            _ => "NOAUTH",
        }
    }

    /// Label for logs and metrics.
    pub(super) fn reason(&self) -> &'static str {
        match self {
            Self::Transport => "database_transport",
            Self::NoCertificate => "no_certificate",
            Self::Trust(refusal) => refusal.reason(),
            Self::NoUser { .. } => "no_user",
            Self::NoRights(_) => "no_rights",
        }
    }
}
