//! Metrics that are computed on request.

use std::fs;

use crate::app::App;
use certward_redis_proxy::DatabaseStatus;
use certward_system::telemetry::{
    BUILD_INFO, CONNECTIONS, DATABASES, Exposition, READY_KEYS, STORE_BYTES, STORE_WRITABLE,
};
use certward_transport::listener::identity_counts::{IdentityKind, ListenerKind};

/// Computes them.
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
    let counts = by_status(state.databases().map(|database| app.databases.status(database)));
    for (status, count) in counts {
        metrics::gauge!(DATABASES, "status" => status.as_str()).set(number(count));
    }
}

/// Returns the number of databases of each status, zero included.
fn by_status(statuses: impl Iterator<Item = DatabaseStatus>) -> [(DatabaseStatus, usize); DatabaseStatus::ALL.len()] {
    let mut counts = DatabaseStatus::ALL.map(|status| (status, 0));
    for status in statuses {
        // The order of the list is that of the type.
        counts[status as usize].1 += 1;
    }
    counts
}

/// The open connections of this server, in Prometheus's text format. Other servers of the process, which only tests
/// have, count their own.
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

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn each_database_is_asked_once_for_its_status_and_every_status_has_a_number() {
        let asked = Cell::new(0);
        let statuses = [DatabaseStatus::Recovery, DatabaseStatus::Active, DatabaseStatus::Active];
        let counts = by_status(statuses.into_iter().inspect(|_| asked.set(asked.get() + 1)));
        assert_eq!(asked.get(), 3);
        for (status, count) in counts {
            let expected = statuses.iter().filter(|one| **one == status).count();
            assert_eq!(count, expected, "{status:?}");
        }
        assert_eq!(counts.map(|(status, _)| status), DatabaseStatus::ALL);
    }
}
