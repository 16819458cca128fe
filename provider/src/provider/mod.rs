//! The provider itself: its block, and what it offers.

use std::sync::Arc;

use async_trait::async_trait;
use certward::pki::Certificate;
use certward::ravendb;
use terraform_plugin::{Configured, PluginProvider, Registry, log};
use tf_provider::Diagnostics;
use tf_provider::schema::Schema;
use time::Duration;

use crate::data_sources::cert_users::CertUsers;
use crate::data_sources::client_certificates::ClientCertificates;
use crate::data_sources::redis_databases::RedisDatabases;
use crate::data_sources::redis_roles::RedisRoles;
use crate::data_sources::trusted_cas::TrustedCas;
use crate::data_sources::whoami::WhoAmI;
use crate::data_sources::{cert_user, cluster};
use crate::report::{chain, error, warning};
use crate::resources::cert_user::CertUser;
use crate::resources::client_certificate::ClientCertificate;
use crate::resources::cluster_mtls_settings::ClusterMtlsSettings;
use crate::resources::managed::{Managed, ManagedResource};
use crate::resources::redis_acl::RedisAcl;
use crate::resources::redis_database::RedisDatabase;
use crate::resources::redis_role::RedisRole;
use crate::resources::trusted_ca::TrustedCa;
use crate::resources::trusted_ca_bundle::TrustedCaBundle;
use crate::run::RunTable;
use crate::run::collections::Collections;
use crate::run::leftovers::Leftovers;
use crate::run::trials::Trials;
use crate::run::witness::Effects;
use crate::session::clock::{Clock, SystemClock};
use crate::session::configuration::credentials;
use crate::session::configuration::{Environment, ProcessEnvironment, ProviderBlock, Setting, Settings, schema};
use crate::session::connection::{Connection, Problem};
use crate::session::{Api, RedisEnterprise, ServerLogin, Session};
use crate::values::dates;
use crate::values::timestamp;

/// The provider `certward/certward`.
pub(crate) struct Certward {
    session: Configured<Session>,
    environment: Box<dyn Environment>,
    clock: Arc<dyn Clock>,
}

impl Certward {
    /// The provider with the environment and the clock of this process.
    #[must_use]
    pub(crate) fn new() -> Self {
        Self::with(ProcessEnvironment, Arc::new(SystemClock))
    }

    /// The provider with an environment and a clock of the caller's.
    #[must_use]
    pub(crate) fn with(environment: impl Environment + 'static, clock: Arc<dyn Clock>) -> Self {
        Self {
            session: Configured::new(),
            environment: Box::new(environment),
            clock,
        }
    }
}

impl Default for Certward {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl PluginProvider for Certward {
    type Config = ProviderBlock;

    fn schema(&self, _diags: &mut Diagnostics) -> Option<Schema> {
        Some(schema::provider())
    }

    async fn validate(&self, diags: &mut Diagnostics, config: ProviderBlock) -> Option<()> {
        // Only the block: the environment of `terraform validate` is often another one than that of the run.
        mask_secrets(&Settings::read(diags, &config, None));
        diags.errors.is_empty().then_some(())
    }

    async fn configure(&self, diags: &mut Diagnostics, terraform_version: &str, config: ProviderBlock) -> Option<()> {
        let settings = Settings::read(diags, &config, Some(&*self.environment));
        mask_secrets(&settings);
        if !diags.errors.is_empty() {
            return None;
        }
        let session = self.session(diags, &settings, terraform_version)?;
        self.session.set(session);
        Some(())
    }

