//! Authentication and authorization of the cluster's callers
//! (`docs/contracts/redis-enterprise.md#authentication-methods`).
//!
//! Both are decided for every request, from its credentials or the certificate of its connection, and from the
//! cluster's current state. An `Authorization` header takes precedence over a certificate.

pub mod action;
mod caller;
mod certificate;
mod credentials;
mod fair_queue;
mod guess;
mod lockout;
mod password;
mod permit;
mod refusal;
mod socket_owner;
mod token;
mod verified;

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::future::BoxFuture;
use secrecy::SecretString;
use time::{Duration, OffsetDateTime};
use tokio::sync::watch;

pub use action::{ClusterAction, Required};
pub use caller::{ClusterCaller, ClusterCallerOrigin, Proof};
pub use certificate::CertificateRefusal;
pub use certificate::{CertificateHolder, ClusterVerdict};
pub use certward_redis_model::password_hash::{HashCost, PasswordHash, PasswordHashError};
pub use certward_redis_model::token_key::TokenKey;
pub use credentials::{Credentials, MalformedCredentials};
pub(in crate::cluster) use guess::Guess;
pub(in crate::cluster) use lockout::Lockouts;
pub use password::{Applicant, HasherBusy, PasswordHasher};
pub use permit::{ClusterDenied, ClusterPermit, authorize, authorize_on};
pub use refusal::ClusterRefusal;
pub use token::{TokenLifetime, TokenLifetimeError, TokenRefusal};

use self::action::IssueToken;
use self::guess::FamiliarLogins;
pub(in crate::cluster) use self::token::Tokens;
use self::verified::VerifiedPasswords;
use super::{Cluster, ClusterError, ClusterState};
use crate::rows;
use certward_redis_model::settings::ClusterSettings;
use certward_redis_model::uid::{DatabaseUid, UserUid};
use certward_redis_model::user::{Authentication, User, UserStatus};
use certward_redis_proxy::{ClusterView, PasswordRefusal};
use certward_store::StoreError;
use certward_system::clock::ForwardClock;
use certward_system::network::Network;
use certward_transport::listener::connections::{Standing, TrustReview};
use certward_transport::listener::identity_counts::IdentityKind;
use certward_transport::listener::peer::Peer;

/// Authenticates requests.
#[derive(Debug)]
pub struct ClusterAccess {
    cluster: Arc<Cluster>,
    familiar: FamiliarLogins,
    verified: VerifiedPasswords,
    tokens: Tokens,
    last_logins: Mutex<HashMap<UserUid, OffsetDateTime>>,
    /// Clock for time limits: lock-outs, tokens, passwords. Certificates use the wall clock.
    clock: ForwardClock,
}

/// The path of a request to the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Directly from the peer, as far as the server can tell.
    Direct,
    /// Through a proxy, by the request's own headers.
    Forwarded,
}

/// Handling of an expired password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExpiredPassword {
    /// An expired password is refused.
    Refused,
    /// An expired password is admitted, so that it can be changed.
    Admitted,
}

impl ClusterAccess {
    /// Authenticates against `cluster`, with tokens under `key`.
    #[must_use]
    pub fn new(cluster: Arc<Cluster>, key: &TokenKey) -> Self {
        let clock = ForwardClock::new(Arc::clone(cluster.clock()));
        Self {
            clock,
            cluster,
            familiar: FamiliarLogins::new(),
            verified: VerifiedPasswords::new(),
            tokens: Tokens::new(key),
            last_logins: Mutex::default(),
        }
    }

    /// Identifies the caller of a request of `peer` with these credentials, and counts refusals.
    ///
    /// # Errors
    ///
    /// [`ClusterRefusal`].
    pub async fn authenticate(
        &self,
        peer: &Arc<Peer>,
        credentials: Option<&Credentials>,
        expired: ExpiredPassword,
    ) -> Result<Arc<ClusterCaller>, ClusterRefusal> {
        let now = self.cluster.clock().now();
        let decided = match credentials {
            Some(Credentials::Password { login, password }) => self.by_password(peer, login, password, expired).await,
            Some(Credentials::Token(token)) => self.by_token(peer, token),
            None => self.by_certificate(peer, now),
        };
        match &decided {
            Ok(caller) => {
                peer.become_known(match credentials {
                    Some(Credentials::Password { .. }) => IdentityKind::Password,
                    Some(Credentials::Token(_)) => IdentityKind::Token,
                    None => IdentityKind::Certificate,
                });
                if let Some(user) = caller.user() {
                    self.last_logins().insert(user.uid, now);
                }
            }
            Err(refusal) => {
                metrics::counter!(certward_system::telemetry::REFUSALS, "reason" => refusal.reason()).increment(1);
            }
        }
        decided.map(Arc::new)
    }

