//! What the configured provider shares between its resources.

use std::sync::Arc;

use certward::pki::Certificate;
use certward::ravendb;
use tf_provider::{AttributePath, Diagnostics};

use crate::clock::Clock;
use crate::leftovers::Leftovers;
use crate::report::error;

/// The configured provider.
pub(crate) struct Session {
    /// RavenDB's API, when endpoints are configured.
    pub(crate) ravendb: Ravendb,
    /// The certificate the provider logs in with.
    pub(crate) own_certificate: Option<Certificate>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) leftovers: Leftovers,
}

/// Whether there is a RavenDB to talk to.
pub(crate) enum Ravendb {
    /// Yes.
    Configured(Box<ravendb::Client>),
    /// The provider block says nothing about it.
    Absent,
    /// It depends on values that are known only after apply; these.
    Unknown(String),
}

impl Session {
    /// The RavenDB client, or an error that names the attribute to set.
    pub(crate) fn ravendb(&self, diags: &mut Diagnostics) -> Option<&ravendb::Client> {
        match &self.ravendb {
            Ravendb::Configured(client) => Some(client),
            Ravendb::Absent => {
                error(
                    diags,
                    AttributePath::root(),
                    "RavenDB is not configured",
                    "This needs a RavenDB cluster, and the provider block names none. Set ravendb = { endpoints = \
                     [\"https://a.example:443\"] } in provider \"certward\", or the environment variable \
                     CERTWARD_RAVENDB_ENDPOINTS.",
                );
                None
            }
            Ravendb::Unknown(settings) => {
                error(
                    diags,
                    AttributePath::root(),
                    "Provider is not configured yet",
                    format!(
                        "{settings} of provider \"certward\" is known only after apply, so nothing can be asked of the \
                         cluster now. Apply what gives the value first, for example with terraform apply -target=…, or \
                         use a value that is known during plan."
                    ),
                );
                None
            }
        }
    }

    /// Whether the cluster cannot be asked yet, because the provider block depends on values known after apply.
    pub(crate) fn is_unknown(&self) -> bool {
        matches!(self.ravendb, Ravendb::Unknown(_))
    }
}

impl Session {
    /// The thumbprint of the certificate the provider logs in with.
    pub(crate) fn own_thumbprint(&self) -> Option<certward::pki::Thumbprint> {
        self.own_certificate.as_ref().map(Certificate::thumbprint)
    }
}
