//! Reading, trusting, importing and ending the trust in one authority.

use certward::pki::{Certificate, Sha256Fingerprint};
use tf_provider::value::Value;
use tf_provider::{AttributePath, Diagnostics};

use super::KIND;
use super::model::TrustedCaState;
use super::plan::CERTIFICATE_PEM;
use crate::report::error;
use crate::run::taken_over;
use crate::session::Session;
use crate::trust::ca_certificate::{self};
use crate::trust::kept::Kept;
use crate::trust::store::{self, Attempt, Change, Trusted};
use crate::values::certificate_name::called;

/// The authority as it is now. `None` without an error: the cluster does not trust it any more.
pub(crate) async fn read(diags: &mut Diagnostics, session: &Session, state: TrustedCaState) -> Option<TrustedCaState> {
    if session.redis_enterprise.is_unknown() {
        return Some(state);
    }
    let redis = session.redis_enterprise(diags, KIND)?;
    let authorities = store::read(diags, &redis.client).await?;
    let fingerprint = state.fingerprint_sha256.as_deref().unwrap_or_default();
    let mut authorities = authorities.iter();
    let found = authorities.find(|authority| authority.fingerprint().to_string() == fingerprint);
    let Some(authority) = found else {
        tracing::info!(fingerprint, "the authority is no longer trusted");
        return None;
    };
    if !session.run.plans.note_read(diags, &store::key(authority.fingerprint())) {
        return None;
    }
    let ending = ca_certificate::ending(CERTIFICATE_PEM, authority, session.clock.now());
    diags.warnings.extend(ending);
    Some(state)
}

/// Trusts a planned authority; one that is trusted already is taken over, with a warning.
pub(crate) async fn create(
    diags: &mut Diagnostics,
    session: &Session,
    planned: TrustedCaState,
) -> Option<TrustedCaState> {
    let authority = certificate(diags, &planned)?;
    diags.errors.extend(ca_certificate::check(CERTIFICATE_PEM, &authority));
    if !diags.errors.is_empty() {
        return None;
    }
    let (planned, trusted) = trust(diags, session, planned, authority.clone()).await?;
    if trusted.already {
        let what = format!("The trust in {}", called(&authority));
        taken_over(diags, &what, AttributePath::new(CERTIFICATE_PEM));
    }
    Some(planned)
}

/// Sees to it that an authority of the state stays trusted.
pub(crate) async fn keep(
    diags: &mut Diagnostics,
    session: &Session,
    planned: TrustedCaState,
) -> Option<TrustedCaState> {
    let authority = certificate(diags, &planned)?;
    let (planned, _) = trust(diags, session, planned, authority).await?;
    Some(planned)
}

async fn trust(
    diags: &mut Diagnostics,
    session: &Session,
    mut planned: TrustedCaState,
    authority: Certificate,
) -> Option<(TrustedCaState, Trusted)> {
    let redis = session.redis_enterprise(diags, KIND)?;
    let what = called(&authority);
    let attribute = AttributePath::new(CERTIFICATE_PEM);
    let attempt = Attempt {
        what: &format!("trust {what}"),
        attribute: attribute.clone(),
        allow_lockout: planned.allow_lockout == Value::Value(true),
        now: session.clock.now(),
    };
    planned.describe(&authority);
    let key = store::key(authority.fingerprint());
    session.run.objects.claim(diags, &key, &what, attribute)?;
    let trusted = store::change(diags, session, redis, &Change::Add(&[authority]), &attempt).await?;
    Some((planned, trusted))
}

/// Ends the trust; an authority that is not trusted any more is fine.
pub(crate) async fn destroy(
    diags: &mut Diagnostics,
    session: &Session,
    prior: &TrustedCaState,
    kept: &Kept,
) -> Option<()> {
    let redis = session.redis_enterprise(diags, KIND)?;
    let authority = certificate(diags, prior)?;
    if kept.has(&authority) {
        tracing::info!("{} stays trusted, because a bundle has it", called(&authority));
        return Some(());
    }
    let attempt = Attempt {
        what: &format!("end the trust in {}", called(&authority)),
        attribute: AttributePath::root(),
        allow_lockout: prior.allow_lockout == Value::Value(true),
        now: session.clock.now(),
    };
    store::change(diags, session, redis, &Change::Remove(&[authority]), &attempt)
        .await
        .map(drop)
}

/// The state of the trusted authority with this SHA-256 fingerprint, in any spelling.
pub(crate) async fn import(diags: &mut Diagnostics, session: &Session, id: &str) -> Option<TrustedCaState> {
    let redis = session.redis_enterprise(diags, KIND)?;
    let Ok(fingerprint) = Sha256Fingerprint::parse_lenient(id.trim()) else {
        error(
            diags,
            AttributePath::root(),
            "Unsuitable import id",
            format!(
                "\"{}\" is no SHA-256 fingerprint (64 hexadecimal digits, in any case, with or without colons), as \
                 \"openssl x509 -noout -fingerprint -sha256\" prints it.",
                id.escape_debug()
            ),
        );
        return None;
    };
    let authorities = store::read(diags, &redis.client).await?;
    let Some(authority) = authorities
        .iter()
        .find(|authority| authority.fingerprint() == fingerprint)
    else {
        let known: Vec<String> = authorities
            .iter()
            .map(|authority| format!("{} ({})", called(authority), authority.fingerprint()))
            .collect();
        let known = if known.is_empty() {
            "none".to_owned()
        } else {
            known.join("; ")
        };
        error(
            diags,
            AttributePath::root(),
            "No such authority",
            format!("The cluster trusts no authority with the fingerprint {fingerprint}. It trusts: {known}."),
        );
        return None;
    };
    let mut state = TrustedCaState {
        certificate_pem: Value::Value(authority.to_pem()),
        allow_lockout: Value::Value(false),
        ..TrustedCaState::default()
    };
    state.describe(authority);
    Some(state)
}

fn certificate(diags: &mut Diagnostics, state: &TrustedCaState) -> Option<Certificate> {
    let text = state.certificate_pem.as_deref().unwrap_or_default();
    match ca_certificate::parse_one(CERTIFICATE_PEM, text) {
        Ok(certificate) => Some(certificate),
        Err(finding) => {
            diags.add_error(finding);
            None
        }
    }
}

#[cfg(test)]
#[path = "lifecycle_tests.rs"]
mod tests;
