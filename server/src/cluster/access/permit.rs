//! From a [`ClusterCaller`] to a [`ClusterPermit`]: may this caller do this?

use std::marker::PhantomData;
use std::sync::Arc;

use super::action::ClusterAction;
use super::caller::ClusterCaller;
use crate::cluster::permission::Permission;
use crate::cluster::uid::UserUid;

/// Proof that a caller may do `A`. [`authorize`] and [`authorize_on`] are the only things that make one; the use cases
/// of [`crate::cluster`] ask for it.
#[derive(Debug)]
pub struct ClusterPermit<A> {
    caller: Arc<ClusterCaller>,
    target: Option<UserUid>,
    action: PhantomData<fn() -> A>,
}

impl<A> ClusterPermit<A> {
    /// The caller who is permitted.
    #[must_use]
    pub fn caller(&self) -> &Arc<ClusterCaller> {
        &self.caller
    }

    /// The user it is permitted on, when it is permitted on one alone.
    pub(crate) fn target(&self) -> Option<UserUid> {
        self.target
    }
}

/// The caller's roles do not hold the permission.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the permission {required} is needed")]
pub struct ClusterDenied {
    /// The permission that would have been enough.
    pub required: Permission,
}

/// Permits `A` to `caller`.
///
/// # Errors
///
/// [`ClusterDenied`] when the caller's roles do not hold the permission that `A` asks for.
pub fn authorize<A: ClusterAction>(caller: &Arc<ClusterCaller>) -> Result<ClusterPermit<A>, ClusterDenied> {
    permit(caller, None)
}

/// Permits `A` on the user `target` to `caller`: to a user for itself, where `A` says so.
///
/// # Errors
///
/// [`ClusterDenied`] when the caller is another, and its roles do not hold the permission that `A` asks for.
pub fn authorize_on<A: ClusterAction>(
    caller: &Arc<ClusterCaller>,
    target: UserUid,
) -> Result<ClusterPermit<A>, ClusterDenied> {
    authorize::<A>(caller).or_else(|denied| {
        let is_itself = caller.user().is_some_and(|user| user.uid == target);
        if is_itself {
            permit(caller, Some(target))
        } else {
            Err(denied)
        }
    })
}

/// The permit on everything, or on the caller itself alone.
fn permit<A: ClusterAction>(
    caller: &Arc<ClusterCaller>,
    itself: Option<UserUid>,
) -> Result<ClusterPermit<A>, ClusterDenied> {
    let checked = A::REQUIRED.check(caller.permissions(), itself.is_some());
    checked.map_err(|required| ClusterDenied { required })?;
    Ok(ClusterPermit {
        caller: Arc::clone(caller),
        target: itself,
        action: PhantomData,
    })
}
