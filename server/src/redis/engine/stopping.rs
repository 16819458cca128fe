//! The end of an engine that is no longer wanted.

use std::time::Duration;

use super::Engine;

impl Engine {
    /// Ends it, and waits for its end, as long as it takes: a process of ours writes what is to be written and goes, an
    /// attached one forgets its users.
    pub(crate) async fn stop(&self) {
        if self.is_external() && self.control().is_ok() {
            let forget = async {
                for name in self.users.names() {
                    self.forget_user(&name).await;
                }
            };
            if tokio::time::timeout(FORGET_TIME, forget).await.is_err() {
                tracing::warn!("an external Redis does not answer, and keeps the users that were made in it");
            }
        }
        self.stop.cancel();
        self.ended.cancelled().await;
    }

    /// Has it end at once: a process of ours is killed, and loses what it has not written. To be called when there is no
    /// time left; [`Self::stop`] waits for the end.
    pub(crate) fn kill(&self) {
        self.stop.cancel();
        self.kill.cancel();
    }
}

/// For an external Redis to forget its users. One that answers does so in milliseconds.
const FORGET_TIME: Duration = Duration::from_secs(2);
