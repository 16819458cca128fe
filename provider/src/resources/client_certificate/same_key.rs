//! The rights that other certificates of the same key keep.
//!
//! RavenDB lets a renewed certificate of a known key in and registers it by itself
//! (`docs/contracts/ravendb.md#renewal`), so removing one certificate is not removing the key: the others of the same
//! key still log in (observed records 444 and 445).

use certward::ravendb::Client;
use tf_provider::{AttributePath, Diagnostics};

use super::model::ClientCertificateState;
use super::registration::{self, Registered};
use crate::report::warning;
use crate::session::Session;

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
    let list = async || {
        let all = registration::list_metadata(client).await?;
        Ok::<_, certward::Error>(all.into_iter().filter_map(Registered::into_listed).collect())
    };
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
