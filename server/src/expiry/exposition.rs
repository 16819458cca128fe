//! The metrics of certificates that end.

use std::sync::Arc;

use time::{Duration, OffsetDateTime};
use tokio::sync::Mutex;

use super::WarnDays;
use super::sources::{Sources, each_certificate};
use super::survey::Survey;
use certward_system::telemetry::{
    CERTIFICATE_EARLIEST_EXPIRY, CERTIFICATE_EXPIRY, CERTIFICATES, CERTIFICATES_EXPIRED, CERTIFICATES_EXPIRING,
    CERTIFICATES_UNLISTED, Exposition,
};

/// Makes the text of the metrics, and keeps it while it holds.
#[derive(Debug)]
pub(crate) struct ExpiryMetrics {
    sources: Arc<Sources>,
    /// Held while the text is made: a scrape that comes meanwhile gets the same.
    last: Mutex<Option<(Basis, Arc<str>)>>,
}

/// The revisions that a text was made from.
#[derive(Debug, Clone, Copy)]
struct Basis {
    registry: u64,
    cluster: u64,
    server_certificate: u64,
    at: OffsetDateTime,
}

impl ExpiryMetrics {
    pub(crate) fn new(sources: Arc<Sources>) -> Self {
        Self {
            sources,
            last: Mutex::new(None),
        }
    }

    /// The metrics in Prometheus' text form.
    pub(crate) async fn render(&self) -> Arc<str> {
        let mut last = self.last.lock().await;
        // Taken before the certificates are looked at: a change in between makes the text stale, never fresh.
        let basis = Basis::of(&self.sources);
        if let Some((_, text)) = last.as_ref().filter(|(made_from, _)| made_from.holds_at(&basis)) {
            return Arc::clone(text);
        }
        let sources = Arc::clone(&self.sources);
        // On a thread of its own: with a million certificates it takes a while.
        let made = tokio::task::spawn_blocking(move || {
            let mut survey = Survey::new(days(&sources.warn_days), basis.at);
            each_certificate(&sources, |sighting| survey.add(&sighting));
            text_of(survey)
        });
        match made.await {
            Ok(text) => {
                let text: Arc<str> = text.into();
                *last = Some((basis, Arc::clone(&text)));
                text
            }
            // A panic has been logged.
            Err(_) => Arc::default(),
        }
    }
}

impl Basis {
    fn of(sources: &Sources) -> Self {
        Self {
            registry: sources.authority.registry().revision(),
            cluster: sources.cluster.revision(),
            server_certificate: sources.server_certificates.revision(),
            at: sources.clock.now(),
        }
    }

    /// Returns `true` when a text made from this is as good as one made from `present`. Within a minute, certificates
    /// come nearer to their ends, and nothing else changes.
    fn holds_at(&self, present: &Self) -> bool {
        let age = present.at - self.at;
        self.registry == present.registry
            && self.cluster == present.cluster
            && self.server_certificate == present.server_certificate
            && (Duration::ZERO..MAX_AGE).contains(&age)
    }
}

/// The numbers of days by which certificates are counted: the usual ones, which rules for alerts name, and those at which
/// the log warns.
fn days(warn_days: &WarnDays) -> WarnDays {
    WarnDays::default().and(warn_days)
}

fn text_of(survey: Survey) -> String {
    let mut text = Exposition::default();
    let mut series = text.metric(CERTIFICATES);
    for (label, tally) in survey.tallies() {
        series.add(&[("use", label)], tally.total());
    }
    let mut series = text.metric(CERTIFICATES_EXPIRING);
    for (label, tally) in survey.tallies() {
        for (days, count) in survey.days().iter().zip(&tally.within) {
            series.add(&[("use", label), ("within_days", &days.to_string())], count);
        }
    }
    let mut series = text.metric(CERTIFICATES_EXPIRED);
    for (label, tally) in survey.tallies() {
        series.add(&[("use", label)], tally.expired());
    }
    let mut series = text.metric(CERTIFICATES_UNLISTED);
    for (label, tally) in survey.tallies() {
        series.add(&[("use", label)], tally.unlisted());
    }
    let mut series = text.metric(CERTIFICATE_EARLIEST_EXPIRY);
    for (label, tally) in survey.tallies() {
        if let Some(earliest) = tally.earliest {
            series.add(&[("use", label)], earliest.unix_timestamp());
        }
    }
    let mut series = text.metric(CERTIFICATE_EXPIRY);
    for kept in survey.into_listed() {
        let used_as = kept.key.used_as;
        let thumbprint = kept.key.thumbprint.to_string();
        let database = used_as.database().map(|uid| uid.to_string()).unwrap_or_default();
        let labels = [
            ("use", used_as.label()),
            ("name", kept.name.as_str()),
            ("thumbprint", thumbprint.as_str()),
            ("database", database.as_str()),
        ];
        series.add(&labels, kept.not_after.unix_timestamp());
    }
    text.into_text()
}

