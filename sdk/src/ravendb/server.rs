//! The server's own certificate, its cluster and its version.

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::client::Client;
use super::definition::{CertificateDefinition, DefinitionWire, thumbprint};
use crate::client::handle::handle;
use crate::client::retry::Repeat;
use crate::client::transport::Call;
use crate::pki::{Certificate, Thumbprint, certificates_from_pem};
use crate::{Error, SecretBytes};

/// A new server certificate for the whole cluster.
pub struct ReplaceClusterCertificate {
    pkcs12: Zeroizing<Vec<u8>>,
    password: Option<SecretString>,
    immediately: bool,
}

/// The progress of a replacement of the server certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReplacementStatus {
    /// The number of nodes that have received the new certificate.
    pub confirmations: u32,
    /// The new certificate.
    pub thumbprint: Option<Thumbprint>,
    /// The certificate that is replaced.
    pub old_thumbprint: Option<Thumbprint>,
    /// Nodes do not wait for each other.
    pub replace_immediately: bool,
    /// The number of nodes that use the new certificate.
    pub replaced: u32,
}

/// The nodes of a cluster, as one of them sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClusterTopology {
    /// The cluster's id; `None` while the node belongs to none.
    pub topology_id: Option<String>,
    /// The tag of the leading node.
    pub leader: Option<String>,
    /// The tag of the node that answered.
    pub node_tag: Option<String>,
    /// Tag and URL of each full member.
    pub members: BTreeMap<String, String>,
    /// Tag and URL of each node on its way to membership.
    pub promotables: BTreeMap<String, String>,
    /// Tag and URL of each node that only watches.
    pub watchers: BTreeMap<String, String>,
}

/// The version of a server.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct BuildVersion {
    /// Such as `7.2`.
    pub product_version: String,
    /// Such as 72051.
    pub build_version: u64,
    /// The abbreviated commit.
    #[serde(default)]
    pub commit_hash: String,
    /// Such as `7.2.7`.
    pub full_version: String,
}

/// The parts of a licence that concern certificates.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct LicenseStatus {
    /// The kind of licence, `None` without one.
    pub r#type: Option<String>,
    /// In words.
    pub status: Option<String>,
    /// The licence has expired.
    #[serde(default)]
    pub expired: bool,
    /// The licence allows [`DatabaseAccess::Read`](super::DatabaseAccess::Read).
    #[serde(default)]
    pub has_read_only_certificates: bool,
}

impl ReplaceClusterCertificate {
    /// A PKCS#12 file with the new certificate **and its private key**, which is sent to the server.
    pub fn new(pkcs12: &SecretBytes, password: Option<SecretString>) -> Self {
        Self {
            pkcs12: Zeroizing::new(pkcs12.expose().to_vec()),
            password,
            immediately: false,
        }
    }

    /// Lets each node change over as soon as it can. Default: when all have confirmed, so that none is cut off.
    #[must_use]
    pub fn immediately(mut self) -> Self {
        self.immediately = true;
        self
    }
}

impl fmt::Debug for ReplaceClusterCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReplaceClusterCertificate")
            .field("immediately", &self.immediately)
            .finish_non_exhaustive()
    }
}

handle! {
    /// The certificate of the server itself.
    ServerCertificate = server_certificate
}

