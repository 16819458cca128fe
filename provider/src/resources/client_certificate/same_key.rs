//! The rights that other certificates of the same key keep.

use certward::ravendb::Client;
use tf_provider::{AttributePath, Diagnostics};

use super::plan;
use super::state::ClientCertificateState;
use crate::provider::session::Session;
use crate::report::warning;
use crate::resources::client_certificate::registration::{self, Grant};

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

/// Returns `true` when a change leaves fewer rights.
pub(super) fn takes_rights_away(before: &Grant, after: &Grant) -> bool {
    let lost = before.database_permissions.iter().any(|(database, access)| {
        let left = after
            .database_permissions
            .iter()
            .find(|(name, _)| certward::ravendb_names::eq_ignore_case(name, database));
        left.is_none_or(|(_, left)| access_rank(left) < access_rank(access))
    });
    lost || plan::rank(&after.security_clearance) < plan::rank(&before.security_clearance)
}

fn access_rank(access: &str) -> u8 {
    match access {
        "Admin" => 2,
        "ReadWrite" => 1,
        _ => 0,
    }
}
