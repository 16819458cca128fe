//! The status of a database, by the API's names.

/// The status of a database: `status` in `docs/contracts/redis-enterprise.md#databases`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DatabaseStatus {
    /// It is being created.
    Pending,
    /// It can be used.
    Active,
    /// It can be used, and its last change is not in force yet.
    ActiveChangePending,
    /// It is being deleted.
    DeletePending,
    /// It has not been usable since its creation. The server retries.
    CreationFailed,
    /// It was usable, or existed when the server started, and is not usable now. The server retries.
    Recovery,
}

impl DatabaseStatus {
    /// All statuses.
    pub const ALL: [Self; 6] = [
        Self::Pending,
        Self::Active,
        Self::ActiveChangePending,
        Self::DeletePending,
        Self::CreationFailed,
        Self::Recovery,
    ];

    /// The API's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Active => "active",
            Self::ActiveChangePending => "active-change-pending",
            Self::DeletePending => "delete-pending",
            Self::CreationFailed => "creation-failed",
            Self::Recovery => "recovery",
        }
    }

    /// Returns `true` if clients can use the database.
    pub const fn is_usable(self) -> bool {
        matches!(self, Self::Active | Self::ActiveChangePending)
    }

    /// Returns `true` for a temporary status.
    pub const fn is_passing(self) -> bool {
        matches!(self, Self::Pending | Self::ActiveChangePending | Self::DeletePending)
    }
}