impl ServerCertificate<'_> {
    /// The certificates of the cluster's servers as a PKCS#12 file without private keys, to trust them elsewhere. For
    /// Operators.
    ///
    /// # Errors
    /// [`Error::is_forbidden`] and the errors that every operation can return.
    pub async fn export(self) -> Result<SecretBytes, Error> {
        let reply = self
            .0
            .send(Call::get(
                "export the server certificates",
                "/admin/certificates/export",
            ))
            .await?;
        Ok(SecretBytes::new(reply.body.to_vec()))
    }

    /// The certificate servers talk to each other with (RavenDB 7). For Operators.
    ///
    /// # Errors
    /// [`Error::is_decode`] when the answer is no certificate, and the errors that every operation can return.
    pub async fn export_for_communication(self) -> Result<Certificate, Error> {
        let path = "/admin/certificates/for-communication/export";
        let reply = self
            .0
            .send(Call::get("export the certificate for communication", path))
            .await?;
        let pem = std::str::from_utf8(&reply.body)
            .ok()
            .and_then(|text| certificates_from_pem(text).ok());
        match pem.and_then(|certificates| certificates.into_iter().next()) {
            Some(certificate) => Ok(certificate),
            None => Certificate::from_der(reply.body.to_vec())
                .map_err(|error| reply.decode_error("the answer is no certificate").with_source(error)),
        }
    }

    /// Starts to replace the server certificate on every node. For ClusterAdmins.
    ///
    /// # Errors
    /// [`Error::is_refused`] when the file cannot be used, and the errors that every operation can return.
    #[doc(alias = "replace-cluster-cert")]
    pub async fn replace(self, request: &ReplaceClusterCertificate) -> Result<(), Error> {
        #[derive(Serialize)]
        #[serde(rename_all = "PascalCase")]
        struct Wire<'a> {
            certificate: &'a str,
            #[serde(skip_serializing_if = "Option::is_none")]
            password: Option<&'a str>,
        }
        let certificate = Zeroizing::new(STANDARD.encode(request.pkcs12.as_slice()));
        let body = Wire {
            certificate: &certificate,
            password: request.password.as_ref().map(SecretString::expose_secret),
        };
        let path = "/admin/certificates/replace-cluster-cert";
        let mut call = Client::write("replace the server certificate", Method::POST, path, Repeat::Once).json(&body)?;
        if request.immediately {
            call = call.query("replaceImmediately", true);
        }
        self.0.send(call).await.map(drop)
    }

    /// Returns the progress of the replacement of the server certificate; `None` when none is running. For
    /// ClusterAdmins.
    ///
    /// # Errors
    /// [`Error::is_forbidden`] and the errors that every operation can return.
    pub async fn replacement(self) -> Result<Option<ReplacementStatus>, Error> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Wire {
            confirmations: u32,
            thumbprint: Option<String>,
            old_thumbprint: Option<String>,
            #[serde(default)]
            replace_immediately: bool,
            #[serde(default)]
            replaced: u32,
        }
        let call = Call::get(
            "read the state of the replacement",
            "/admin/certificates/replacement/status",
        )
        .accept(&[200, 404]);
        let reply = self.0.send(call).await?;
        if reply.status == 404 {
            return Ok(None);
        }
        let wire: Wire = reply.json()?;
        let read = |member, text: Option<String>| match text.filter(|text| !text.is_empty()) {
            Some(text) => thumbprint(member, &text)
                .map(Some)
                .map_err(|problem| reply.decode_error(problem)),
            None => Ok(None),
        };
        Ok(Some(ReplacementStatus {
            confirmations: wire.confirmations,
            thumbprint: read("Thumbprint", wire.thumbprint)?,
            old_thumbprint: read("OldThumbprint", wire.old_thumbprint)?,
            replace_immediately: wire.replace_immediately,
            replaced: wire.replaced,
        }))
    }

    /// Gives a replacement up. For ClusterAdmins.
    ///
    /// # Errors
    /// [`Error::is_forbidden`] and the errors that every operation can return.
    pub async fn reset_replacement(self) -> Result<(), Error> {
        let path = "/admin/certificates/replacement/reset";
        self.0
            .send(Client::write(
                "reset the replacement",
                Method::POST,
                path,
                Repeat::NaturalKey,
            ))
            .await
            .map(drop)
    }

    /// Has the server look for a new certificate of its own, at once on every node when `replace_immediately`. For
    /// ClusterAdmins.
    ///
    /// # Errors
    /// [`Error::is_forbidden`] and the errors that every operation can return.
    pub async fn refresh(self, replace_immediately: bool) -> Result<(), Error> {
        let path = "/admin/certificates/refresh";
        let mut call = Client::write("refresh the server certificate", Method::POST, path, Repeat::Once);
        if replace_immediately {
            call = call.query("replaceImmediately", true);
        }
        self.0.send(call).await.map(drop)
    }
}

handle! {
    /// Certificates that a node was given before it joined a cluster.
    LocalState = local_state
}

