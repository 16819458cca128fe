//! Reading, writing, importing and removing the bundle.

use certward::pki::Certificate;
use tf_provider::value::Value;
use tf_provider::{AttributePath, Diagnostics};

use super::KIND;
use super::model::{ID, TrustedCaBundleState};
use super::plan::{CERTIFICATES_PEM, KEEP, REMOVE, no_authorities};
use crate::report::{error, warning};
use crate::run::{Key, Release};
use crate::session::Session;
use crate::trust::ca_certificate::{self};
use crate::trust::kept::Kept;
use crate::trust::store::{self, Attempt, Change};
use crate::values::certificate_name::called;

/// The bundle as it is now. `None` without an error: the cluster trusts no authority.
pub(crate) async fn read(
    diags: &mut Diagnostics,
    session: &Session,
    mut state: TrustedCaBundleState,
) -> Option<TrustedCaBundleState> {
    if session.redis_enterprise.is_unknown() {
        return Some(state);
    }
    let redis = session.redis_enterprise(diags, KIND)?;
    let authorities = store::read(diags, &redis.client).await?;
    if authorities.is_empty() {
        tracing::info!("the cluster trusts no authority any more");
        return None;
    }
    if !session.run.plans.note_read(diags, &key()) {
        return None;
    }
    let now = session.clock.now();
    let endings = authorities
        .iter()
        .filter_map(|authority| ca_certificate::ending(CERTIFICATES_PEM, authority, now));
    diags.warnings.extend(endings);
    if let Some(members) = state.members() {
        let strangers: Vec<String> = authorities
            .iter()
            .filter(|authority| !members.contains_key(&authority.fingerprint()))
            .map(called)
            .collect();
        if !strangers.is_empty() {
            warning(
                diags,
                AttributePath::new(CERTIFICATES_PEM),
                "Authorities beside the bundle",
                format!(
                    "The cluster also trusts {}, which this bundle does not list; applying ends that. If \
                     certward_trusted_ca manages it, use one of the two resources only.",
                    strangers.join("; ")
                ),
            );
        }
    }
    state.take_over(&authorities);
    Some(state)
}

/// Makes the cluster trust what is planned and nothing else; what it does so already is fine.
pub(crate) async fn write(
    diags: &mut Diagnostics,
    session: &Session,
    mut planned: TrustedCaBundleState,
) -> Option<TrustedCaBundleState> {
    let redis = session.redis_enterprise(diags, KIND)?;
    let members = members(diags, &planned)?;
    let findings = members
        .iter()
        .flat_map(|certificate| ca_certificate::check(CERTIFICATES_PEM, certificate));
    diags.errors.extend(findings);
    if !diags.errors.is_empty() {
        return None;
    }
    if members.is_empty() {
        no_authorities(diags);
        return None;
    }
    let what = "the cluster's trusted authorities";
    let attribute = AttributePath::new(CERTIFICATES_PEM);
    session.run.objects.claim(diags, &key(), what, attribute)?;
    let attempt = Attempt {
        what: "write the trusted authorities",
        attribute: AttributePath::new(CERTIFICATES_PEM),
        allow_lockout: planned.allow_lockout == Value::Value(true),
        now: session.clock.now(),
    };
    let trusted = store::change(diags, session, redis, &Change::Replace(&members), &attempt).await?;
    planned.take_over(&trusted.authorities);
    Some(planned)
}

/// Ends the trust in the bundle's authorities, or leaves it, as `on_destroy` says.
pub(crate) async fn destroy(
    diags: &mut Diagnostics,
    session: &Session,
    prior: &TrustedCaBundleState,
    kept: &Kept,
) -> Option<()> {
    if session
        .run
        .objects
        .release(diags, &key(), "The bundle of trusted authorities")
        == Release::Keep
    {
        return Some(());
    }
    if prior.on_destroy != Value::Value(REMOVE.to_owned()) {
        warning(
            diags,
            AttributePath::new("on_destroy"),
            "Authorities stay trusted",
            format!(
                "on_destroy is \"{KEEP}\": Terraform forgets the bundle, and the cluster goes on trusting its \
                 authorities. To end that, apply with on_destroy = \"{REMOVE}\" before destroying."
            ),
        );
        return Some(());
    }
    let redis = session.redis_enterprise(diags, KIND)?;
    let mut members = members(diags, prior)?;
    members.retain(|authority| !kept.has(authority));
    let attempt = Attempt {
        what: "end the trust in the bundle's authorities",
        attribute: AttributePath::root(),
        allow_lockout: prior.allow_lockout == Value::Value(true),
        now: session.clock.now(),
    };
    store::change(diags, session, redis, &Change::Remove(&members), &attempt)
        .await
        .map(drop)
}

/// The state of whatever the cluster trusts; the only id is `bundle`.
pub(crate) async fn import(diags: &mut Diagnostics, session: &Session, id: &str) -> Option<TrustedCaBundleState> {
    let redis = session.redis_enterprise(diags, KIND)?;
    if id.trim() != ID {
        error(
            diags,
            AttributePath::root(),
            "Unsuitable import id",
            format!(
                "A cluster has one bundle, and its id is \"{ID}\"; \"{}\" is not known.",
                id.escape_debug()
            ),
        );
        return None;
    }
    let authorities = store::read(diags, &redis.client).await?;
    if authorities.is_empty() {
        error(
            diags,
            AttributePath::root(),
            "No trusted authorities",
            "The cluster trusts no authority, so there is nothing to import. Create the resource instead.",
        );
        return None;
    }
    let mut state = TrustedCaBundleState {
        on_destroy: Value::Value(KEEP.to_owned()),
        allow_lockout: Value::Value(false),
        ..TrustedCaBundleState::default()
    };
    state.take_over(&authorities);
    Some(state)
}

/// The key of the only bundle of a cluster in the table of the run.
pub(crate) fn key() -> Key {
    Key::new(KIND.type_name, "id", ID)
}

fn members(diags: &mut Diagnostics, state: &TrustedCaBundleState) -> Option<Vec<Certificate>> {
    let mut members: Vec<Certificate> = Vec::new();
    let texts = state
        .certificates_pem
        .as_ref_option()
        .map(Vec::as_slice)
        .unwrap_or_default();
    for text in texts.iter().filter_map(Value::as_deref_option) {
        match ca_certificate::parse_all(CERTIFICATES_PEM, text) {
            Ok(certificates) => members.extend(certificates),
            Err(finding) => diags.add_error(finding),
        }
    }
    diags.errors.is_empty().then_some(members)
}

#[cfg(test)]
#[path = "lifecycle_tests.rs"]
mod tests;
