//! The mode of a use case.

/// Mode of a use case: applied, or only checked and answered as if it had been applied (`dry_run`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Run {
    /// Apply the change.
    Apply,
    /// Change nothing.
    Dry,
}
