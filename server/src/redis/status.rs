//! The status of a database, in the API's words.

/// The status of a database: `status` in `docs/contracts/redis-enterprise.md#databases`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DatabaseStatus {
    /// It is being made.
    Pending,
    /// It can be used.
    Active,
    /// It can be used, and is not yet as it was changed to be.
    ActiveChangePending,
    /// It is deleted, and has not ended.
    DeletePending,
    /// It was made, and has not been usable since. It is tried again.
    CreationFailed,
    /// It was usable, or was there when the server started, and is not usable now. It is brought back.
    Recovery,
}

impl DatabaseStatus {
    /// Each of them.
    pub(crate) const ALL: [Self; 6] = [
        Self::Pending,
        Self::Active,
        Self::ActiveChangePending,
        Self::DeletePending,
        Self::CreationFailed,
        Self::Recovery,
    ];

    /// The API's word.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Active => "active",
            Self::ActiveChangePending => "active-change-pending",
            Self::DeletePending => "delete-pending",
            Self::CreationFailed => "creation-failed",
            Self::Recovery => "recovery",
        }
    }

    /// Returns `true` when clients can use the database.
    pub(crate) const fn is_usable(self) -> bool {
        matches!(self, Self::Active | Self::ActiveChangePending)
    }

    /// Returns `true` for a status that passes by itself.
    pub(crate) const fn is_passing(self) -> bool {
        matches!(self, Self::Pending | Self::ActiveChangePending | Self::DeletePending)
    }
}
