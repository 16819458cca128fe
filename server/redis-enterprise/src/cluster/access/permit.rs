//! From a [`ClusterCaller`] to a [`ClusterPermit`]: authorization of one action.

use std::marker::PhantomData;
use std::sync::Arc;

use super::action::ClusterAction;
use super::caller::ClusterCaller;
use certward_redis_model::permission::Permission;
use certward_redis_model::uid::UserUid;

/// Proof that a caller may do `A`. [`authorize`] and [`authorize_on`] are the only things that make one; the use cases
/// of [`crate::cluster`] ask for it.
///
/// Nothing else can:
///
/// ```compile_fail,E0451
/// use certward_redis_enterprise::cluster::access::action::UpdateCluster;
/// use certward_redis_enterprise::cluster::access::{ClusterCaller, ClusterPermit};
///
/// fn forged(caller: std::sync::Arc<ClusterCaller>) -> ClusterPermit<UpdateCluster> {
///     ClusterPermit { caller, target: None, action: std::marker::PhantomData }
/// }
/// ```
#[derive(Debug)]
pub struct ClusterPermit<A> {
    caller: Arc<ClusterCaller>,
    target: Option<UserUid>,
    action: PhantomData<fn() -> A>,
}

impl<A> ClusterPermit<A> {
    /// The permitted caller.
    #[must_use]
    pub fn caller(&self) -> &Arc<ClusterCaller> {
        &self.caller
    }

    /// The user that the permit covers, if it covers only one.
    pub fn target(&self) -> Option<UserUid> {
        self.target
    }
}

/// The caller's roles lack the permission.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the permission {required} is needed")]
pub struct ClusterDenied {
    /// The permission that would have sufficed.
    pub required: Permission,
}

/// Permits `A` to `caller`.
///
/// # Errors
///
/// [`ClusterDenied`] if the caller's roles lack the permission that `A` requires.
pub fn authorize<A: ClusterAction>(caller: &Arc<ClusterCaller>) -> Result<ClusterPermit<A>, ClusterDenied> {
    permit(caller, None)
}

/// Permits `A` on the user `target` to `caller`: to a user for itself, if `A` allows that.
///
/// # Errors
///
/// [`ClusterDenied`] if the caller is another user, and its roles lack the permission that `A` requires.
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

/// A permit for all users, or for the caller itself only.
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
