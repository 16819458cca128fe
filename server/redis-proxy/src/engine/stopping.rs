//! Stopping an engine.

use std::time::Duration;

use super::Engine;

impl Engine {
    /// Stops the engine and waits for its end without a time limit: a supervised process writes pending data and ends,
    /// an external Redis deletes this server's users.
    pub async fn stop(&self) {
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

    /// Kills a supervised process, which loses unsaved data. Call it when no time is left; [`Self::stop`] waits for the
    /// end.
    pub fn kill(&self) {
        self.stop.cancel();
        self.kill.cancel();
    }
}

/// Time for an external Redis to delete this server's users, which takes it milliseconds.
const FORGET_TIME: Duration = Duration::from_secs(2);