    fn register(&self, registry: &mut Registry) {
        self.resource::<ClientCertificate>(registry);
        self.resource::<CertUser>(registry);
        self.resource::<RedisRole>(registry);
        self.resource::<RedisAcl>(registry);
        self.resource::<RedisDatabase>(registry);
        self.resource::<TrustedCa>(registry);
        self.resource::<TrustedCaBundle>(registry);
        self.resource::<ClusterMtlsSettings>(registry);
        registry
            .data_source("certward_cluster", cluster::Cluster::new(self.session.clone()))
            .data_source("certward_trusted_cas", TrustedCas::new(self.session.clone()))
            .data_source("certward_whoami", WhoAmI::new(self.session.clone()))
            .data_source(
                "certward_client_certificates",
                ClientCertificates::new(self.session.clone()),
            )
            .data_source("certward_cert_user", cert_user::CertUser::new(self.session.clone()))
            .data_source("certward_cert_users", CertUsers::new(self.session.clone()))
            .data_source("certward_redis_roles", RedisRoles::new(self.session.clone()))
            .data_source("certward_redis_databases", RedisDatabases::new(self.session.clone()));
    }
}

impl Certward {
    fn resource<R: ManagedResource>(&self, registry: &mut Registry) {
        registry.resource(R::KIND.type_name, Managed::<R>::new(self.session.clone()));
    }

    /// Reads the files that the settings name and makes the clients. Nothing connects here.
    fn session(&self, diags: &mut Diagnostics, settings: &Settings, terraform_version: &str) -> Option<Session> {
        if !settings.unknown.is_empty() {
            let names: Vec<String> = settings.unknown.iter().map(ToString::to_string).collect();
            let names = names.join(", ");
            warning(
                diags,
                settings.unknown[0].path(),
                "Provider configuration is not known yet",
                format!(
                    "{names} is known only after apply. Until then the cluster is not asked, and the plan goes by the \
                     state of the last run."
                ),
            );
            return Some(self.session_of(
                unknown(&settings.ravendb_endpoints, &names),
                unknown(&settings.redis_enterprise_endpoints, &names),
                None,
            ));
        }
        let (Ok(identity), Ok(trust_anchors)) = (
            credentials::identity(diags, settings),
            credentials::trust_anchors(diags, settings),
        ) else {
            return None;
        };
        let own_certificate = identity.as_ref().map(|identity| identity.certificate().clone());
        if let Some(identity) = &identity {
            self.warn_about(diags, identity.chain(), settings);
        }
        let connection = Connection {
            settings,
            identity: identity.as_ref(),
            trust_anchors,
            terraform_version,
        };
        let ravendb = connected(&settings.ravendb_endpoints, |endpoints| connection.ravendb(endpoints));
        let redis_enterprise = connected(&settings.redis_enterprise_endpoints, |endpoints| {
            connection.redis_enterprise(endpoints)
        });
        match (ravendb, redis_enterprise) {
            (Ok(ravendb), Ok(redis_enterprise)) => Some(self.session_of(ravendb, redis_enterprise, own_certificate)),
            (Err((path, problem)), _) | (_, Err((path, problem))) => {
                let detail = format!("{}.", chain(&problem));
                error(diags, path, "Provider settings cannot be used", detail);
                None
            }
        }
    }

    fn session_of(
        &self,
        ravendb: Api<ravendb::Client>,
        redis_enterprise: Api<RedisEnterprise>,
        own_certificate: Option<Certificate>,
    ) -> Session {
        Session {
            ravendb,
            redis_enterprise,
            own_certificate,
            clock: Arc::clone(&self.clock),
            run: RunTable::default(),
            leftovers: Leftovers::default(),
            collections: Collections::default(),
            server_login: ServerLogin::default(),
            trials: Trials::default(),
            effects: Effects::default(),
        }
    }

