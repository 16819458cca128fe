//! Carries out the console's requests: the use cases of [`certward_ravendb::usecases`], as the caller "console".

use std::sync::Arc;

use certward_pki::{Certificate, ErrorChain};
use secrecy::SecretString;
use time::{Date, Month, OffsetDateTime};

use super::message::{Answer, Request, Secret};
use crate::app::App;
use certward_certificates::certificate::CertificateBundle;
use certward_ravendb::access::authn::Caller;
use certward_ravendb::access::authz::action::{GenerateCertificate, RegisterCertificate, ReplaceServerCertificate};
use certward_ravendb::access::authz::{Action, Permit, authorize};
use certward_ravendb::model::clearance::{Permissions, SecurityClearance};
use certward_ravendb::model::definition::Grant;
use certward_ravendb::usecases::replacement::{ReplaceRequest, SWAP_DELAY};
use certward_ravendb::usecases::{GenerateRequest, RegisterRequest};
use certward_system::clock::rfc3339;

/// Handles a request. An error becomes the text of the answer.
pub(super) async fn handle(app: &Arc<App>, caller: &Arc<Caller>, request: Request) -> Answer {
    let outcome = match request {
        Request::GenerateClientCertificate { name, months, password } => {
            generate(app, caller, name, months, password).await
        }
        Request::TrustClientCertificate { name, pfx, password } => {
            register(app, caller, name, &pfx, password, Purpose::ClientAuth).await
        }
        Request::TrustServerCertificate { name, pfx, password } => {
            register(app, caller, name, &pfx, password, Purpose::ServerAuth).await
        }
        Request::ReplaceClusterCertificate {
            pfx,
            password,
            immediately,
        } => replace(app, caller, &pfx, password, immediately).await,
        Request::TriggerCertificateRefresh => refresh(app, caller).await,
    };
    outcome.unwrap_or_else(|message| Answer::Failed { message })
}

async fn generate(
    app: &App,
    caller: &Arc<Caller>,
    name: String,
    months: Option<u32>,
    password: Option<Secret>,
) -> Result<Answer, String> {
    let not_after = match months {
        None => None,
        Some(months) => Some(months_later(app.clock.now(), months).ok_or("the end of validity is too far away")?),
    };
    let request = GenerateRequest {
        grant: cluster_grant(name, SecurityClearance::ClusterAdmin),
        password: password.map(secret_string),
        not_after,
        request_id: None,
    };
    let permit = permit::<GenerateCertificate>(caller)?;
    let issued = app
        .authority
        .generate(&permit, request)
        .await
        .map_err(|error| format!("failed to generate the client certificate: {}", ErrorChain::new(&error)))?;
    Ok(Answer::Generated {
        thumbprint: issued.certificate.thumbprint().to_string(),
        archive: Secret::from_bytes(&issued.archive),
    })
}

/// The extended key usage that a certificate is trusted for.
#[derive(Debug, Clone, Copy)]
enum Purpose {
    ClientAuth,
    ServerAuth,
}

async fn register(
    app: &App,
    caller: &Arc<Caller>,
    name: String,
    pfx: &Secret,
    password: Option<Secret>,
    purpose: Purpose,
) -> Result<Answer, String> {
    let bytes = pfx.decode().ok_or("the PFX did not arrive whole")?;
    let certificates = CertificateBundle::parse(bytes.to_vec(), password.map(secret_string))
        .await
        .map_err(|error| format!("unable to load the provided certificate: {}", ErrorChain::new(&error)))?;
    let shown: Vec<_> = certificates
        .end_entities()
        .iter()
        .map(|entry| describe(&entry.certificate))
        .collect();
    for entry in certificates.end_entities() {
        check_purpose(&entry.certificate, purpose)?;
    }
    let clearance = match purpose {
        Purpose::ClientAuth => SecurityClearance::ClusterAdmin,
        Purpose::ServerAuth => SecurityClearance::ClusterNode,
    };
    let permit = permit::<RegisterCertificate>(caller)?;
    let request = RegisterRequest {
        grant: cluster_grant(name, clearance),
        certificates,
    };
    let entries = app
        .authority
        .register(&permit, request)
        .await
        .map_err(|error| format!("failed to register the certificate: {}", ErrorChain::new(&error)))?;
    let first = entries.first().ok_or("the file holds no certificate")?;
    Ok(Answer::Registered {
        thumbprint: first.thumbprint.to_string(),
        certificates: shown,
    })
}

