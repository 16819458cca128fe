//! What a change takes for granted of the state that it is planned from.

use std::fmt;
use std::sync::Arc;

use super::{ClusterError, ClusterState};

type Check = dyn Fn(&ClusterState) -> Result<(), ClusterError> + Send + Sync;

/// A condition that is checked with the other checks of a change, when no other change can come between: what a request
/// says of the state may have been overtaken since it was read. By default there is none.
#[derive(Clone, Default)]
pub struct Precondition(Option<Arc<Check>>);

impl Precondition {
    /// The change is refused with the error of `check`.
    pub(crate) fn new(check: impl Fn(&ClusterState) -> Result<(), ClusterError> + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(check)))
    }

    pub(super) fn check(&self, state: &ClusterState) -> Result<(), ClusterError> {
        self.0.as_ref().map_or(Ok(()), |check| check(state))
    }
}

impl fmt::Debug for Precondition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Precondition").field(&self.0.is_some()).finish()
    }
}