impl LocalState<'_> {
    /// Certificates a node was given before it joined a cluster. For Operators.
    ///
    /// # Errors
    /// [`Error::is_forbidden`] and the errors that every operation can return.
    pub async fn list(self) -> Result<Vec<CertificateDefinition>, Error> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Wire {
            results: Vec<DefinitionWire>,
        }
        let reply = self
            .0
            .send(Call::get("read the local state", "/admin/certificates/local-state"))
            .await?;
        let wire: Wire = reply.json()?;
        let definitions = wire
            .results
            .into_iter()
            .map(CertificateDefinition::try_from)
            .collect::<Result<_, _>>();
        definitions.map_err(|problem: String| reply.decode_error(problem))
    }

    /// Forgets the certificates of the local state. For ClusterAdmins.
    ///
    /// # Errors
    /// [`Error::is_forbidden`] and the errors that every operation can return.
    pub async fn delete(self) -> Result<(), Error> {
        let path = "/admin/certificates/local-state";
        self.0
            .send(Client::write(
                "clear the local state",
                Method::DELETE,
                path,
                Repeat::NaturalKey,
            ))
            .await
            .map(drop)
    }

    /// Registers the certificates of the local state in the cluster. For ClusterAdmins.
    ///
    /// # Errors
    /// [`Error::is_forbidden`] while the node is passive, and the errors that every operation can return.
    pub async fn apply(self) -> Result<(), Error> {
        let path = "/admin/certificates/local-state/apply";
        self.0
            .send(Client::write(
                "apply the local state",
                Method::POST,
                path,
                Repeat::NaturalKey,
            ))
            .await
            .map(drop)
    }
}

handle! {
    /// The server, its cluster and its licence.
    Server = server
}

impl Server<'_> {
    /// Returns the setup mode of the server: `None`, `Initial`, `LetsEncrypt`, `Secured` or `Unsecured`. For
    /// ClusterAdmins.
    ///
    /// # Errors
    /// [`Error::is_forbidden`] and the errors that every operation can return.
    pub async fn setup_mode(self) -> Result<String, Error> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Wire {
            setup_mode: String,
        }
        let reply = self
            .0
            .send(Call::get("read the setup mode", "/admin/certificates/mode"))
            .await?;
        reply.json().map(|wire: Wire| wire.setup_mode)
    }

    /// The host names of the cluster. For ClusterAdmins.
    ///
    /// # Errors
    /// [`Error::is_forbidden`] and the errors that every operation can return.
    pub async fn cluster_domains(self) -> Result<Vec<String>, Error> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Wire {
            cluster_domains: Vec<String>,
        }
        let reply = self
            .0
            .send(Call::get(
                "read the cluster's domains",
                "/admin/certificates/cluster-domains",
            ))
            .await?;
        reply.json().map(|wire: Wire| wire.cluster_domains)
    }

    /// The nodes of the cluster. For any valid certificate.
    ///
    /// # Errors
    /// [`Error::is_forbidden`] and the errors that every operation can return.
    pub async fn topology(self) -> Result<ClusterTopology, Error> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Wire {
            topology: Inner,
            leader: Option<String>,
            node_tag: Option<String>,
        }
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Inner {
            topology_id: Option<String>,
            #[serde(default)]
            members: BTreeMap<String, String>,
            #[serde(default)]
            promotables: BTreeMap<String, String>,
            #[serde(default)]
            watchers: BTreeMap<String, String>,
        }
        let Wire {
            topology,
            leader,
            node_tag,
        } = self
            .0
            .send(Call::get("read the topology", "/cluster/topology"))
            .await?
            .json()?;
        let Inner {
            topology_id,
            members,
            promotables,
            watchers,
        } = topology;
        Ok(ClusterTopology {
            topology_id,
            leader,
            node_tag,
            members,
            promotables,
            watchers,
        })
    }

    /// The version of the server. For any valid certificate.
    ///
    /// # Errors
    /// [`Error::is_forbidden`] and the errors that every operation can return.
    #[doc(alias = "build")]
    pub async fn version(self) -> Result<BuildVersion, Error> {
        self.0
            .send(Call::get("read the version", "/build/version"))
            .await?
            .json()
    }

    /// Returns the status of the server's licence. For any valid certificate.
    ///
    /// # Errors
    /// [`Error::is_forbidden`] and the errors that every operation can return.
    pub async fn license(self) -> Result<LicenseStatus, Error> {
        self.0
            .send(Call::get("read the licence", "/license/status"))
            .await?
            .json()
    }
}
