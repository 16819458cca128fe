//! Taking an entry into Terraform's care.

use std::str::FromStr;

use certward::pki::Thumbprint;
use certward::ravendb::Client;
use tf_provider::value::Value;
use tf_provider::{AttributePath, Diagnostics};

use super::model::ClientCertificateState;
use super::{KIND, collection, lifecycle};
use crate::report::error;
use crate::report::failure;
use crate::resources::client_certificate::registration::{self, Registered};
use crate::session::Session;

/// The state of the entry that `id` names: a thumbprint in any spelling, or `name:` and a name that only one entry has.
pub(crate) async fn import(diags: &mut Diagnostics, session: &Session, id: &str) -> Option<ClientCertificateState> {
    let client = session.ravendb(diags, KIND)?;
    let id = match id.parse::<ImportId>() {
        Ok(id) => id,
        Err(problem) => {
            error(
                diags,
                AttributePath::root(),
                "Unsuitable import id",
                format!("{problem}."),
            );
            return None;
        }
    };
    let registered = match id {
        ImportId::Thumbprint(thumbprint) => {
            let Some(registered) = lifecycle::find(diags, client, thumbprint).await? else {
                not_registered(diags, client, thumbprint).await;
                return None;
            };
            if registered.thumbprint != thumbprint {
                error(
                    diags,
                    AttributePath::root(),
                    "Part of a collection",
                    collection::of_secondary(thumbprint, &registered),
                );
                return None;
            }
            registered
        }
        ImportId::Name(name) => named(diags, client, &name).await?,
    };
    let Some(certificate) = &registered.certificate else {
        error(
            diags,
            AttributePath::root(),
            "Entry without a certificate",
            format!(
                "The cluster lists {} but does not hand out its certificate.",
                registered.thumbprint
            ),
        );
        return None;
    };
    let mut state = ClientCertificateState {
        certificate_pem: Value::Value(certificate.to_pem()),
        deletion_protection: Value::Value(false),
        ..ClientCertificateState::default()
    };
    state.describe(certificate);
    state.take_over(&registered.grant);
    Some(state)
}

async fn named(diags: &mut Diagnostics, client: &Client, name: &str) -> Option<Registered> {
    let listed = match registration::named(client, name).await {
        Ok(listed) => listed,
        Err(problem) => {
            failure::ravendb(diags, &format!("look for a certificate named \"{name}\""), &problem);
            return None;
        }
    };
    let (servers, mut clients): (Vec<_>, Vec<_>) = listed.into_iter().partition(|entry| entry.is_server_certificate);
    match (clients.len(), servers.is_empty()) {
        (1, _) => clients.pop(),
        (0, false) => {
            server_certificate(diags, name);
            None
        }
        (0, true) => {
            error(
                diags,
                AttributePath::root(),
                "No such certificate",
                format!("No registered certificate is named \"{name}\"; upper and lower case count."),
            );
            None
        }
        (count, _) => {
            let thumbprints: Vec<String> = clients.iter().map(|entry| entry.thumbprint.to_string()).collect();
            error(
                diags,
                AttributePath::root(),
                "Name is not unique",
                format!(
                    "{count} certificates are named \"{name}\": {}. Import by thumbprint.",
                    thumbprints.join(", ")
                ),
            );
            None
        }
    }
}

/// Says whether a thumbprint that cannot be fetched is the server's own: that one is listed, but not stored.
async fn not_registered(diags: &mut Diagnostics, client: &Client, thumbprint: Thumbprint) {
    let listed = registration::list_metadata(client).await.unwrap_or_default();
    if listed
        .iter()
        .any(|entry| entry.is_server_certificate && entry.thumbprint == thumbprint)
    {
        server_certificate(diags, &thumbprint.to_string());
        return;
    }
    error(
        diags,
        AttributePath::root(),
        "No such certificate",
        format!("No certificate with the thumbprint {thumbprint} is registered."),
    );
}

fn server_certificate(diags: &mut Diagnostics, id: &str) {
    error(
        diags,
        AttributePath::root(),
        "This is the server's own certificate",
        format!(
            "\"{id}\" is the certificate of the RavenDB server itself. It belongs to the server's settings \
             (Security.Certificate.Path) and cannot be managed as a client certificate."
        ),
    );
}

/// The registered certificate that an id names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ImportId {
    /// The one with this SHA-1 thumbprint.
    Thumbprint(Thumbprint),
    /// The one of this exact name, if there is one only.
    Name(String),
}

/// A text is no import id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "\"{0}\" is neither a thumbprint (40 hexadecimal digits, in any case, with or without colons) nor \"name:\" \
     followed by the name of a registered certificate"
)]
pub(crate) struct ImportIdError(String);

impl FromStr for ImportId {
    type Err = ImportIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.strip_prefix("name:") {
            Some("") => Err(ImportIdError(text.to_owned())),
            Some(name) => Ok(Self::Name(name.to_owned())),
            None => Thumbprint::parse_lenient(text.trim())
                .map(Self::Thumbprint)
                .map_err(|_| ImportIdError(text.escape_debug().to_string())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thumbprints_are_read_in_every_spelling() {
        let plain = "14C1FAC41D1733B2BB8C6FD138FD601943D3B7D0";
        let expected = Ok(ImportId::Thumbprint(plain.parse().unwrap()));
        let colons: Vec<&str> = (0..20).map(|octet| &plain[octet * 2..octet * 2 + 2]).collect();
        for text in [
            plain.to_owned(),
            plain.to_lowercase(),
            colons.join(":"),
            format!(" {plain}\n"),
        ] {
            assert_eq!(text.parse(), expected, "{text}");
        }
    }

    #[test]
    fn names_are_taken_as_they_are() {
        assert_eq!("name:app".parse(), Ok(ImportId::Name("app".to_owned())));
        assert_eq!("name: a b: c ".parse(), Ok(ImportId::Name(" a b: c ".to_owned())));
    }

    #[test]
    fn anything_else_says_what_an_id_is() {
        for text in ["", "app", "name:", "14C1", "14C1FAC41D1733B2BB8C6FD138FD601943D3B7D0AA"] {
            let error = text.parse::<ImportId>().unwrap_err().to_string();
            assert!(error.contains("neither a thumbprint"), "{error}");
        }
    }
}
