//! The clients of both products, made from the provider block. Nothing connects here.

use certward::{Identity, SecretString, TrustAnchors, ravendb, redis_enterprise};
use tf_provider::AttributePath;

use crate::provider::configuration::{Setting, Settings};
use crate::provider::session::RedisEnterprise;

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
    ($builder:expr, $connection:expr, $endpoints:expr, $path:expr) => {{
        let connection: &Connection<'_> = $connection;
        let settings = connection.settings;
        let mut builder = $builder
            .endpoints($endpoints)
            .map_err(|problem| ($path, problem))?
            .trust_anchors(connection.trust_anchors.clone())
            .request_timeout(settings.request_timeout)
            .max_retries(settings.max_retries)
            .max_concurrent_requests(settings.max_concurrent_requests)
            .user_agent_suffix(&format!(
                "terraform-provider-certward/{} terraform/{}",
                env!("CARGO_PKG_VERSION"),
                connection.terraform_version
            ));
        if let Setting::Known(name, origin) = &settings.tls_server_name {
            builder = builder
                .tls_server_name(name)
                .map_err(|problem| (origin.path(), problem))?;
        }
        if let Setting::Known(url, origin) = &settings.proxy_url {
            builder = builder.proxy_url(url).map_err(|problem| (origin.path(), problem))?;
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
        let mut builder = with_connection!(
            ravendb::Client::builder(),
            self,
            endpoints,
            AttributePath::new("ravendb")
        );
        if let Some(identity) = self.identity()? {
            builder = builder.identity(identity);
        }
        builder.build().map_err(of_block)
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
                let builder = with_connection!(
                    redis_enterprise::Client::builder(),
                    self,
                    endpoints,
                    AttributePath::new("redis_enterprise")
                );
                Some(builder.identity(identity).build().map_err(of_block)?)
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
                let builder = with_connection!(
                    redis_enterprise::Client::builder(),
                    self,
                    endpoints,
                    AttributePath::new("redis_enterprise")
                );
                let builder = builder.basic(username, SecretString::from(password.as_str()));
                builder.build().map_err(of_block)?
            }
            (_, _, Some(client)) => client.clone(),
            (_, _, None) => with_connection!(
                redis_enterprise::Client::builder(),
                self,
                endpoints,
                AttributePath::new("redis_enterprise")
            )
            .build()
            .map_err(of_block)?,
        };
        let own_chain = self.identity.map(|identity| identity.chain().to_vec());
        Ok(RedisEnterprise {
            client,
            by_certificate,
            own_chain: own_chain.unwrap_or_default(),
            trusted_ca: tokio::sync::Mutex::default(),
        })
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
