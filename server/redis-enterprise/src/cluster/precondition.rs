//! The values that a change requires of the state that it is planned from.

use std::fmt;
use std::sync::Arc;

use certward_redis_model::state::ClusterState;

type Check = dyn Fn(&ClusterState) -> Option<&'static str> + Send + Sync;

/// Values that the state must still have when a change is planned, when no other change can come between: what a request
/// says of the state may have been overtaken since it was read. By default there are none.
#[derive(Clone, Default)]
pub struct Precondition(Option<Arc<Check>>);

impl Precondition {
    /// A precondition that `differing` checks: it returns the name of the first value that the state does not have.
    pub fn new(differing: impl Fn(&ClusterState) -> Option<&'static str> + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(differing)))
    }

    /// Returns the name of the first value that the state does not have.
    #[must_use]
    pub fn differing(&self, state: &ClusterState) -> Option<&'static str> {
        self.0.as_ref().and_then(|differing| differing(state))
    }
}

impl fmt::Debug for Precondition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Precondition").field(&self.0.is_some()).finish()
    }
}
