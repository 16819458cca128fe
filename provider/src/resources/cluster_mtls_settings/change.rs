//! Changing settings so that the provider can still log in afterwards.

use std::time::Duration;

use certward::Error;
use certward::redis_enterprise::{Client, Cluster, ErrorCode, LoginMethod};
use tf_provider::{AttributePath, Diagnostics};

use super::KIND;
use super::model::{
    AUTHORIZED_SUBJECTS, BASIC_AUTHENTICATION, CERTIFICATE_AUTHENTICATION, MtlsSettings, SUBJECT_VALIDATION,
};
use crate::report::failure;
use crate::report::{error, warning};
use crate::run::trials::Trial;
use crate::session::{RedisEnterprise, Session};
use crate::trust::admission::{Refusal, Rules};
use crate::trust::{lockout, store};
use crate::values::certificate_name::called;

/// Changes that were looked at and can be made.
pub(crate) struct Prepared {
    /// Name of the cluster.
    pub(crate) cluster: String,
    /// The cluster's settings before the change.
    pub(crate) found: MtlsSettings,
    changes: MtlsSettings,
    check: Check,
}

/// The check to make after a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Check {
    /// No check: the user takes the risk.
    Nothing,
    /// The provider can still log in.
    Login,
    /// In addition, its certificate is admitted, although the provider logs in with a password.
    LoginAndCertificate,
}

/// Finds out what has to be changed, and whether the provider could still log in then. Changes nothing.
pub(crate) async fn prepare(
    diags: &mut Diagnostics,
    session: &Session,
    wanted: &MtlsSettings,
    allow_lockout: bool,
) -> Option<Prepared> {
    let redis = session.redis_enterprise(diags, KIND)?;
    let cluster = match redis.client.cluster().get().await {
        Ok(cluster) => cluster,
        Err(problem) => {
            failure::redis_enterprise(diags, "read the cluster's settings", &problem);
            return None;
        }
    };
    let found = MtlsSettings::of(&cluster);
    let mut prepared = Prepared {
        changes: wanted.changes(&found),
        found,
        cluster: cluster.name.clone(),
        check: Check::Nothing,
    };
    if prepared.changes.is_empty() || allow_lockout {
        return Some(prepared);
    }
    guard_password(diags, redis, &prepared.changes)?;
    let before = Rules::of(&cluster, store::read(diags, &redis.client).await?);
    let after = prepared.changes.applied_to(&before);
    guard_certificate(diags, session, redis, &prepared.changes, &before, &after).await?;
    let is_switched_on = prepared.changes.certificate_authentication == Some(true);
    prepared.check = Check::Login;
    if is_switched_on {
        if after.authorities.is_empty() {
            error(
                diags,
                AttributePath::new(CERTIFICATE_AUTHENTICATION),
                "No trusted authority",
                "The cluster trusts no authority that could vouch for clients, so nobody could log in with a \
                 certificate. Trust one first (certward_trusted_ca), and let this resource depend on it: depends_on = \
                 [certward_trusted_ca.…].",
            );
            return None;
        }
        if redis.client.login_method() != LoginMethod::Certificate {
            prepared.check = look_at_certificate(diags, session, redis, &after).await?;
        }
    }
    Some(prepared)
}

/// Makes the changes and looks whether the provider is still let in; if not, puts back what was there.
///
/// Answers what the cluster has then, or `None` with errors when it is as before. Is not to be dropped on the way: the
/// old values are known only here.
pub(crate) async fn commit(diags: &mut Diagnostics, session: &Session, prepared: &Prepared) -> Option<MtlsSettings> {
    let redis = session.redis_enterprise(diags, KIND)?;
    if prepared.changes.is_empty() {
        return Some(prepared.found.clone());
    }
    let request = prepared.changes.request();
    let answered = match redis.client.cluster().update(&request).send().await {
        Ok(cluster) => MtlsSettings::of(&cluster),
        Err(problem) => {
            failure::redis_enterprise(diags, "change the cluster's settings", &problem);
            return None;
        }
    };
    if prepared.check == Check::Nothing {
        return Some(answered);
    }
    let mut asked = redis.client.cluster().get().await;
    if prepared.check == Check::LoginAndCertificate
        && let Some(client) = &redis.by_certificate
        && asked.is_ok()
    {
        asked = client.cluster().get().await;
    }
    let problem = match asked {
        Ok(cluster) => return Some(MtlsSettings::of(&cluster)),
        Err(problem) => problem,
    };
    failure::redis_enterprise(diags, "log in after the change of the cluster's settings", &problem);
    put_back(diags, redis, prepared, answered).await
}