/// The console checks what `PUT /admin/certificates` does not (`docs/contracts/ravendb.md#register` and
/// `docs/contracts/ravendb.md#console`). A certificate without the extension is refused too, as the real console does.
fn check_purpose(certificate: &Certificate, purpose: Purpose) -> Result<(), String> {
    let usage = certificate.extended_key_usage();
    let (is_there, name) = match purpose {
        Purpose::ClientAuth => (
            usage.is_some_and(|usage| usage.client_auth()),
            "clientAuth, 1.3.6.1.5.5.7.3.2",
        ),
        Purpose::ServerAuth => (
            usage.is_some_and(|usage| usage.server_auth()),
            "serverAuth, 1.3.6.1.5.5.7.3.1",
        ),
    };
    if is_there {
        return Ok(());
    }
    Err(format!(
        "the certificate {} does not have the extended key usage {name}",
        printable(certificate.subject())
    ))
}

async fn replace(
    app: &Arc<App>,
    caller: &Arc<Caller>,
    pfx: &Secret,
    password: Option<Secret>,
    immediately: bool,
) -> Result<Answer, String> {
    let permit = permit::<ReplaceServerCertificate>(caller)?;
    let bytes = pfx.decode().ok_or("the PFX did not arrive whole")?;
    let request = ReplaceRequest {
        file: bytes,
        password: password.map(secret_string),
        replace_immediately: immediately,
    };
    app.replacement
        .replace(&permit, request)
        .await
        .map_err(|error| format!("failed to replace the server certificate: {}", ErrorChain::new(&error)))?;
    let message = if immediately {
        "Successfully replaced the server certificate".to_owned()
    } else {
        format!(
            "The certificate can be used, and replaces the server certificate in {} s. The log says when it has, or why not",
            SWAP_DELAY.as_secs()
        )
    };
    Ok(Answer::Done { message })
}

async fn refresh(app: &Arc<App>, caller: &Arc<Caller>) -> Result<Answer, String> {
    let permit = permit::<ReplaceServerCertificate>(caller)?;
    app.replacement
        .refresh(&permit)
        .await
        .map_err(|error| format!("failed to refresh the server certificate: {}", ErrorChain::new(&error)))?;
    Ok(Answer::Done {
        message: "Successfully read the server certificate's file again".to_owned(),
    })
}

fn permit<A: Action>(caller: &Arc<Caller>) -> Result<Permit<A>, String> {
    authorize(caller).map_err(|denied| denied.to_string())
}

/// Rights on the cluster name no databases: they include them all.
fn cluster_grant(name: String, clearance: SecurityClearance) -> Grant {
    Grant {
        name,
        clearance,
        permissions: Permissions::none(),
        disabled: false,
        two_factor_key: None,
    }
}

fn secret_string(secret: Secret) -> SecretString {
    SecretString::from(secret.expose())
}

fn describe(certificate: &Certificate) -> String {
    let validity = certificate.validity();
    format!(
        "Subject:       {}\nIssuer:        {}\nSerial number: {}\nNot before:    {}\nNot after:     {}\nThumbprint:    {}",
        printable(certificate.subject()),
        printable(certificate.issuer()),
        certificate.serial_number(),
        rfc3339(&validity.not_before),
        rfc3339(&validity.not_after),
        certificate.thumbprint()
    )
}

/// A certificate's names are a stranger's text, and this goes to a terminal.
fn printable(name: &impl ToString) -> String {
    name.to_string()
        .chars()
        .map(|character| if character.is_control() { '\u{fffd}' } else { character })
        .collect()
}

/// Midnight of the day `months` after that of `now`, or of the last day of its month when that month is shorter.
fn months_later(now: OffsetDateTime, months: u32) -> Option<OffsetDateTime> {
    let today = now.to_offset(time::UtcOffset::UTC).date();
    let month_count = i64::from(today.year()) * 12 + i64::from(u8::from(today.month())) - 1 + i64::from(months);
    let year = i32::try_from(month_count.div_euclid(12)).ok()?;
    let month = Month::try_from(u8::try_from(month_count.rem_euclid(12) + 1).ok()?).ok()?;
    let day = today.day().min(month.length(year));
    Some(Date::from_calendar_date(year, month, day).ok()?.midnight().assume_utc())
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn months_are_counted_in_the_calendar() {
        for (now, months, later) in [
            (datetime!(2026-11-21 23:00 UTC), 1, datetime!(2026-12-21 0:00 UTC)),
            (datetime!(2026-11-21 23:00 UTC), 2, datetime!(2027-01-21 0:00 UTC)),
            (datetime!(2027-01-31 1:00 UTC), 1, datetime!(2027-02-28 0:00 UTC)),
            (datetime!(2028-01-31 1:00 UTC), 1, datetime!(2028-02-29 0:00 UTC)),
            (datetime!(2026-12-01 0:00 UTC), 1200, datetime!(2126-12-01 0:00 UTC)),
        ] {
            assert_eq!(months_later(now, months), Some(later), "{now} + {months}");
        }
    }
}
