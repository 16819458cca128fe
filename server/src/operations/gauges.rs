//! The figures that are taken when somebody asks for the metrics.

use std::fs;

use crate::app::App;
use crate::listener::identity_counts::{IdentityKind, ListenerKind};
use crate::redis::DatabaseStatus;
use crate::telemetry::{BUILD_INFO, CONNECTIONS, DATABASES, Exposition, READY_KEYS, STORE_BYTES, STORE_WRITABLE};

/// Takes them.
pub(super) fn set(app: &App) {
    let store = app.authority.store();
    metrics::gauge!(BUILD_INFO, "version" => env!("CARGO_PKG_VERSION")).set(1);
    metrics::gauge!(READY_KEYS).set(number(app.authority.ready_keys()));
    metrics::gauge!(STORE_WRITABLE).set(u32::from(store.health().is_writable()));
    for (file, suffix) in [("database", ""), ("log", "-wal")] {
        let mut path = store.path().as_os_str().to_owned();
        path.push(suffix);
        // A log that is not there has nothing in it.
        let length = fs::metadata(path).map_or(0, |metadata| metadata.len());
        metrics::gauge!(STORE_BYTES, "file" => file).set(length as f64);
    }
    let state = app.cluster.state();
    for status in DatabaseStatus::ALL {
        let count = state
            .databases()
            .filter(|database| app.databases.status(database) == status)
            .count();
        metrics::gauge!(DATABASES, "status" => status.as_str()).set(number(count));
    }
}

/// The open connections of this server, in Prometheus' text form. Other servers of this process, which only tests have,
/// have connections of their own.
pub(super) fn connections(app: &App) -> String {
    let mut text = Exposition::default();
    let mut series = text.metric(CONNECTIONS);
    for listener in ListenerKind::ALL {
        let counts = app.connection_counts.of(listener);
        for identity in IdentityKind::ALL {
            let labels = [("listener", listener.as_str()), ("identity", identity.as_str())];
            series.add(&labels, counts.get(identity));
        }
    }
    text.into_text()
}

fn number(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}