    /// Identifies the caller who creates the cluster. Before the cluster exists, it must present an administrator's
    /// certificate, or call from this machine as the server's own user and through no proxy; otherwise the first caller
    /// on the network could take the server over. Afterwards it is authenticated like every other caller.
    ///
    /// # Errors
    ///
    /// [`ClusterRefusal::NotTheFounder`], or as [`Self::authenticate`].
    pub async fn authenticate_founder(
        &self,
        peer: &Arc<Peer>,
        credentials: Option<&Credentials>,
        way: Way,
    ) -> Result<Arc<ClusterCaller>, ClusterRefusal> {
        if self.cluster.state().is_created() {
            return self.authenticate(peer, credentials, ExpiredPassword::Refused).await;
        }
        if let Some(caller) = self.cluster.administrator(peer) {
            peer.become_known(IdentityKind::Certificate);
            return Ok(Arc::new(ClusterCaller::administrator(caller, peer)));
        }
        if way == Way::Direct && socket_owner::is_of_own_user(peer.address()).await {
            peer.become_known(IdentityKind::LocalUser);
            return Ok(Arc::new(ClusterCaller::founder(peer)));
        }
        let refusal = ClusterRefusal::NotTheFounder;
        metrics::counter!(certward_system::telemetry::REFUSALS, "reason" => refusal.reason()).increment(1);
        Err(refusal)
    }

    async fn by_password(
        &self,
        peer: &Arc<Peer>,
        login: &str,
        password: &SecretString,
        expired: ExpiredPassword,
    ) -> Result<ClusterCaller, ClusterRefusal> {
        let state = self.cluster.state();
        if !state.settings().control_plane_basic_authentication {
            return Err(ClusterRefusal::PasswordsOff);
        }
        let known = state.user_logging_in_as(login).cloned();
        // Not held while the password is hashed: a change meanwhile would have to copy it.
        drop(state);
        let network = Network::of(peer.address().ip());
        let user = self.check_password(known, password, network).await?;
        // What has changed meanwhile counts.
        let (state, now) = (self.cluster.state(), self.clock.now());
        if !state.settings().control_plane_basic_authentication {
            return Err(ClusterRefusal::PasswordsOff);
        }
        let user = state
            .user(user.uid)
            .filter(|present| present.credentials_revision == user.credentials_revision)
            .ok_or(PasswordRefusal::Wrong)?;
        if expired == ExpiredPassword::Refused && has_expired(user, state.settings(), now) {
            return Err(PasswordRefusal::Expired.into());
        }
        Ok(ClusterCaller::user_by(Arc::clone(user), Proof::Password, &state, peer).admitting(expired))
    }

    /// The user of this name, if the password is the user's and has not expired, for a client at `address`. The API
    /// decides if passwords are accepted at all.
    ///
    /// # Errors
    ///
    /// [`PasswordRefusal`].
    async fn checked_user(
        &self,
        name: &str,
        password: &SecretString,
        address: IpAddr,
    ) -> Result<Arc<User>, PasswordRefusal> {
        let known = self.cluster.state().user_named(name).cloned();
        let checked = self.check_password(known, password, Network::of(address)).await?;
        // What has changed meanwhile counts.
        let (state, now) = (self.cluster.state(), self.clock.now());
        let user = state
            .user(checked.uid)
            .filter(|present| present.credentials_revision == checked.credentials_revision)
            .ok_or(PasswordRefusal::Wrong)?;
        if has_expired(user, state.settings(), now) {
            return Err(PasswordRefusal::Expired);
        }
        Ok(Arc::clone(user))
    }

    /// An unknown user, a user without a password and a locked user cost as much time as a wrong password, so that the
    /// time does not reveal which one it was.
    async fn check_password(
        &self,
        known: Option<Arc<User>>,
        password: &SecretString,
        network: Network,
    ) -> Result<Arc<User>, PasswordRefusal> {
        let now = self.clock.now();
        let with_hashes = known.as_ref().and_then(|user| match &user.authentication {
            Authentication::Regular { passwords, .. } => Some((user, passwords)),
            _ => None,
        });
        let Some((user, hashes)) = with_hashes else {
            let stranger = self.familiar.applicant(network, None, now);
            self.cluster.passwords().verify(stranger, password, &[]).await?;
            return Err(PasswordRefusal::Wrong);
        };
        if !self.cluster.lockouts().is_locked(user, now) && self.verified.contains(user, password, now) {
            return Ok(Arc::clone(user));
        }
        let applicant = self.familiar.applicant(network, Some(user.uid), now);
        match self.cluster.check_guess(applicant, user, hashes, password).await? {
            Guess::Right(_) => {
                self.familiar.insert(network, user.uid, now);
                self.verified.insert(user, password, now);
                Ok(Arc::clone(user))
            }
            Guess::Wrong => Err(PasswordRefusal::Wrong),
            Guess::Locked => Err(PasswordRefusal::Locked),
        }
    }

    fn by_token(&self, peer: &Arc<Peer>, token: &SecretString) -> Result<ClusterCaller, ClusterRefusal> {
        let state = self.cluster.state();
        let user = self
            .tokens
            .user(token, &state, self.clock.now())
            .map_err(ClusterRefusal::Token)?;
        Ok(ClusterCaller::user_by(Arc::clone(user), Proof::Token, &state, peer))
    }

