//! Looks after an open store: notices files that were taken away, and comes back when the store can be written again.

use std::sync::{Arc, Weak};
use std::time::Duration;

use super::writer::Writer;

/// Looks after the store until it is closed or nobody has it any more.
pub(super) fn start(writer: &Arc<Writer>) {
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

/// Four calls of `stat` each time; and with the pause of a disk that is full, the store is back within 2 s.
const INTERVAL: Duration = Duration::from_millis(500);
