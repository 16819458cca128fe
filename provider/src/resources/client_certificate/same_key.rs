//! The rights that other certificates of the same key keep.
//!
//! RavenDB lets a renewed certificate of a known key in and registers it by itself
//! (`docs/contracts/ravendb.md#renewal`), so removing one certificate is not removing the key: the others of the same
//! key still log in (observed records 444 and 445).

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use certward::pki::{PublicKeyPinningHash, Thumbprint};
use certward::ravendb::Client;
use tf_provider::{AttributePath, Diagnostics};
use tokio::sync::OnceCell;

use super::model::ClientCertificateState;
use super::registration::{self, Registered};
use crate::provider::session::Session;
use crate::report::warning;

/// The loss of a certificate.
#[derive(Clone, Copy)]
pub(super) enum Loss {
    Removed,
    Disabled,
    Rights,
}

/// Other certificates of the same key still let its holder in.
pub(super) async fn warn_of_same_key(
    diags: &mut Diagnostics,
    session: &Session,
    client: &Client,
    certificate: &ClientCertificateState,
    loss: Loss,
) {
    let Some(pin) = certificate
        .public_key_pin
        .as_deref()
        .as_option()
        .and_then(|pin| pin.parse().ok())
    else {
        return;
    };
    let thumbprint = certificate.thumbprint();
    let list = async || registration::list_metadata(client).await;
    match session.leftovers.of(pin, thumbprint, list).await {
        Ok(others) if others.is_empty() => {}
        Ok(others) => {
            let (verb, advice) = match loss {
                Loss::Removed => ("Removed", "Remove them too, unless this run does."),
                Loss::Disabled => ("Disabled", "Disable them too, unless this run does."),
                Loss::Rights => (
                    "Took rights from",
                    "Take the rights from them too, unless this run does.",
                ),
            };
            warning(
                diags,
                AttributePath::root(),
                "The key can still log in",
                format!(
                    "{verb} \"{}\", but the cluster has other certificates of the same key: {}. Whoever holds the key logs \
                     in with those, and has their rights. {advice}",
                    certificate.name.as_deref().unwrap_or("?"),
                    others.join(", ")
                ),
            );
        }
        Err(problem) => tracing::warn!(
            error = %problem.report(),
            "could not look for other certificates of the same key"
        ),
    }
}

/// The entries of the same key. One listing serves every removal of this run.
#[derive(Default)]
pub(crate) struct Leftovers {
    listing: OnceCell<Vec<Listed>>,
    changed: Mutex<BTreeSet<Thumbprint>>,
}

/// One entry, as far as it matters here.
pub(crate) struct Listed {
    pub(crate) name: String,
    pub(crate) thumbprint: Thumbprint,
    pub(crate) public_key_pin: PublicKeyPinningHash,
}

impl Leftovers {
    /// Notes that this run has registered or removed an entry, so that it is nothing to warn about.
    pub(crate) fn note(&self, thumbprint: Thumbprint) {
        self.changed
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(thumbprint);
    }

    /// The entries of this key, but for `except`, that this run has neither registered nor removed, as `name (thumbprint)`.
    pub(crate) async fn of<E>(
        &self,
        public_key_pin: PublicKeyPinningHash,
        except: Option<Thumbprint>,
        list: impl AsyncFnOnce() -> Result<Vec<Registered>, E>,
    ) -> Result<Vec<String>, E> {
        let listing = self
            .listing
            .get_or_try_init(async || {
                let registered = list().await?;
                Ok(registered.into_iter().filter_map(Registered::into_listed).collect())
            })
            .await?;
        let changed = self.changed.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(listing
            .iter()
            .filter(|listed| listed.public_key_pin == public_key_pin && !changed.contains(&listed.thumbprint))
            .filter(|listed| Some(listed.thumbprint) != except)
            .map(|listed| format!("\"{}\" ({})", listed.name, listed.thumbprint))
            .collect())
    }
}