    fn by_certificate(&self, peer: &Arc<Peer>, now: OffsetDateTime) -> Result<ClusterCaller, ClusterRefusal> {
        if let Some(caller) = self.cluster.administrator(peer) {
            return Ok(ClusterCaller::administrator(caller, peer));
        }
        let state = self.cluster.state();
        let user = certificate::user(&state, peer, now)?;
        Ok(ClusterCaller::user_by(user, Proof::Certificate, &state, peer))
    }

    /// A token for the caller, which replaces its password until the lifetime is over.
    ///
    /// # Errors
    ///
    /// [`ClusterError::NoTokenForCaller`] for a caller who was admitted by a certificate: a token would outlive the
    /// trust in it.
    pub fn issue_token(
        &self,
        permit: &ClusterPermit<IssueToken>,
        lifetime: TokenLifetime,
    ) -> Result<SecretString, ClusterError> {
        match permit.caller().origin() {
            ClusterCallerOrigin::User {
                user,
                proof: Proof::Password | Proof::Token,
            } => Ok(self.tokens.issue(user, lifetime, self.clock.now())),
            _ => Err(ClusterError::NoTokenForCaller),
        }
    }

    /// The holder of the peer's certificate in this state of the cluster, which need not be the current one.
    pub fn holder(&self, peer: &Peer, state: &ClusterState) -> Option<CertificateHolder> {
        if self.cluster.administrator(peer).is_some() {
            return Some(CertificateHolder::Administrator);
        }
        let (user, anchor) = certificate::user_under(state, peer, self.clock.now())?;
        Some(CertificateHolder::User { user, anchor })
    }

    /// Returns `true` if the peer's certificate is that of a user of the cluster, even if it also has other roles.
    pub fn is_user(&self, peer: &Peer, state: &ClusterState) -> bool {
        certificate::user_under(state, peer, self.clock.now()).is_some()
    }

    /// The status of the user.
    #[must_use]
    pub fn status_of(&self, user: &User, state: &ClusterState) -> UserStatus {
        let now = self.clock.now();
        if self.cluster.lockouts().is_locked(user, now) {
            UserStatus::Locked
        } else if has_expired(user, state.settings(), now) {
            UserStatus::PasswordExpired
        } else {
            UserStatus::Active
        }
    }

    /// The time of the user's last request since this server was started.
    #[must_use]
    pub fn last_login_of(&self, uid: UserUid) -> Option<OffsetDateTime> {
        self.last_logins().get(&uid).copied()
    }

    fn last_logins(&self) -> MutexGuard<'_, HashMap<UserUid, OffsetDateTime>> {
        self.last_logins.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ClusterView for ClusterAccess {
    fn state(&self) -> Arc<ClusterState> {
        self.cluster.state()
    }

    fn revision(&self) -> u64 {
        self.cluster.revision()
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.cluster.changes()
    }

    fn user_by_password<'a>(
        &'a self,
        name: &'a str,
        password: &'a SecretString,
        address: IpAddr,
    ) -> BoxFuture<'a, Result<Arc<User>, PasswordRefusal>> {
        Box::pin(self.checked_user(name, password, address))
    }

    fn deleted_databases(&self) -> BoxFuture<'_, Result<Vec<DatabaseUid>, StoreError>> {
        Box::pin(rows::deleted_databases(self.cluster.store()))
    }

    fn forget_deleted_database(&self, uid: DatabaseUid) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(rows::forget_deleted_database(self.cluster.store(), uid))
    }
}

/// Reviews certificates only: passwords and tokens come with each request, so their connections need not be closed.
impl TrustReview for ClusterAccess {
    fn standing(&self, peer: &Peer) -> Standing {
        if self.cluster.administrator(peer).is_some() {
            return Standing::Admitted;
        }
        match certificate::user(&self.cluster.state(), peer, self.cluster.clock().now()) {
            Ok(_) => Standing::Admitted,
            Err(refusal) => Standing::Refused(refusal.reason()),
        }
    }

    /// The end of the admitted chain's validity, else that of the peer's own certificate.
    fn valid_until(&self, peer: &Peer) -> Option<OffsetDateTime> {
        let own = peer.certificate()?.validity().not_after;
        let kept = peer.kept::<ClusterVerdict>();
        let chain = kept.lock().as_ref().and_then(ClusterVerdict::valid_until);
        Some(chain.map_or(own, |chain| chain.min(own)))
    }
}

/// Returns `true` if the user's password has expired. Users without passwords have none that can expire.
fn has_expired(user: &User, settings: &ClusterSettings, now: OffsetDateTime) -> bool {
    let days = settings.password_expiration_duration;
    days > 0
        && user
            .password_issued_at()
            .is_some_and(|issued_at| now - issued_at >= Duration::days(days.into()))
}