const MAX_AGE: Duration = Duration::MINUTE;

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use certward_pki::Thumbprint;
    use rcgen::{CertificateParams, KeyPair};
    use time::macros::datetime;

    use super::super::sources::each_registered;
    use super::*;
    use certward_ravendb::model::clearance::{Permissions, SecurityClearance};
    use certward_ravendb::model::definition::{Grant, RegisteredCertificate};
    use certward_ravendb::model::registry::Registry;

    const NOW: OffsetDateTime = datetime!(2026-11-30 12:00 UTC);

    /// So many clients, whose certificates end one a minute.
    fn registry(count: u32) -> Registry {
        let certificate = CertificateParams::default().self_signed(&KeyPair::generate().unwrap());
        let certificate = certward_pki::Certificate::from_der(certificate.unwrap().der().clone()).unwrap();
        let grant = Grant {
            name: "an \"orders\" service\\".to_owned(),
            clearance: SecurityClearance::ValidUser,
            permissions: Permissions::default(),
            disabled: false,
            two_factor_key: None,
        };
        let one = RegisteredCertificate::new(&certificate, grant);
        Registry::new((0..count).map(|number| {
            let mut one = one.clone();
            // Scattered, as digests are.
            let scattered = number.wrapping_mul(2_654_435_761);
            let (mut thumbprint, mut hash) = ([0; 20], [0; 32]);
            thumbprint[..4].copy_from_slice(&scattered.to_be_bytes());
            hash[..4].copy_from_slice(&scattered.to_be_bytes());
            one.thumbprint = Thumbprint::from_bytes(thumbprint);
            one.pinning_hash = data_encoding::BASE64.encode(&hash).parse().unwrap();
            one.validity.not_after = NOW + Duration::minutes(i64::from(number));
            one
        }))
    }

    fn text(registry: &Registry) -> String {
        let mut survey = Survey::new(WarnDays::default(), NOW);
        each_registered(registry, &mut |sighting| survey.add(&sighting));
        text_of(survey)
    }

    #[test]
    fn the_series_are_bounded_however_many_certificates_there_are() {
        let text = text(&registry(5000));
        let series = |start: &str| text.lines().filter(|line| line.starts_with(start)).count();
        assert_eq!(series("certward_certificate_expiry_timestamp_seconds{"), 1000);
        for line in [
            r#"certward_certificates{use="client"} 5000"#,
            r#"certward_certificates_unlisted{use="client"} 4000"#,
            r#"certward_certificates_expiring{use="client",within_days="1"} 1441"#,
            r#"certward_certificates_expired{use="client"} 0"#,
            r#"certward_certificates{use="server"} 0"#,
        ] {
            assert!(text.lines().any(|other| other == line), "{line} is not in {text}");
        }
        let first = format!(
            r#"certward_certificate_expiry_timestamp_seconds{{use="client",name="an \"orders\" service\\",thumbprint="{}"}} {}"#,
            "0".repeat(40),
            NOW.unix_timestamp()
        );
        assert!(text.lines().any(|line| line == first), "{text}");
    }

    /// Run it with `--run-ignored only --no-capture`.
    #[test]
    #[ignore = "measures, and proves nothing"]
    fn how_long_the_metrics_of_many_certificates_take() {
        for count in [10_000, 100_000, 1_000_000] {
            let registry = registry(count);
            let times: Vec<_> = (0..5)
                .map(|_| {
                    let start = Instant::now();
                    let length = text(&registry).len();
                    (start.elapsed(), length)
                })
                .collect();
            let start = Instant::now();
            let page = registry.page_after(None, 1000);
            println!(
                "{count}: {times:?}; a page of {} takes {:?}",
                page.len(),
                start.elapsed()
            );
        }
    }
}
