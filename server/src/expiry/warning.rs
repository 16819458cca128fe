//! Warnings in the log about certificates that expire soon or have expired: one per certificate and number of days.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration as Interval;

use time::{Duration, OffsetDateTime};
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use super::nearest::{Kept, Nearest};
use super::sources::{Sources, each_certificate};
use super::warn_days::{Stage, time_left};
use super::{Key, Sighting, Use, WarnDays};
use certward_system::clock::rfc3339;

/// Warns until `stop`: at once about certificates that expire soon, and later about further ones.
pub(crate) async fn watch(sources: Arc<Sources>, stop: CancellationToken) {
    let mut warnings = Warnings::new(sources.warn_days.clone());
    if sources.warn_days.is_empty() {
        return;
    }
    let mut last: Option<OffsetDateTime> = None;
    let mut tick = tokio::time::interval(TICK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = tick.tick() => {}
        }
        let now = sources.clock.now();
        if !is_due(last, now) {
            continue;
        }
        last = Some(now);
        let sources = Arc::clone(&sources);
        // On a thread of its own: with a million certificates it takes a while.
        let looked = tokio::task::spawn_blocking(move || {
            let mut look = warnings.look(now);
            each_certificate(&sources, |sighting| look.add(&sighting));
            look.finish();
            warnings
        });
        match looked.await {
            Ok(after) => warnings = after,
            // A panic has been logged.
            Err(_) => return,
        }
    }
}

/// Returns `true` if certificates have to be checked again, even after the clock was set.
fn is_due(last: Option<OffsetDateTime>, now: OffsetDateTime) -> bool {
    last.is_none_or(|last| !(Duration::ZERO..LOOK_EVERY).contains(&(now - last)))
}

/// The warnings that have been logged.
#[derive(Debug)]
struct Warnings {
    days: WarnDays,
    /// The last warning about each certificate.
    told: HashMap<Key, Stage>,
}

/// One check of all certificates.
#[derive(Debug)]
struct Look<'a> {
    warnings: &'a mut Warnings,
    now: OffsetDateTime,
    /// Replaces [`Warnings::told`] afterwards, without certificates that are gone.
    told: HashMap<Key, Stage>,
    /// Certificates with a new warning, by the label of their use.
    news: BTreeMap<&'static str, Nearest>,
}

impl Warnings {
    fn new(days: WarnDays) -> Self {
        Self {
            days,
            told: HashMap::new(),
        }
    }

    fn look(&mut self, now: OffsetDateTime) -> Look<'_> {
        Look {
            warnings: self,
            now,
            told: HashMap::new(),
            news: BTreeMap::new(),
        }
    }
}

impl Look<'_> {
    fn add(&mut self, sighting: &Sighting<'_>) {
        let key = sighting.key;
        if !key.used_as.is_noticed() {
            return;
        }
        let before = self.warnings.told.get(&key).copied();
        let present = self.warnings.days.stage(sighting.not_after, self.now);
        // The clock may have been set back: what was told stays told.
        let Some(nearest) = before.into_iter().chain(present).min() else {
            return;
        };
        self.told.insert(key, nearest);
        if before == Some(nearest) {
            return;
        }
        let end = sighting.not_after.unix_timestamp();
        // What can still be renewed in time comes first, and then what has expired last.
        let rank = if nearest == Stage::Expired {
            i64::MAX.saturating_sub(end)
        } else {
            end
        };
        self.news
            .entry(key.used_as.label())
            .or_insert_with(|| Nearest::new(NAMED))
            .offer(rank, sighting);
    }

    fn finish(self) {
        self.warnings.told = self.told;
        for (label, news) in self.news {
            let left_out = news.left_out();
            news.into_sorted().iter().for_each(|kept| warn(kept, self.now));
            if left_out > 0 {
                tracing::warn!(
                    "certificate.use" = label,
                    count = left_out,
                    "{left_out} more like {}: the metric certward_certificates_expiring counts them all",
                    Use::description(label)
                );
            }
        }
    }
}

