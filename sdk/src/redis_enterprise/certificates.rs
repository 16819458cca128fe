//! The cluster's certificates, the trusted CA among them.

use std::collections::BTreeMap;
use std::fmt;

use http::Method;
use secrecy::SecretString;
use serde::Serialize;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};

use super::client::Client;
use super::values::CertificateName;
use crate::Error;
use crate::client::error::one_line;
use crate::client::handle::handle;
use crate::client::retry::Repeat;
use crate::client::transport::{Call, path_segment};
use crate::pki::{Certificate, PemError, PrivateKeyPem, certificates_from_pem};

/// The certificates a cluster has, each by its name.
#[derive(Debug, Default)]
pub struct ClusterCertificates(BTreeMap<CertificateName, ClusterCertificate>);

/// One of a cluster's certificates.
#[derive(Debug)]
#[non_exhaustive]
pub struct ClusterCertificate {
    /// The PEM text as the cluster has it: a certificate and those above it, or a trusted CA's certificates.
    pub pem: String,
    /// The private key, PEM, when it was asked for and the cluster gives it to this user. **A secret.**
    pub private_key: Option<SecretString>,
}

/// A certificate to install in place of the one of that name.
pub struct NewCertificate {
    name: CertificateName,
    certificate: String,
    private_key: Option<PrivateKeyPem>,
}

impl ClusterCertificates {
    /// The certificate of this name.
    pub fn get(&self, name: &CertificateName) -> Option<&ClusterCertificate> {
        self.0.get(name)
    }

    /// The CA certificates that client certificates must lead to; none when there are none.
    ///
    /// # Errors
    /// [`PemError`]: the cluster's text cannot be read.
    pub fn trusted_ca(&self) -> Result<Vec<Certificate>, PemError> {
        self.get(&CertificateName::MtlsTrustedCa)
            .map_or(Ok(Vec::new()), ClusterCertificate::certificates)
    }

    /// Names and certificates.
    pub fn iter(&self) -> impl Iterator<Item = (&CertificateName, &ClusterCertificate)> {
        self.0.iter()
    }
}

impl ClusterCertificate {
    /// The certificates of the text, in their order.
    ///
    /// # Errors
    /// [`PemError`]: the text cannot be read.
    pub fn certificates(&self) -> Result<Vec<Certificate>, PemError> {
        certificates_from_pem(&self.pem)
    }
}

impl NewCertificate {
    /// A certificate, and those above it, as PEM. All but CA certificates need their
    /// [`private_key`](NewCertificate::private_key).
    pub fn new(name: CertificateName, certificate: impl Into<String>) -> Self {
        Self {
            name,
            certificate: certificate.into(),
            private_key: None,
        }
    }

    /// The CA certificates that client certificates must lead to, in place of all those before: there is no adding.
    pub fn trusted_ca(certificates: &[Certificate]) -> Self {
        let pem: String = certificates.iter().map(Certificate::to_pem).collect();
        Self::new(CertificateName::MtlsTrustedCa, pem)
    }

    /// The private key of the certificate. **It is sent to the cluster.**
    #[must_use]
    pub fn private_key(mut self, private_key: PrivateKeyPem) -> Self {
        self.private_key = Some(private_key);
        self
    }
}

impl fmt::Debug for NewCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The text is a caller's: somebody may have pasted a key into it.
        f.debug_struct("NewCertificate")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

handle! {
    /// The cluster's certificates, the trusted CA among them.
    #[doc(alias = "mtls_trusted_ca")]
    #[doc(alias = "update_cert")]
    Certificates = certificates
}

