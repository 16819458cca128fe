//! Monitors an open store: detects removed files, and resumes writes when they are possible again.

use std::sync::{Arc, Weak};
use std::time::Duration;

use super::writer::Writer;

/// Monitors the store until it is closed or dropped.
pub(crate) fn start(writer: &Arc<Writer>) {
    let (weak, closing) = (Arc::downgrade(writer), writer.closing.clone());
    tokio::spawn(closing.run_until_cancelled_owned(keep(weak)));
}

async fn keep(writer: Weak<Writer>) {
    loop {
        tokio::time::sleep(INTERVAL).await;
        let Some(writer) = writer.upgrade() else { return };
        writer.look_after().await;
    }
}

/// Each check costs four calls of `stat`; together with the pause after a full disk, the store recovers within 2 s.
const INTERVAL: Duration = Duration::from_millis(500);
