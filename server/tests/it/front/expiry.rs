//! Warnings in the log of a running server, whose clock is moved under it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use certward_pki::Certificate;
use certward_server::clock::{Clock as _, ManualClock, SystemClock};
use certward_server::telemetry::CapturedLog;
use time::OffsetDateTime;

use super::support::{Fixture, Identity};

#[tokio::test(flavor = "multi_thread")]
async fn running_server_warns_of_a_certificate_once_at_each_number_of_days_and_once_when_it_has_expired() {
    let log = CapturedLog::default();
    let subscriber = tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_writer(Arc::new(log.clone()))
        .finish();
    // Warnings are written from a thread of their own. Tests beside this one log here too: their certificates are others.
    tracing::subscriber::set_global_default(subscriber).unwrap();
    let clock = Arc::new(ManualClock::at(SystemClock.now()));
    let fixture = Fixture::start_at(&["--Certward.Expiry.WarnDaysBefore=7;1"], clock.clone()).await;
    let end = clock.now() + time::Duration::days(60);
    let first = registered(&fixture, end).await;
    // What comes an hour later shows when the server has looked again.
    let later = registered(&fixture, end + time::Duration::HOUR).await;

    let mut told = Vec::new();
    for (hours, expected) in [
        (8 * 24, None),
        (7 * 24, Some("expires in 7 days")),
        (24, Some("expires in 1 day")),
        (-1, Some("has expired")),
    ] {
        for of in [&first, &later] {
            clock.set(of.end - time::Duration::hours(hours));
            if let Some(expected) = expected {
                let expected = format!("{} a registered client certificate {expected}", of.thumbprint);
                let deadline = Instant::now() + Duration::from_secs(30);
                while told.last() != Some(&expected) {
                    assert!(Instant::now() < deadline, "{expected}: {told:?}");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    told.extend(warnings(&log.take(), &[&first, &later]));
                }
            }
        }
    }
    let expected = ["expires in 7 days", "expires in 1 day", "has expired"];
    let expected: Vec<_> = expected
        .iter()
        .flat_map(|when| [(&first, when), (&later, when)])
        .map(|(of, when)| format!("{} a registered client certificate {when}", of.thumbprint))
        .collect();
    assert_eq!(told, expected);
}

/// A registered certificate.
struct Registered {
    thumbprint: String,
    end: OffsetDateTime,
}

async fn registered(fixture: &Fixture, end: OffsetDateTime) -> Registered {
    let identity = Identity::made("client", |parameters| parameters.not_after = end);
    fixture.register_identity(&identity, "ValidUser").await;
    let certificate = Certificate::from_der(identity.chain[0].clone()).unwrap();
    Registered {
        thumbprint: certificate.thumbprint().to_string(),
        end: certificate.validity().not_after,
    }
}

/// The warnings of these certificates, each with its thumbprint.
fn warnings(log: &str, of: &[&Registered]) -> Vec<String> {
    log.lines()
        .filter_map(|line| {
            let event: serde_json::Value = serde_json::from_str(line).unwrap();
            let thumbprint = event["certificate.thumbprint"].as_str()?;
            let is_of = of.iter().any(|registered| registered.thumbprint == thumbprint);
            let text = event["message"].as_str().unwrap();
            (is_of && event["level"] == "WARN" && event["certificate.use"] == "client")
                .then(|| format!("{thumbprint} {text}"))
        })
        .collect()
}
