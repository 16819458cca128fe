//! What the configured provider shares between its resources.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use certward::pki::Certificate;
use certward::ravendb;
use tf_provider::{AttributePath, Diagnostics};

use crate::clock::Clock;
use crate::leftovers::Leftovers;
use crate::report::{error, warning};

/// The configured provider.
pub(crate) struct Session {
    /// RavenDB's API, when endpoints are configured.
    pub(crate) ravendb: Ravendb,
    /// The certificate the provider logs in with.
    pub(crate) own_certificate: Option<Certificate>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) leftovers: Leftovers,
    pub(crate) server_login: ServerLogin,
}

/// Whether it has been looked at, in this run, if the provider logs in with the server's own certificate.
#[derive(Default)]
pub(crate) struct ServerLogin(AtomicBool);

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

    /// Whether a plan makes sense: there is a RavenDB, or one whose address is known later. Else adds the error.
    pub(crate) fn check_ravendb(&self, diags: &mut Diagnostics) -> Option<()> {
        if self.is_unknown() {
            Some(())
        } else {
            self.ravendb(diags).map(|_| ())
        }
    }

    /// Whether the cluster cannot be asked yet, because the provider block depends on values known after apply.
    pub(crate) fn is_unknown(&self) -> bool {
        matches!(self.ravendb, Ravendb::Unknown(_))
    }

    /// The thumbprint of the certificate the provider logs in with.
    pub(crate) fn own_thumbprint(&self) -> Option<certward::pki::Thumbprint> {
        self.own_certificate.as_ref().map(Certificate::thumbprint)
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