impl Certificates<'_> {
    /// The cluster's certificates, without private keys: those that Redis Enterprise sends along are dropped while the
    /// answer is read. Needs `view_cluster_info`.
    ///
    /// # Errors
    /// [`Error::is_forbidden`] and the errors that every operation can return.
    pub async fn list(self) -> Result<ClusterCertificates, Error> {
        let wire: Wire<false> = self.read_certificates().await?;
        Ok(wire.0)
    }

    /// The cluster's certificates **with their private keys**, as far as the cluster gives them to this user.
    ///
    /// # Errors
    /// As [`Certificates::list`].
    pub async fn list_with_private_keys(self) -> Result<ClusterCertificates, Error> {
        let wire: Wire<true> = self.read_certificates().await?;
        Ok(wire.0)
    }

    /// Installs certificates. All are checked before any is stored. Needs `update_cluster`; Redis Enterprise 7.22 and
    /// later.
    ///
    /// ```no_run
    /// use certward::redis_enterprise::NewCertificate;
    ///
    /// # async fn example(client: certward::redis_enterprise::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// let mut trusted = client.certificates().list().await?.trusted_ca()?;
    /// trusted.extend(certward::pki::certificates_from_pem(&std::fs::read_to_string("team-ca.crt")?)?);
    /// client.certificates().update(&[NewCertificate::trusted_ca(&trusted)]).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::is_invalid_input`] for a private key among the certificates, which is not sent, and for a certificate
    /// that is broken, unfit (400) or expired (406); [`Error::is_forbidden`] for an unknown name or a missing right,
    /// [`Error::is_conflict`] when not all nodes took them, and the errors that every operation can return.
    pub async fn update(self, certificates: &[NewCertificate]) -> Result<(), Error> {
        #[derive(Serialize)]
        struct Wire<'a> {
            certificates: Vec<NewWire<'a>>,
        }
        let certificates = certificates.iter().map(NewWire::of).collect::<Result<_, _>>()?;
        let call =
            Call::new("install certificates", Method::PUT, PATH, Repeat::NaturalKey).json(&Wire { certificates })?;
        self.0.send(call).await.map(drop)
    }

    /// Installs one certificate, by the older route that every version has. Needs `update_cluster`.
    ///
    /// # Errors
    /// As [`Certificates::update`].
    pub async fn update_one(self, certificate: &NewCertificate) -> Result<(), Error> {
        let path = "/v1/cluster/update_cert";
        let call = Call::new("install a certificate", Method::PUT, path, Repeat::NaturalKey)
            .json(&NewWire::of(certificate)?)?;
        self.0.send(call).await.map(drop)
    }

    /// Deletes a certificate the cluster can do without: the trusted CA, or one for LDAP or single sign-on. No error when
    /// there is none. Needs `update_cluster`.
    ///
    /// # Errors
    /// [`Error::is_forbidden`] for one that is needed, among them the
    /// trusted CA while certificates are taken as a login, and the errors that every operation can return.
    pub async fn delete(self, name: &CertificateName) -> Result<(), Error> {
        let operation = "delete a certificate";
        let path = format!("{PATH}/{}", path_segment(operation, "certificate name", name.as_str())?);
        let call = Call::new(operation, Method::DELETE, path, Repeat::NaturalKey).accept(&[200, 404]);
        self.0.send(call).await.map(drop)
    }

    /// Replaces certificates that the cluster makes for itself: the one named, or all. Needs `update_cluster`.
    ///
    /// # Errors
    /// [`Error::is_forbidden`] for one that the cluster does not make, and the errors that every operation can return.
    pub async fn rotate(self, name: Option<&CertificateName>) -> Result<(), Error> {
        #[derive(Serialize)]
        struct Wire<'a> {
            #[serde(skip_serializing_if = "Option::is_none")]
            name: Option<&'a CertificateName>,
        }
        let path = "/v1/cluster/certificates/rotate";
        let call = Call::new("rotate certificates", Method::POST, path, Repeat::Once).json(&Wire { name })?;
        self.0.send(call).await.map(drop)
    }

    async fn read_certificates<const KEYS: bool>(self) -> Result<Wire<KEYS>, Error> {
        let reply = self.0.send(Call::get("read the cluster's certificates", PATH)).await?;
        let wire = reply.json();
        reply.wipe();
        wire
    }
}

#[derive(Serialize)]
struct NewWire<'a> {
    name: &'a CertificateName,
    certificate: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<&'a str>,
}

impl<'a> NewWire<'a> {
    /// A key among the certificates would be stored as one, and shown to everybody who may look.
    fn of(certificate: &'a NewCertificate) -> Result<Self, Error> {
        if certificate.certificate.contains("PRIVATE KEY-----") {
            return Err(Error::invalid_input(format!(
                "cannot install the certificate {}: its text holds a private key; give the key by itself",
                one_line(certificate.name.as_str())
            )));
        }
        Ok(Self {
            name: &certificate.name,
            certificate: &certificate.certificate,
            key: certificate.private_key.as_ref().map(PrivateKeyPem::expose),
        })
    }
}

/// The flat object of `<name>_cert` and `<name>_key`. A private key that is not wanted becomes no value at all.
struct Wire<const KEYS: bool>(ClusterCertificates);

impl<'de, const KEYS: bool> Deserialize<'de> for Wire<KEYS> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(WireVisitor::<KEYS>)
    }
}

struct WireVisitor<const KEYS: bool>;

impl<'de, const KEYS: bool> Visitor<'de> for WireVisitor<KEYS> {
    type Value = Wire<KEYS>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of certificates")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let mut certificates = BTreeMap::new();
        let mut keys = BTreeMap::new();
        while let Some(member) = members.next_key::<String>()? {
            if let Some(name) = member.strip_suffix("_cert") {
                if let Some(pem) = members.next_value::<Option<String>>()?.filter(|pem| !pem.is_empty()) {
                    certificates.insert(CertificateName::from(name), pem);
                }
            } else if let Some(name) = member.strip_suffix("_key").filter(|_| KEYS) {
                if let Some(key) = members.next_value::<Option<String>>()?.filter(|key| !key.is_empty()) {
                    keys.insert(CertificateName::from(name), SecretString::from(key));
                }
            } else {
                members.next_value::<IgnoredAny>()?;
            }
        }
        let certificates = certificates.into_iter().map(|(name, pem)| {
            let private_key = keys.remove(&name);
            (name, ClusterCertificate { pem, private_key })
        });
        Ok(Wire(ClusterCertificates(certificates.collect())))
    }
}

const PATH: &str = "/v1/cluster/certificates";
