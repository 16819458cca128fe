//! Numbers of open connections by listener and by kind of identity, for metrics.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};

/// The kind of identity by which a connection was admitted. On an API, where each request is authenticated, the last
/// admitted request counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum IdentityKind {
    /// No identity has been admitted on the connection, or it is in its handshake.
    Unauthenticated,
    /// None was required: a database whose default user has no password.
    Anonymous,
    /// By a certificate.
    Certificate,
    /// By a password.
    Password,
    /// By a token.
    Token,
    /// As the server's own user on this machine, for the creation of the cluster.
    LocalUser,
}

/// A listener, or the listeners of all databases together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListenerKind {
    /// RavenDB's API.
    Ravendb,
    /// Redis Enterprise's API.
    RedisEnterprise,
    /// The databases.
    Database,
}

/// The open connections of a server.
#[derive(Debug, Clone, Default)]
pub struct ConnectionCounts([Arc<IdentityCounts>; ListenerKind::ALL.len()]);

/// The open connections of a listener.
#[derive(Debug, Default)]
pub struct IdentityCounts([AtomicU64; IdentityKind::ALL.len()]);

/// One open connection, counted until it is dropped.
#[derive(Debug)]
pub(super) struct Counted {
    counts: Arc<IdentityCounts>,
    /// Index in [`IdentityKind::ALL`].
    kind: AtomicU8,
}

impl IdentityKind {
    /// All kinds, in order.
    pub const ALL: [Self; 6] = [
        Self::Unauthenticated,
        Self::Anonymous,
        Self::Certificate,
        Self::Password,
        Self::Token,
        Self::LocalUser,
    ];

    /// The label `identity` of metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unauthenticated => "unauthenticated",
            Self::Anonymous => "anonymous",
            Self::Certificate => "certificate",
            Self::Password => "password",
            Self::Token => "token",
            Self::LocalUser => "local_user",
        }
    }
}

impl ListenerKind {
    /// All listeners, in order.
    pub const ALL: [Self; 3] = [Self::Ravendb, Self::RedisEnterprise, Self::Database];

    /// The label `listener` of metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ravendb => "ravendb",
            Self::RedisEnterprise => "redis_enterprise",
            Self::Database => "database",
        }
    }
}

impl ConnectionCounts {
    /// The counts of one listener.
    pub fn of(&self, listener: ListenerKind) -> &Arc<IdentityCounts> {
        &self.0[listener as usize]
    }
}

impl IdentityCounts {
    /// The number of connections with an identity of this kind.
    pub fn get(&self, kind: IdentityKind) -> u64 {
        self.0[kind as usize].load(Ordering::Relaxed)
    }
}

impl Counted {
    /// Counts a connection without an admitted identity.
    pub(super) fn new(counts: Arc<IdentityCounts>) -> Self {
        let kind = IdentityKind::Unauthenticated;
        counts.0[kind as usize].fetch_add(1, Ordering::Relaxed);
        Self {
            counts,
            kind: AtomicU8::new(kind as u8),
        }
    }

    /// The kind of identity under which the connection is counted.
    pub(super) fn kind(&self) -> IdentityKind {
        IdentityKind::ALL[usize::from(self.kind.load(Ordering::Relaxed))]
    }

    /// Changes the kind of identity under which the connection is counted.
    pub(super) fn set(&self, kind: IdentityKind) {
        // Most requests come by what the one before came by: nothing is written then.
        if self.kind.load(Ordering::Relaxed) == kind as u8 {
            return;
        }
        // Added first: a number must not be subtracted from before it was added to, or it falls below 0.
        self.counts.0[kind as usize].fetch_add(1, Ordering::Relaxed);
        let before = self.kind.swap(kind as u8, Ordering::AcqRel);
        self.counts.0[usize::from(before)].fetch_sub(1, Ordering::Relaxed);
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.counts.0[usize::from(*self.kind.get_mut())].fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_counts_once_as_what_let_it_in_last_until_it_ends() {
        let counts = ConnectionCounts::default();
        let of_database = counts.of(ListenerKind::Database);
        let connection = Counted::new(Arc::clone(of_database));
        let other = Counted::new(Arc::clone(of_database));
        let all = || IdentityKind::ALL.map(|kind| of_database.get(kind));
        assert_eq!(all(), [2, 0, 0, 0, 0, 0]);
        connection.set(IdentityKind::Password);
        connection.set(IdentityKind::Password);
        other.set(IdentityKind::Certificate);
        assert_eq!(all(), [0, 0, 1, 1, 0, 0]);
        other.set(IdentityKind::Unauthenticated);
        assert_eq!(all(), [1, 0, 0, 1, 0, 0]);
        drop((connection, other));
        assert_eq!(all(), [0; 6]);
        assert_eq!(counts.of(ListenerKind::Ravendb).get(IdentityKind::Certificate), 0);
    }

    #[test]
    fn each_kind_has_the_place_of_its_number() {
        for (place, kind) in IdentityKind::ALL.into_iter().enumerate() {
            assert_eq!(kind as usize, place);
        }
        for (place, listener) in ListenerKind::ALL.into_iter().enumerate() {
            assert_eq!(listener as usize, place);
        }
    }
}
