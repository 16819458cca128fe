//! Authorization: turns a [`Caller`] into a [`Permit`] for one action.

pub mod action;

use std::marker::PhantomData;
use std::sync::Arc;

pub use action::Action;

use crate::access::authn::Caller;
use crate::model::clearance::Level;

/// Proof that a caller may do `A`. [`authorize`] is the only thing that makes one; the use cases of
/// [`crate::usecases`] ask for it.
///
/// Nothing else can:
///
/// ```compile_fail,E0451
/// use certward_ravendb::access::authn::Caller;
/// use certward_ravendb::access::authz::{Permit, action::GenerateCertificate};
///
/// fn forged(caller: std::sync::Arc<Caller>) -> Permit<GenerateCertificate> {
///     Permit { caller, action: std::marker::PhantomData }
/// }
/// ```
#[derive(Debug)]
pub struct Permit<A> {
    caller: Arc<Caller>,
    action: PhantomData<fn() -> A>,
}

impl<A> Permit<A> {
    /// The permitted caller.
    #[must_use]
    pub fn caller(&self) -> &Arc<Caller> {
        &self.caller
    }
}

/// The caller's rank is too low.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{required:?} access is needed")]
pub struct Denied {
    /// The rank that would have sufficed.
    pub required: Level,
}

/// Permits `A` to `caller`.
///
/// # Errors
///
/// [`Denied`] if the caller's rank is below the one that `A` requires.
pub fn authorize<A: Action>(caller: &Arc<Caller>) -> Result<Permit<A>, Denied> {
    if caller.level() >= A::REQUIRED {
        Ok(Permit {
            caller: Arc::clone(caller),
            action: PhantomData,
        })
    } else {
        Err(Denied { required: A::REQUIRED })
    }
}
