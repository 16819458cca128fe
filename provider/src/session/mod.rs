//! State of the configured provider that its resources share.

pub(crate) mod clock;
pub(crate) mod configuration;
pub(crate) mod connection;
pub(crate) mod crypto;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use certward::pki::{Certificate, DistinguishedName, Thumbprint};
use certward::redis_enterprise::LoginMethod;
use certward::{ravendb, redis_enterprise};
use tf_provider::{AttributePath, Diagnostics};

use crate::report::{error, warning};
use crate::run::RunTable;
use crate::run::collections::Collections;
use crate::run::leftovers::Leftovers;
use crate::run::trials::Trials;
use crate::run::witness::Effects;
use crate::session::clock::Clock;

/// The configured provider.
pub(crate) struct Session {
    /// RavenDB's API, when endpoints are configured.
    pub(crate) ravendb: Api<ravendb::Client>,
    /// Redis Enterprise's API, when endpoints are configured.
    pub(crate) redis_enterprise: Api<RedisEnterprise>,
    /// The certificate of the provider block.
    pub(crate) own_certificate: Option<Certificate>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) run: RunTable,
    pub(crate) leftovers: Leftovers,
    pub(crate) collections: Collections,
    pub(crate) server_login: ServerLogin,
    pub(crate) trials: Trials,
    pub(crate) effects: Effects,
}

/// The cluster of one product, as far as it is configured.
pub(crate) enum Api<T> {
    /// Clients for a configured cluster.
    Configured(Box<T>),
    /// The provider block does not configure it.
    Absent,
    /// It depends on these values, which are known only after apply.
    Unknown(String),
}

/// A Redis Enterprise cluster, and the ways in.
pub(crate) struct RedisEnterprise {
    /// Logs in as the provider block says: with user name and password if those are set, else with its certificate.
    pub(crate) client: redis_enterprise::Client,
    /// Logs in with the certificate of the provider block and nothing else; `None` without one. The same as `client`
    /// when that logs in by certificate.
    pub(crate) by_certificate: Option<redis_enterprise::Client>,
    /// The certificate of the provider block and those above it, as they are shown; empty without one.
    pub(crate) own_chain: Vec<Certificate>,
    /// Held while the trusted authorities are changed, which can only be written as a whole; the longest time that this run
    /// has taken from reading them to the end of writing them.
    pub(crate) trusted_ca: tokio::sync::Mutex<Duration>,
}

/// A resource or data source, as far as it matters which product it is for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kind {
    /// Its type, such as `certward_cert_user`.
    pub(crate) type_name: &'static str,
    /// The reason why the other product has no such object, and the alternative there, in whole sentences.
    pub(crate) elsewhere: &'static str,
}

/// Records whether this run has checked if the provider logs in with the server's own certificate.
#[derive(Default)]
pub(crate) struct ServerLogin(AtomicBool);

impl<T> Api<T> {
    /// True if the provider block depends on values that are known only after apply.
    pub(crate) fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown(_))
    }

    /// The API, when it can be asked now.
    pub(crate) fn configured(&self) -> Option<&T> {
        match self {
            Self::Configured(api) => Some(api),
            Self::Absent | Self::Unknown(_) => None,
        }
    }

    /// True if the provider block does not configure this product.
    pub(crate) fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }
}

impl Session {
    /// The RavenDB client, or an error that names the attribute to set.
    pub(crate) fn ravendb(&self, diags: &mut Diagnostics, kind: Kind) -> Option<&ravendb::Client> {
        asked(diags, &self.ravendb, &RAVENDB, !self.redis_enterprise.is_absent(), kind)
    }

    /// The Redis Enterprise cluster, or an error that names the attribute to set.
    pub(crate) fn redis_enterprise(&self, diags: &mut Diagnostics, kind: Kind) -> Option<&RedisEnterprise> {
        asked(
            diags,
            &self.redis_enterprise,
            &REDIS_ENTERPRISE,
            !self.ravendb.is_absent(),
            kind,
        )
    }

    /// Fails with a diagnostic unless RavenDB is configured, possibly with an address that is known later.
    pub(crate) fn check_ravendb(&self, diags: &mut Diagnostics, kind: Kind) -> Option<()> {
        if self.ravendb.is_unknown() {
            return Some(());
        }
        self.ravendb(diags, kind).map(|_| ())
    }

    /// Fails with a diagnostic unless Redis Enterprise is configured, possibly with an address that is known later.
    pub(crate) fn check_redis_enterprise(&self, diags: &mut Diagnostics, kind: Kind) -> Option<()> {
        if self.redis_enterprise.is_unknown() {
            return Some(());
        }
        self.redis_enterprise(diags, kind).map(|_| ())
    }