/// Checks a change at plan time, as far as possible; if the cluster does not answer, nothing is checked.
pub(crate) async fn rehearse(diags: &mut Diagnostics, session: &Session, wanted: &MtlsSettings, allow_lockout: bool) {
    let Some(redis) = session.redis_enterprise.configured() else {
        return;
    };
    if !allow_lockout && guard_password(diags, redis, wanted).is_none() {
        return;
    }
    let asked = rehearse_online(diags, session, redis, wanted, allow_lockout);
    if tokio::time::timeout(PLAN_PATIENCE, asked).await.is_err() {
        tracing::info!("the cluster did not answer in time to have the change of its settings checked");
    }
}

async fn rehearse_online(
    diags: &mut Diagnostics,
    session: &Session,
    redis: &RedisEnterprise,
    wanted: &MtlsSettings,
    allow_lockout: bool,
) {
    let Ok(cluster) = redis.client.cluster().get().await else {
        return;
    };
    let changes = wanted.changes(&MtlsSettings::of(&cluster));
    if changes.is_empty() {
        return;
    }
    if !allow_lockout {
        let Some(authorities) = store::read(&mut Diagnostics::default(), &redis.client).await else {
            return;
        };
        let before = Rules::of(&cluster, authorities);
        let after = changes.applied_to(&before);
        let guarded = guard_certificate(diags, session, redis, &changes, &before, &after).await;
        if guarded.is_none() {
            return;
        }
    }
    let change = Change {
        client: &redis.client,
        changes: &changes,
    };
    if let Some(Err(problem)) = session.trials.make(diags, &redis.client, &change).await
        && problem.is_invalid_input()
        // An authority of the same plan can come before these settings.
        && problem.redis_enterprise_code() != Some(ErrorCode::MissingTrustedCa)
    {
        failure::redis_enterprise(diags, "change the cluster's settings (tried without effect)", &problem);
    }
}

struct Change<'a> {
    client: &'a Client,
    changes: &'a MtlsSettings,
}

impl Trial for Change<'_> {
    type Answer = Cluster;
    /// The settings that still differ from the wanted ones.
    type Sight = MtlsSettings;

    async fn look(&self) -> Result<MtlsSettings, Error> {
        let cluster = self.client.cluster().get().await?;
        Ok(self.changes.changes(&MtlsSettings::of(&cluster)))
    }

    fn is_visible(&self, before: &MtlsSettings) -> bool {
        !before.is_empty()
    }

    async fn send(&self) -> Result<Cluster, Error> {
        self.client
            .cluster()
            .update(&self.changes.request())
            .dry_run()
            .send()
            .await
    }

    async fn effect(&self, before: &MtlsSettings, after: &MtlsSettings, _: Option<&Cluster>) -> Option<String> {
        let left = after.attributes();
        let mut changed = before.attributes();
        changed.retain(|attribute| !left.contains(attribute));
        (!changed.is_empty()).then(|| {
            format!(
                "It has changed the settings of the cluster: {} as this configuration has them now. The provider has left \
                 them so.",
                changed.join(", ")
            )
        })
    }
}