    /// Warns of what ends soon of the certificates that the provider shows, its own first.
    fn warn_about(&self, diags: &mut Diagnostics, chain: &[Certificate], settings: &Settings) {
        let Some((own, above)) = chain.split_first() else {
            return;
        };
        let path = settings.identity_path();
        let now = self.clock.now();
        for intermediate in dates::ending_intermediates(above, now + ENDING_SOON) {
            warning(
                diags,
                path.clone(),
                "A certificate of the provider's chain is ending",
                format!(
                    "{}. The provider shows it with its own certificate, {}, and servers check the whole chain. Append the \
                     authority's renewed certificate instead.",
                    dates::ended(intermediate, now),
                    own.subject()
                ),
            );
        }
        let not_after = own.validity().not_after;
        if own.validity().is_over(now + ENDING_SOON) {
            let verb = if own.validity().is_over(now) { "ended" } else { "ends" };
            warning(
                diags,
                path,
                "The provider's own certificate is ending",
                format!(
                    "{} {verb} on {}. After that Terraform cannot log in to renew anything: renew it now.",
                    own.subject(),
                    timestamp::format(not_after)
                ),
            );
        }
    }
}

/// The API at the endpoints, if any are configured.
fn connected<T>(
    endpoints: &Setting<Vec<String>>,
    connect: impl FnOnce(&[String]) -> Result<T, Problem>,
) -> Result<Api<T>, Problem> {
    match endpoints {
        Setting::Known(endpoints, _) => Ok(Api::Configured(Box::new(connect(endpoints)?))),
        Setting::Absent | Setting::Unknown(_) => Ok(Api::Absent),
    }
}

/// The state of a product's API while part of the provider block is unknown.
fn unknown<T>(endpoints: &Setting<Vec<String>>, names: &str) -> Api<T> {
    match endpoints {
        Setting::Known(..) | Setting::Unknown(_) => Api::Unknown(names.to_owned()),
        Setting::Absent => Api::Absent,
    }
}

/// Names every secret of the settings to the log before anything can print it.
fn mask_secrets(settings: &Settings) {
    for secret in settings.secrets() {
        log::mask(secret);
    }
}

/// RavenDB warns as early by default (`Security.Certificate.ExpiringThresholdInDays`).
const ENDING_SOON: Duration = Duration::days(14);

#[cfg(test)]
mod tests {
    use rcgen::{BasicConstraints, CertifiedIssuer, IsCa, KeyPair};
    use tf_provider::value::Value;
    use time::OffsetDateTime;
    use time::macros::datetime;

    use super::*;
    use crate::session::testing::Fixed;
    use crate::testing::certificates::params;

    #[derive(Debug)]
    struct Nothing;

    impl Environment for Nothing {
        fn get(&self, _: &str) -> Option<String> {
            None
        }
    }

    /// The warnings about a login by a certificate of 2026 whose intermediate ends at this moment.
    async fn warnings(intermediate_ends: OffsetDateTime, now: OffsetDateTime) -> Vec<(String, String)> {
        let authority = |name: &str| {
            let mut authority = params(name);
            authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            authority
        };
        let root = CertifiedIssuer::self_signed(authority("Root"), KeyPair::generate().unwrap()).unwrap();
        let mut between = authority("Between");
        between.not_after = intermediate_ends;
        let between = CertifiedIssuer::signed_by(between, KeyPair::generate().unwrap(), &root).unwrap();
        let key = KeyPair::generate().unwrap();
        let own = params("terraform").signed_by(&key, &between).unwrap();
        let block = ProviderBlock {
            client_certificate_pem: Value::Value(format!("{}{}{}", own.pem(), between.pem(), root.pem())),
            client_private_key_pem: Value::Value(key.serialize_pem()),
            ..ProviderBlock::default()
        };
        let mut diags = Diagnostics::default();
        let provider = Certward::with(Nothing, Arc::new(Fixed(now)));
        provider.configure(&mut diags, "1.15.0", block).await.unwrap();
        let warnings = diags.warnings.into_iter();
        warnings
            .map(|warning| (warning.summary.into_owned(), warning.detail.into_owned()))
            .collect()
    }

    #[tokio::test]
    async fn intermediate_of_the_own_certificate_that_ends_is_warned_of() {
        let now = datetime!(2026-07-01 0:00 UTC);
        assert_eq!(warnings(datetime!(2026-09-01 0:00 UTC), now).await, []);
        for (end, expected) in [
            (
                datetime!(2026-06-01 0:00 UTC),
                "The intermediate CN=Between has expired on 2026-06-01T00:00:00Z",
            ),
            (
                datetime!(2026-07-10 0:00 UTC),
                "The intermediate CN=Between expires on 2026-07-10T00:00:00Z",
            ),
        ] {
            let warnings = warnings(end, now).await;
            assert_eq!(warnings.len(), 1, "{warnings:?}");
            assert!(warnings[0].1.starts_with(expected), "{warnings:?}");
        }
    }
}