    /// The thumbprint of the certificate the provider logs in with.
    pub(crate) fn own_thumbprint(&self) -> Option<Thumbprint> {
        self.own_certificate.as_ref().map(Certificate::thumbprint)
    }

    /// The subject by which Redis Enterprise knows the provider; `None` when it logs in by password, or not at all.
    pub(crate) fn own_redis_subject(&self) -> Option<&DistinguishedName> {
        let client = &self.redis_enterprise.configured()?.client;
        let by_certificate = client.login_method() == LoginMethod::Certificate;
        client
            .own_certificate()
            .filter(|_| by_certificate)
            .map(Certificate::subject)
    }

    /// Warns, once in a run, when the provider logs in with the server's own certificate: RavenDB lets it in with all
    /// rights until the moment it is replaced, and then refuses it (observed record 742).
    ///
    /// Costs one request, and none when the certificate is for clients only.
    pub(crate) async fn warn_of_server_login(&self, diags: &mut Diagnostics, client: &ravendb::Client) {
        let Some(own) = &self.own_certificate else { return };
        let for_clients_only = own
            .extended_key_usage()
            .is_some_and(|usage| !usage.server_auth() && !usage.any());
        if for_clients_only || self.server_login.0.swap(true, Ordering::Relaxed) {
            return;
        }
        let Ok(Some(answer)) = client.who_am_i().await else {
            return;
        };
        if answer.certificate.security_clearance == ravendb::SecurityClearance::ClusterNode {
            warning(
                diags,
                AttributePath::root(),
                "Logging in with the server's certificate",
                format!(
                    "The provider logs in with {}, the certificate of the RavenDB server itself. That works until the \
                     certificate is replaced; then Terraform is locked out. Log in with a client certificate of the \
                     clearance ClusterAdmin or Operator.",
                    own.subject()
                ),
            );
        }
    }
}

/// A product, as far as its messages go.
struct Product {
    name: &'static str,
    not_configured: &'static str,
    /// The summary when only the other product is configured.
    not_supported: &'static str,
    attribute: &'static str,
    variable: &'static str,
    port: u16,
}

fn asked<'a, T>(
    diags: &mut Diagnostics,
    api: &'a Api<T>,
    product: &Product,
    other_configured: bool,
    kind: Kind,
) -> Option<&'a T> {
    let Kind { type_name, elsewhere } = kind;
    let Product {
        name,
        attribute,
        variable,
        port,
        ..
    } = product;
    let (summary, detail) = match api {
        Api::Configured(api) => return Some(api),
        Api::Absent if other_configured => (
            product.not_supported,
            format!(
                "{type_name} is for {name}. {elsewhere} If it is about a {name} cluster, set {attribute} = {{ endpoints \
                 = [\"https://a.example:{port}\"] }} in provider \"certward\", or the environment variable {variable}."
            ),
        ),
        Api::Absent => (
            product.not_configured,
            format!(
                "{type_name} needs a {name} cluster, and the provider block names none. Set {attribute} = {{ endpoints \
                 = [\"https://a.example:{port}\"] }} in provider \"certward\", or the environment variable {variable}."
            ),
        ),
        Api::Unknown(settings) => (
            "Provider is not configured yet",
            format!(
                "{settings} of provider \"certward\" is known only after apply, so nothing can be asked of the cluster \
                 now. Apply what gives the value first, for example with terraform apply -target=…, or use a value that \
                 is known during plan."
            ),
        ),
    };
    error(diags, AttributePath::root(), summary, detail);
    None
}

const RAVENDB: Product = Product {
    name: "RavenDB",
    not_configured: "RavenDB is not configured",
    not_supported: "Not supported on Redis Enterprise",
    attribute: "ravendb",
    variable: "CERTWARD_RAVENDB_ENDPOINTS",
    port: 443,
};

const REDIS_ENTERPRISE: Product = Product {
    name: "Redis Enterprise",
    not_configured: "Redis Enterprise is not configured",
    not_supported: "Not supported on RavenDB",
    attribute: "redis_enterprise",
    variable: "CERTWARD_REDIS_ENTERPRISE_ENDPOINTS",
    port: 9443,
};

#[cfg(test)]
pub(crate) mod testing {
    //! Sessions for the tests of resources.

    use std::sync::Arc;

    use certward::{Identity, ravendb, redis_enterprise};
    use time::OffsetDateTime;