/// Refuses to switch passwords off while the provider logs in with one.
fn guard_password(diags: &mut Diagnostics, redis: &RedisEnterprise, changes: &MtlsSettings) -> Option<()> {
    if changes.basic_authentication != Some(false) || redis.client.login_method() == LoginMethod::Certificate {
        return Some(());
    }
    error(
        diags,
        AttributePath::new(BASIC_AUTHENTICATION),
        "Would lock you out",
        "Refusing to switch passwords off: the provider logs in with one (redis_enterprise.username). Nothing was \
         changed. Make a certificate user with the management role admin (certward_cert_user), let the provider log in \
         with its certificate (client_certificate_file and client_private_key_file, without redis_enterprise.username), \
         and apply again; to do it all the same, set allow_lockout = true.",
    );
    None
}

/// Refuses what ends the provider's login by certificate.
async fn guard_certificate(
    diags: &mut Diagnostics,
    session: &Session,
    redis: &RedisEnterprise,
    changes: &MtlsSettings,
    before: &Rules,
    after: &Rules,
) -> Option<()> {
    let refusal = lockout::ends_login(redis, before, after, session.clock.now()).await;
    let (Some(refusal), Some(own)) = (refusal, redis.own_chain.first()) else {
        return Some(());
    };
    let attribute = match refusal {
        Refusal::Subject { .. } if changes.authorized_subjects.is_some() => AUTHORIZED_SUBJECTS,
        Refusal::Subject { .. } => SUBJECT_VALIDATION,
        _ => CERTIFICATE_AUTHENTICATION,
    };
    let attribute = AttributePath::new(attribute);
    lockout::refuse(diags, attribute, "change the cluster's settings", own, &refusal);
    None
}

/// Checks whether the cluster would admit the provider's certificate, which is not in use because the provider logs in
/// with a password.
///
/// If RavenDB is configured too, the certificate may be meant only for RavenDB, so one that is not admitted is a
/// warning.
async fn look_at_certificate(
    diags: &mut Diagnostics,
    session: &Session,
    redis: &RedisEnterprise,
    after: &Rules,
) -> Option<Check> {
    let (Some(own), Some(client)) = (redis.own_chain.first(), &redis.by_certificate) else {
        return Some(Check::Login);
    };
    let Some(refusal) = after.refusal(&redis.own_chain, session.clock.now()) else {
        // The user can come later in the same run; when it is there, the certificate has to work.
        let is_user = lockout::is_user(&redis.client, own.subject()).await;
        return Some(if is_user.unwrap_or(false) {
            Check::LoginAndCertificate
        } else {
            Check::Login
        });
    };
    if client.cluster().get().await.is_ok() {
        // It is let in for another reason than these settings.
        return Some(Check::Login);
    }
    let attribute = AttributePath::new(CERTIFICATE_AUTHENTICATION);
    if !session.ravendb.is_absent() {
        warning(
            diags,
            attribute,
            "The provider's certificate is not let in",
            format!(
                "The provider logs in with a password, and could not do so with its certificate {} (issuer {}), because \
                 {refusal}. That does no harm when the certificate is meant for RavenDB only.",
                called(own),
                own.issuer()
            ),
        );
        return Some(Check::Login);
    }
    lockout::refuse(diags, attribute, "ask for certificates", own, &refusal);
    None
}

async fn put_back(
    diags: &mut Diagnostics,
    redis: &RedisEnterprise,
    prepared: &Prepared,
    answered: MtlsSettings,
) -> Option<MtlsSettings> {
    let undo = prepared.changes.undone(&prepared.found);
    match redis.client.cluster().update(&undo.request()).send().await {
        Ok(_) => {
            error(
                diags,
                AttributePath::root(),
                "Settings were put back",
                format!(
                    "After the change the provider could not log in any more, as the other error says. The old values \
                     are back: {}. To change them all the same, set allow_lockout = true.",
                    undo.attributes().join(", ")
                ),
            );
            None
        }
        Err(problem) => {
            let attempt = format!("put back the old values of {}", undo.attributes().join(", "));
            failure::redis_enterprise(diags, &attempt, &problem);
            Some(answered)
        }
    }
}

/// A plan does not wait longer for a cluster that may not be there yet.
const PLAN_PATIENCE: Duration = Duration::from_secs(5);