fn warn(kept: &Kept, now: OffsetDateTime) {
    let used_as = kept.key.used_as;
    let label = used_as.label();
    let when = match time_left(kept.not_after, now).map(Duration::whole_days) {
        None => "has expired".to_owned(),
        Some(0) => "expires in less than a day".to_owned(),
        Some(1) => "expires in 1 day".to_owned(),
        Some(days) => format!("expires in {days} days"),
    };
    tracing::warn!(
        "certificate.use" = label,
        certificate.name = kept.name,
        certificate.thumbprint = %kept.key.thumbprint,
        certificate.not_after = rfc3339(&kept.not_after),
        database.uid = used_as.database().map(|uid| uid.get()),
        "{} {when}",
        Use::description(label)
    );
}

/// Interval at which the clock is read.
const TICK: Interval = Interval::from_secs(1);
/// Interval at which certificates are checked: short compared with days.
const LOOK_EVERY: Duration = Duration::minutes(10);
/// Maximum number of certificates of one use that a warning names. The others are counted.
const NAMED: usize = 20;

#[cfg(test)]
mod tests {
    use certward_pki::Thumbprint;
    use time::macros::datetime;

    use super::super::Name;
    use super::*;
    use certward_system::telemetry::CapturedLog;

    const NOW: OffsetDateTime = datetime!(2026-11-30 12:00 UTC);

    /// A certificate by its number, which is also its name, that expires this many days after [`NOW`].
    type Given = (Use, u8, i64);

    struct Log {
        warnings: Warnings,
    }

    impl Log {
        fn new(days: &str) -> Self {
            Self {
                warnings: Warnings::new(WarnDays::parse(days).unwrap()),
            }
        }

        /// The log lines of a check of these certificates, this many hours after [`NOW`].
        fn look(&mut self, hours: i64, certificates: &[Given]) -> Vec<String> {
            let log = CapturedLog::default();
            let subscriber = tracing_subscriber::fmt()
                .json()
                .flatten_event(true)
                .with_writer(Arc::new(log.clone()))
                .finish();
            tracing::subscriber::with_default(subscriber, || {
                let mut look = self.warnings.look(NOW + Duration::hours(hours));
                for (used_as, number, days) in certificates {
                    look.add(&Sighting {
                        key: Key {
                            used_as: *used_as,
                            thumbprint: Thumbprint::from_bytes([*number; 20]),
                        },
                        name: Name::Given(&number.to_string()),
                        not_after: NOW + Duration::days(*days),
                    });
                }
                look.finish();
            });
            log.take()
                .lines()
                .map(|line| {
                    let event: serde_json::Value = serde_json::from_str(line).unwrap();
                    assert_eq!(event["level"], "WARN");
                    let name = event["certificate.name"].as_str().unwrap_or("-");
                    format!("{name}: {}", event["message"].as_str().unwrap())
                })
                .collect()
        }
    }

    #[test]
    fn each_number_of_days_is_told_once_and_so_is_the_end() {
        let mut log = Log::new("7;1");
        let server = [(Use::Server, 1, 8)];
        let told: Vec<_> = (0..24 * 10)
            .flat_map(|hour| log.look(hour, &server).into_iter().map(move |line| (hour, line)))
            .collect();
        let expected = [
            (24, "1: the server certificate expires in 7 days"),
            (24 * 7, "1: the server certificate expires in 1 day"),
            (24 * 8 + 1, "1: the server certificate has expired"),
        ];
        assert_eq!(told, expected.map(|(hour, line)| (hour, line.to_owned())));
    }

