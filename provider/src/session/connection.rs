//! The clients of both products, made from the provider block. Nothing connects here.

use certward::{BuilderSetting, Identity, SecretString, TrustAnchors, ravendb, redis_enterprise};
use tf_provider::AttributePath;

use crate::session::RedisEnterprise;
use crate::session::configuration::{Setting, Settings};

/// The connection settings of the provider block, with its files read.
pub(crate) struct Connection<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) identity: Option<&'a Identity>,
    pub(crate) trust_anchors: TrustAnchors,
    pub(crate) terraform_version: &'a str,
}

/// An attribute and the error about it.
pub(crate) type Problem = (AttributePath, certward::Error);

/// A builder of either product's client with everything but the login. The two builders share the names of their
/// methods and no trait, so this is a macro.
macro_rules! with_connection {
    ($builder:expr, $connection:expr, $endpoints:expr) => {{
        let connection: &Connection<'_> = $connection;
        let settings = connection.settings;
        let mut builder = $builder
            .endpoints($endpoints)
            .trust_anchors(connection.trust_anchors.clone())
            .request_timeout(settings.request_timeout)
            .max_retries(settings.max_retries)
            .max_concurrent_requests(settings.max_concurrent_requests)
            .user_agent_suffix(&format!(
                "terraform-provider-certward/{} terraform/{}",
                env!("CARGO_PKG_VERSION"),
                connection.terraform_version
            ));
        if let Setting::Known(name, _) = &settings.tls_server_name {
            builder = builder.tls_server_name(name);
        }
        if let Setting::Known(url, _) = &settings.proxy_url {
            builder = builder.proxy_url(url);
        }
        builder
    }};
}

impl Connection<'_> {
    /// The client of RavenDB at these endpoints.
    ///
    /// # Errors
    /// An invalid setting, with the attribute that holds it.
    pub(crate) fn ravendb(&self, endpoints: &[String]) -> Result<ravendb::Client, Problem> {
        let mut builder = with_connection!(ravendb::Client::builder(), self, endpoints);
        if let Some(identity) = self.identity()? {
            builder = builder.identity(identity);
        }
        builder.build().map_err(|problem| self.problem("ravendb", problem))
    }

    /// The clients of Redis Enterprise at these endpoints.
    ///
    /// With user name and password set, those are the login, and no certificate is shown: the cluster would not look
    /// at it, and one it does not trust could end the connection.
    ///
    /// # Errors
    /// An invalid setting, with the attribute that holds it.
    pub(crate) fn redis_enterprise(&self, endpoints: &[String]) -> Result<RedisEnterprise, Problem> {
        let by_certificate = match self.identity()? {
            Some(identity) => {
                let builder = with_connection!(redis_enterprise::Client::builder(), self, endpoints);
                Some(
                    builder
                        .identity(identity)
                        .build()
                        .map_err(|problem| self.problem("redis_enterprise", problem))?,
                )
            }
            None => None,
        };
        let settings = self.settings;
        let client = match (
            &settings.redis_enterprise_username,
            &settings.redis_enterprise_password,
            &by_certificate,
        ) {
            (Setting::Known(username, _), Setting::Known(password, _), _) => {
                let builder = with_connection!(redis_enterprise::Client::builder(), self, endpoints);
                let builder = builder.basic(username, SecretString::from(password.as_str()));
                builder
                    .build()
                    .map_err(|problem| self.problem("redis_enterprise", problem))?
            }
            (_, _, Some(client)) => client.clone(),
            (_, _, None) => with_connection!(redis_enterprise::Client::builder(), self, endpoints)
                .build()
                .map_err(|problem| self.problem("redis_enterprise", problem))?,
        };
        let own_chain = self.identity.map(|identity| identity.chain().to_vec());
        Ok(RedisEnterprise {
            client,
            by_certificate,
            own_chain: own_chain.unwrap_or_default(),
            trusted_ca: tokio::sync::Mutex::default(),
        })
    }

    /// The attribute that a client cannot be built from; the whole block when it is none.
    fn problem(&self, endpoints: &'static str, problem: certward::Error) -> Problem {
        let path = match problem.setting() {
            Some(BuilderSetting::Endpoints) => Some(AttributePath::new(endpoints)),
            Some(BuilderSetting::TlsServerName) => self.settings.tls_server_name.origin().map(|origin| origin.path()),
            Some(BuilderSetting::ProxyUrl) => self.settings.proxy_url.origin().map(|origin| origin.path()),
            _ => None,
        };
        (path.unwrap_or_else(AttributePath::root), problem)
    }

    /// A copy of the identity for one more client.
    fn identity(&self) -> Result<Option<Identity>, Problem> {
        self.identity
            .map(|identity| Identity::new(identity.chain().to_vec(), identity.private_key().clone_key()))
            .transpose()
            .map_err(of_block)
    }
}

fn of_block(problem: certward::Error) -> Problem {
    (AttributePath::root(), problem)
}