    use super::{Api, RedisEnterprise, ServerLogin, Session};
    use crate::run::RunTable;
    use crate::run::collections::Collections;
    use crate::run::leftovers::Leftovers;
    use crate::run::trials::Trials;
    use crate::run::witness::Effects;
    use crate::session::clock::Clock;

    /// A clock that stands still.
    #[derive(Debug)]
    pub(crate) struct Fixed(pub(crate) OffsetDateTime);

    impl Clock for Fixed {
        fn now(&self) -> OffsetDateTime {
            self.0
        }
    }

    /// A session with neither product.
    pub(crate) fn empty(now: OffsetDateTime) -> Session {
        Session {
            ravendb: Api::Absent,
            redis_enterprise: Api::Absent,
            own_certificate: None,
            clock: Arc::new(Fixed(now)),
            run: RunTable::default(),
            leftovers: Leftovers::default(),
            collections: Collections::default(),
            server_login: ServerLogin::default(),
            trials: Trials::default(),
            effects: Effects::default(),
        }
    }

    /// A session with the RavenDB at this plain URL.
    pub(crate) fn of_ravendb(url: &str, now: OffsetDateTime) -> Session {
        let builder = ravendb::Client::builder().danger_allow_plain_http().max_retries(0);
        let client = builder.endpoint(url).build().unwrap();
        Session {
            ravendb: Api::Configured(Box::new(client)),
            ..empty(now)
        }
    }

    /// A session with the Redis Enterprise at this plain URL, where the provider logs in as `own`.
    pub(crate) fn of_redis_enterprise(url: &str, own: Option<Identity>, now: OffsetDateTime) -> Session {
        let own_certificate = own.as_ref().map(|own| own.certificate().clone());
        let own_chain = own.as_ref().map(|own| own.chain().to_vec()).unwrap_or_default();
        let mut builder = redis_enterprise::Client::builder()
            .danger_allow_plain_http()
            .max_retries(0)
            .endpoint(url);
        if let Some(own) = own {
            builder = builder.identity(own);
        }
        let client = builder.build().unwrap();
        let redis = RedisEnterprise {
            by_certificate: own_certificate.as_ref().map(|_| client.clone()),
            client,
            own_chain,
            trusted_ca: tokio::sync::Mutex::default(),
        };
        Session {
            redis_enterprise: Api::Configured(Box::new(redis)),
            own_certificate,
            ..empty(now)
        }
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    const KIND: Kind = Kind {
        type_name: "certward_thing",
        elsewhere: "There it is certward_other_thing.",
    };

    fn asked(session: &Session) -> (bool, Diagnostics) {
        let mut diags = Diagnostics::default();
        let found = session.redis_enterprise(&mut diags, KIND).is_some();
        (found, diags)
    }

    #[tokio::test]
    async fn product_that_is_not_configured_is_an_error_that_says_what_to_do() {
        let now = datetime!(2026-11-21 0:00 UTC);
        let (found, diags) = asked(&testing::of_redis_enterprise("http://127.0.0.1:9443", None, now));
        assert_eq!((found, diags), (true, Diagnostics::default()));

        let (found, diags) = asked(&testing::empty(now));
        assert!(!found);
        assert_eq!(diags.errors[0].summary, "Redis Enterprise is not configured");
        assert!(
            diags.errors[0].detail.contains("redis_enterprise = { endpoints"),
            "{diags:?}"
        );

        let (found, diags) = asked(&testing::of_ravendb("http://127.0.0.1:8443", now));
        assert!(!found);
        assert_eq!(diags.errors[0].summary, "Not supported on RavenDB");
        assert!(diags.errors[0].detail.contains("certward_other_thing"), "{diags:?}");
    }

    #[test]
    fn product_that_is_known_later_can_be_planned_and_not_asked() {
        let session = Session {
            redis_enterprise: Api::Unknown("redis_enterprise.endpoints".to_owned()),
            ..testing::empty(datetime!(2026-11-21 0:00 UTC))
        };
        let mut diags = Diagnostics::default();
        assert_eq!(session.check_redis_enterprise(&mut diags, KIND), Some(()));
        assert_eq!(diags, Diagnostics::default());
        let (found, diags) = asked(&session);
        assert!(!found);
        assert_eq!(diags.errors[0].summary, "Provider is not configured yet");
        // The other product is not there, now or later.
        let mut diags = Diagnostics::default();
        assert_eq!(session.check_ravendb(&mut diags, KIND), None);
        assert_eq!(diags.errors[0].summary, "Not supported on Redis Enterprise");
    }
}
