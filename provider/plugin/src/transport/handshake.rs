//! The handshake of go-plugin: environment in, one line on stdout out.

use std::env;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

/// The environment variables with which Terraform starts a provider.
pub(crate) struct Invitation {
    /// The one certificate that a client may show.
    pub(crate) client_certificate: CertificateDer<'static>,
}

/// The reason that the process does not serve. Its text is for a user who started the program by hand.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotInvited {
    /// The magic cookie is missing or wrong.
    #[error(
        "this program is a Terraform provider and does nothing on its own: Terraform starts it when a configuration \
         names it in required_providers"
    )]
    NotStartedByTerraform,
    /// A client that does without mutual TLS is not served.
    #[error(
        "PLUGIN_CLIENT_CERT is not set: the provider serves only the program that started it, known by its \
         certificate, as Terraform always is"
    )]
    NoClientCertificate,
    /// The certificate cannot be read.
    #[error("PLUGIN_CLIENT_CERT is not a certificate in PEM")]
    BadClientCertificate(#[source] rustls_pki_types::pem::Error),
    /// Protocol 5 only.
    #[error("the client speaks the plugin protocol {offered}, the provider 6: use Terraform 1.0 or newer")]
    Protocol { offered: String },
}

impl Invitation {
    /// Reads the environment.
    pub(crate) fn from_environment() -> Result<Self, NotInvited> {
        Self::read(|name| env::var(name).ok())
    }

    fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, NotInvited> {
        if variable("TF_PLUGIN_MAGIC_COOKIE").as_deref() != Some(MAGIC_COOKIE) {
            return Err(NotInvited::NotStartedByTerraform);
        }
        if let Some(offered) = variable("PLUGIN_PROTOCOL_VERSIONS")
            && !offered.split(',').any(|version| version.trim() == "6")
        {
            return Err(NotInvited::Protocol { offered });
        }
        let pem = variable("PLUGIN_CLIENT_CERT").filter(|pem| !pem.is_empty());
        let pem = pem.ok_or(NotInvited::NoClientCertificate)?;
        let client_certificate =
            CertificateDer::from_pem_slice(pem.as_bytes()).map_err(NotInvited::BadClientCertificate)?;
        Ok(Self { client_certificate })
    }
}

/// The line that tells Terraform where to connect and which certificate to expect there: core protocol version,
/// plugin protocol version, network, address, kind of protocol, certificate.
pub(crate) fn line(network: &str, address: &str, certificate: &CertificateDer<'_>) -> String {
    format!("1|6|{network}|{address}|grpc|{}\n", STANDARD_NO_PAD.encode(certificate))
}

/// Terraform's value; it keeps users from starting providers by hand and is no secret.
const MAGIC_COOKIE: &str = "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2";

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Invitation, NotInvited> {
        Invitation::read(|name| {
            variables
                .iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| (*value).to_owned())
        })
    }

    const CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----\nAQID\n-----END CERTIFICATE-----\n";

    #[test]
    fn terraform_is_recognised() {
        let invitation = read(&[
            ("TF_PLUGIN_MAGIC_COOKIE", MAGIC_COOKIE),
            ("PLUGIN_PROTOCOL_VERSIONS", "5,6"),
            ("PLUGIN_CLIENT_CERT", CERTIFICATE),
        ]);
        assert_eq!(invitation.unwrap().client_certificate.as_ref(), [1, 2, 3]);
    }

    #[test]
    fn started_by_hand_explains_itself() {
        assert!(matches!(read(&[]), Err(NotInvited::NotStartedByTerraform)));
    }

    #[test]
    fn client_without_certificate_is_refused() {
        assert!(matches!(
            read(&[("TF_PLUGIN_MAGIC_COOKIE", MAGIC_COOKIE)]),
            Err(NotInvited::NoClientCertificate)
        ));
    }

    #[test]
    fn client_of_protocol_five_is_refused() {
        let environment = [
            ("TF_PLUGIN_MAGIC_COOKIE", MAGIC_COOKIE),
            ("PLUGIN_PROTOCOL_VERSIONS", "4,5"),
        ];
        assert!(matches!(read(&environment), Err(NotInvited::Protocol { .. })));
    }

    #[test]
    fn line_has_six_parts_and_no_padding() {
        let line = line("unix", "/tmp/a/s", &CertificateDer::from(vec![1, 2, 3, 4]));
        assert_eq!(line, "1|6|unix|/tmp/a/s|grpc|AQIDBA\n");
    }
}
