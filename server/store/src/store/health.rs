//! The health of the store: does it accept writes?

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::StoreError;

/// The health of a store.
#[derive(Debug, Clone)]
pub enum StoreHealth {
    /// The last write was proved.
    Writable,
    /// Writes are refused. Reads, and all decisions from memory, continue.
    Refusing {
        /// The reason, with the remedy if the store does not recover by itself.
        reason: Arc<str>,
        /// The time since which writes are refused.
        since: Instant,
        /// True if only a restart of the server ends this state.
        is_final: bool,
    },
}

impl StoreHealth {
    /// Returns `true` when the store accepts writes.
    #[must_use]
    pub fn is_writable(&self) -> bool {
        matches!(self, Self::Writable)
    }
}

/// Holds the health of a store; each change of it is logged once.
#[derive(Debug)]
pub(crate) struct HealthCell(watch::Sender<StoreHealth>);

impl HealthCell {
    pub(crate) fn new() -> Self {
        Self(watch::Sender::new(StoreHealth::Writable))
    }

    pub(crate) fn get(&self) -> StoreHealth {
        self.0.borrow().clone()
    }

    pub(crate) fn subscribe(&self) -> watch::Receiver<StoreHealth> {
        self.0.subscribe()
    }

    /// Returns an error while writes are refused.
    pub(crate) fn check(&self) -> Result<(), StoreError> {
        match &*self.0.borrow() {
            StoreHealth::Writable => Ok(()),
            StoreHealth::Refusing { reason, .. } => Err(StoreError::Unavailable {
                reason: Arc::clone(reason),
            }),
        }
    }

    /// Waits until writes are refused, and returns the reason.
    pub(crate) async fn refusing(&self) -> Arc<str> {
        let mut health = self.0.subscribe();
        let refusing = health.wait_for(|health| !health.is_writable()).await;
        match refusing.as_deref() {
            Ok(StoreHealth::Refusing { reason, .. }) => Arc::clone(reason),
            // The sender is `self`, and the condition excludes the other case.
            Ok(StoreHealth::Writable) | Err(_) => Arc::from("the store is closed"),
        }
    }

    /// Refuses writes from now on.
    pub(crate) fn refuse(&self, cause: &(dyn std::error::Error + 'static), is_final: bool) {
        let text: Arc<str> = with_sources(cause).into();
        self.0.send_if_modified(|health| {
            match health {
                StoreHealth::Writable => {
                    tracing::error!(
                        reason = &*text,
                        "the store cannot be written; changes are refused until it can, decisions about trust go on"
                    );
                    *health = StoreHealth::Refusing {
                        reason: text,
                        since: Instant::now(),
                        is_final,
                    };
                }
                StoreHealth::Refusing { is_final: true, .. } => return false,
                StoreHealth::Refusing {
                    reason,
                    is_final: was_final,
                    ..
                } => {
                    if is_final {
                        tracing::error!(
                            reason = &*text,
                            "the store cannot be written until the server is restarted"
                        );
                    }
                    (*reason, *was_final) = (text, is_final);
                }
            }
            true
        });
    }

    /// Accepts writes again.
    pub(crate) fn restore(&self) {
        self.0.send_if_modified(|health| {
            let StoreHealth::Refusing {
                since, is_final: false, ..
            } = *health
            else {
                return false;
            };
            tracing::info!(
                refused.seconds = since.elapsed().as_secs_f64(),
                "the store can be written again"
            );
            *health = StoreHealth::Writable;
            true
        });
    }
}

/// An error with its sources, in one line.
fn with_sources(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        let inner_text = inner.to_string();
        // Some errors repeat their source in their own text.
        if !text.ends_with(&inner_text) {
            text = format!("{text}: {inner_text}");
        }
        source = inner.source();
    }
    text
}

/// Maximum time that a request waits for a store that refuses writes.
pub(crate) const PATIENCE: Duration = Duration::from_secs(2);