    #[test]
    fn at_the_start_each_certificate_is_told_once_at_the_last_number_it_has_reached() {
        let mut log = Log::new("30;14;7;1");
        let certificates = [
            (Use::Client, 1, 31),
            (Use::Client, 2, 13),
            (Use::ClusterCa, 3, 0),
            (Use::Client, 4, -3),
        ];
        let told = log.look(0, &certificates);
        let expected = [
            "2: a registered client certificate expires in 13 days",
            "4: a registered client certificate has expired",
            "3: a CA of mtls_trusted_ca expires in less than a day",
        ];
        assert_eq!(told, expected);
        assert!(log.look(0, &certificates).is_empty());
    }

    #[test]
    fn a_certificate_that_was_removed_or_renewed_is_not_told_and_its_successor_has_warnings_of_its_own() {
        let mut log = Log::new("7");
        assert!(log.look(0, &[(Use::Client, 1, 8), (Use::Client, 2, 8)]).is_empty());
        assert_eq!(log.look(48, &[(Use::Client, 2, 8)]).len(), 1);
        assert!(log.look(72, &[(Use::Client, 3, 90)]).is_empty());
        assert!(log.warnings.told.is_empty());
        assert_eq!(log.look(84 * 24, &[(Use::Client, 3, 90)]).len(), 1);
    }

    #[test]
    fn one_certificate_in_two_places_is_told_for_each() {
        let mut log = Log::new("7");
        let database = |uid| Use::DatabaseTrusted(certward_redis_model::uid::DatabaseUid::new(uid).unwrap());
        assert_eq!(log.look(0, &[(database(1), 1, 3), (database(2), 1, 3)]).len(), 2);
    }

    #[test]
    fn a_clock_that_is_set_back_repeats_nothing() {
        let mut log = Log::new("7;1");
        let server = [(Use::Server, 1, 8)];
        assert_eq!(log.look(24 * 7, &server).len(), 1);
        assert!(log.look(0, &server).is_empty());
        assert!(log.look(24 * 7, &server).is_empty());
        assert_eq!(log.look(24 * 9, &server).len(), 1);
    }

    #[test]
    fn many_certificates_at_once_are_some_lines_and_a_number() {
        let mut log = Log::new("30");
        let many: Vec<Given> = (0..=200)
            .map(|number| (Use::Client, number, i64::from(number) - 200))
            .chain([(Use::ClusterCa, 201, 5)])
            .collect();
        let told = log.look(0, &many);
        assert_eq!(told.len(), NAMED + 2);
        // What can still be renewed in time comes first.
        assert_eq!(
            told[0],
            "200: a registered client certificate expires in less than a day"
        );
        assert_eq!(told[1], "199: a registered client certificate has expired");
        assert!(
            told[NAMED].starts_with("-: 181 more like a registered client certificate"),
            "{told:?}"
        );
        assert_eq!(told[NAMED + 1], "201: a CA of mtls_trusted_ca expires in 5 days");
        assert!(log.look(0, &many).is_empty());
    }

    #[test]
    fn certificates_are_looked_at_at_the_start_every_ten_minutes_and_when_the_clock_was_set() {
        for (seconds, expected) in [(0, false), (599, false), (600, true), (86_400, true), (-1, true)] {
            assert_eq!(
                is_due(Some(NOW), NOW + Duration::seconds(seconds)),
                expected,
                "{seconds}"
            );
        }
        assert!(is_due(None, NOW));
    }

    #[test]
    fn a_certificate_of_the_cluster_that_nothing_shows_is_not_told() {
        use certward_redis_model::named_certificate::CertificateName::{Cm, Proxy};
        let mut log = Log::new("30");
        let told = log.look(0, &[(Use::ClusterUnused(Cm), 1, 5), (Use::Cluster(Proxy), 2, 5)]);
        assert_eq!(told, ["2: a certificate of the cluster expires in 5 days"]);
    }

    #[test]
    fn without_numbers_of_days_nothing_is_told() {
        let mut log = Log::new("none");
        assert!(log.look(0, &[(Use::Server, 1, -1)]).is_empty());
    }
}
