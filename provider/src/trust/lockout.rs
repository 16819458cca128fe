//! Predicts whether the provider can still log in after a change.

use certward::pki::{Certificate, DistinguishedName};
use certward::redis_enterprise::{AuthMethod, Client, Cluster, LoginMethod, SubjectValidation};
use tf_provider::{AttributePath, Diagnostics};
use time::OffsetDateTime;

use super::admission::{Refusal, Rules};
use crate::report::error;
use crate::session::RedisEnterprise;
use crate::values::certificate_name::called;

impl Rules {
    /// The rules of this cluster.
    pub(crate) fn of(cluster: &Cluster, authorities: Vec<Certificate>) -> Self {
        let validation = cluster.mtls_client_cert_subject_validation_type.clone();
        Self {
            certificate_authentication: cluster.mtls_certificate_authentication.unwrap_or(false),
            authorities,
            subject_validation: validation.unwrap_or(SubjectValidation::Disabled),
            authorized_subjects: cluster.mtls_authorized_subjects.clone(),
        }
    }
}

/// The reason why the provider's certificate would be refused under `after`, although it is admitted under `before`;
/// `None` if the login continues to work.
///
/// A cluster may admit a certificate independently of these rules: Certward's server does so for its own certificate
/// and for RavenDB's administrators. So the login is considered to depend on the rules only if the present ones admit
/// it and a user has its subject. If the users cannot be listed, it is considered to.
pub(crate) async fn ends_login(
    redis: &RedisEnterprise,
    before: &Rules,
    after: &Rules,
    now: OffsetDateTime,
) -> Option<Refusal> {
    if redis.client.login_method() != LoginMethod::Certificate {
        return None;
    }
    let refusal = after.refusal(&redis.own_chain, now)?;
    if before.refusal(&redis.own_chain, now).is_some() {
        return None;
    }
    let own = redis.own_chain.first()?;
    is_user(&redis.client, own.subject())
        .await
        .unwrap_or(true)
        .then_some(refusal)
}

/// Returns `true` when a certificate user has this subject.
pub(crate) async fn is_user(client: &Client, subject: &DistinguishedName) -> Result<bool, certward::Error> {
    let users = client.users().list().await?;
    Ok(users.iter().any(|user| {
        let line = user.certificate_subject_line.as_deref().unwrap_or_default();
        user.auth_method == AuthMethod::Certificate
            && line.parse().is_ok_and(|name: DistinguishedName| name == *subject)
    }))
}

/// Adds the error about a change that would lock the provider out.
pub(crate) fn refuse(
    diags: &mut Diagnostics,
    attribute: AttributePath,
    change: &str,
    own: &Certificate,
    why: &Refusal,
) {
    error(
        diags,
        attribute,
        "Would lock you out",
        format!(
            "Refusing to {change}: the provider logs in with {} (issuer {}), and afterwards the cluster would not let it \
             in, because {why}. Nothing was changed. Log in another way first, or let the cluster keep what the login \
             needs; to do it all the same, set allow_lockout = true.",
            called(own),
            own.issuer()
        ),
    );
}
