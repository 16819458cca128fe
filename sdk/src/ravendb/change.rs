//! Operations that change which certificates are registered.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use time::OffsetDateTime;
use zeroize::{Zeroize as _, Zeroizing};

use super::client::Client;
use super::date;
use super::definition::CertificateDefinition;
use super::list::{Certificates, PATH};
use super::values::{Permissions, SecurityClearance};
use crate::client::retry::Repeat;
use crate::client::transport::Reply;
use crate::client::zip_files::ZipFiles;
use crate::pki::{Certificate, PrivateKeyPem, Thumbprint, certificates_from_pem};
use crate::{Error, Identity, SecretBytes};

/// A client certificate for RavenDB to make and register.
#[derive(Debug)]
pub struct GenerateCertificate {
    name: String,
    clearance: SecurityClearance,
    permissions: Permissions,
    password: Option<SecretString>,
    not_after: Option<OffsetDateTime>,
    two_factor_key: Option<SecretString>,
}

/// A certificate that RavenDB generated. The server keeps no copy of the private key: it is lost unless it is stored
/// now.
#[derive(Debug)]
#[non_exhaustive]
pub struct GeneratedCertificate {
    /// The certificate, registered already.
    pub certificate: Certificate,
    /// Its private key.
    pub private_key: PrivateKeyPem,
    /// Both as a PKCS#12 file, encrypted with the password that was given, or with an empty one.
    pub pkcs12: SecretBytes,
    /// The archive as it was sent, with the three files.
    pub zip: SecretBytes,
}

/// A certificate to register that exists already.
pub struct RegisterCertificate {
    name: String,
    certificate: Zeroizing<Vec<u8>>,
    clearance: SecurityClearance,
    permissions: Permissions,
    password: Option<SecretString>,
    two_factor_key: Option<SecretString>,
}

/// New values for a registered certificate. All of them replace what is there: nothing is merged.
#[derive(Debug)]
pub struct EditCertificate {
    thumbprint: Thumbprint,
    name: String,
    clearance: SecurityClearance,
    permissions: Permissions,
    disabled: bool,
    two_factor_key: Option<SecretString>,
    remove_two_factor: bool,
}

impl GenerateCertificate {
    /// A certificate of this name and clearance, without permissions on databases, that ends when the server says (five
    /// years on RavenDB).
    pub fn new(name: impl Into<String>, clearance: SecurityClearance) -> Self {
        let (name, permissions) = (name.into(), Permissions::none());
        Self {
            name,
            clearance,
            permissions,
            password: None,
            not_after: None,
            two_factor_key: None,
        }
    }

    /// The access to databases; it counts for `ValidUser` only.
    #[must_use]
    pub fn permissions(mut self, permissions: Permissions) -> Self {
        self.permissions = permissions;
        self
    }

    /// The password of the PKCS#12 file. RavenDB 7 leaves the `.key` unencrypted all the same.
    #[must_use]
    pub fn password(mut self, password: SecretString) -> Self {
        self.password = Some(password);
        self
    }

    /// The end of validity. It must be in the future.
    #[must_use]
    pub fn not_after(mut self, not_after: OffsetDateTime) -> Self {
        self.not_after = Some(not_after);
        self
    }

    /// The Base32 secret of one-time codes, from [`TwoFactor::generate_secret`](super::TwoFactor::generate_secret): the certificate then needs them.
    #[must_use]
    pub fn two_factor_key(mut self, key: SecretString) -> Self {
        self.two_factor_key = Some(key);
        self
    }
}

impl GeneratedCertificate {
    /// Certificate and key as an identity to log in with.
    ///
    /// # Errors
    /// [`Error::is_configuration`] when this process's crypto provider cannot use the key.
    pub fn identity(&self) -> Result<Identity, Error> {
        Identity::new(vec![self.certificate.clone()], self.private_key.clone_key())
    }
}

impl RegisterCertificate {
    /// Registers this certificate. No private key is sent.
    pub fn new(name: impl Into<String>, clearance: SecurityClearance, certificate: &Certificate) -> Self {
        Self::from_bytes(name.into(), clearance, certificate.der().to_vec())
    }

    /// Registers every certificate of a PKCS#12 file as a collection. **The whole file is sent to the server, private
    /// keys included**; RavenDB keeps the certificates only. Prefer [`RegisterCertificate::new`].
    pub fn from_pkcs12(
        name: impl Into<String>,
        clearance: SecurityClearance,
        pkcs12: &SecretBytes,
        password: Option<SecretString>,
    ) -> Self {
        Self {
            password,
            ..Self::from_bytes(name.into(), clearance, pkcs12.expose().to_vec())
        }
    }

    fn from_bytes(name: String, clearance: SecurityClearance, bytes: Vec<u8>) -> Self {
        let certificate = Zeroizing::new(bytes);
        Self {
            name,
            certificate,
            clearance,
            permissions: Permissions::none(),
            password: None,
            two_factor_key: None,
        }
    }

    /// The access to databases; it counts for `ValidUser` only.
    #[must_use]
    pub fn permissions(mut self, permissions: Permissions) -> Self {
        self.permissions = permissions;
        self
    }

    /// As [`GenerateCertificate::two_factor_key`].
    #[must_use]
    pub fn two_factor_key(mut self, key: SecretString) -> Self {
        self.two_factor_key = Some(key);
        self
    }
}

impl fmt::Debug for RegisterCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            name,
            clearance,
            permissions,
            ..
        } = self;
        f.debug_struct("RegisterCertificate")
            .field("name", name)
            .field("clearance", clearance)
            .field("permissions", permissions)
            .finish_non_exhaustive()
    }
}

impl EditCertificate {
    /// Sets name, clearance and permissions, and **enables** the certificate: RavenDB takes an edit that does not say
    /// `disabled` for one that says no. [`EditCertificate::of`] keeps what is registered.
    pub fn new(
        thumbprint: Thumbprint,
        name: impl Into<String>,
        clearance: SecurityClearance,
        permissions: Permissions,
    ) -> Self {
        let name = name.into();
        Self {
            thumbprint,
            name,
            clearance,
            permissions,
            disabled: false,
            two_factor_key: None,
            remove_two_factor: false,
        }
    }

    /// The values as they are registered, to change some of them.
    pub fn of(definition: &CertificateDefinition) -> Self {
        let CertificateDefinition {
            thumbprint,
            name,
            security_clearance,
            permissions,
            disabled,
            ..
        } = definition;
        Self::new(*thumbprint, name, security_clearance.clone(), permissions.clone()).disabled(*disabled)
    }

    /// The new name.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// The new clearance.
    #[must_use]
    pub fn clearance(mut self, clearance: SecurityClearance) -> Self {
        self.clearance = clearance;
        self
    }

    /// The new permissions, in place of all those before.
    #[must_use]
    pub fn permissions(mut self, permissions: Permissions) -> Self {
        self.permissions = permissions;
        self
    }

    /// Disables the certificate: it stays registered and is refused (RavenDB 7.2).
    #[must_use]
    pub fn disabled(mut self, disabled: bool) -> Self {
        self.disabled = disabled;
        self
    }

    /// A new secret of one-time codes.
    #[must_use]
    pub fn two_factor_key(mut self, key: SecretString) -> Self {
        self.two_factor_key = Some(key);
        self
    }

    /// Asks for one-time codes no more.
    #[must_use]
    pub fn remove_two_factor(mut self) -> Self {
        self.remove_two_factor = true;
        self
    }
}

impl Certificates<'_> {
    /// Has RavenDB make a client certificate and register it. For Operators; ClusterAdmin certificates for ClusterAdmins.
    ///
    /// Never repeated once anything was sent, because each time would make a further certificate: after
    /// [`Error::is_timeout`] or a broken connection, look for it by name with [`Certificates::list`].
    ///
    /// ```no_run
    /// use certward::ravendb::{DatabaseAccess, GenerateCertificate, Permissions, SecurityClearance};
    ///
    /// # async fn example(client: certward::ravendb::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// let mut permissions = Permissions::none();
    /// permissions.insert("Orders", DatabaseAccess::ReadWrite);
    /// let request = GenerateCertificate::new("billing", SecurityClearance::ValidUser).permissions(permissions);
    /// let billing = client.certificates().generate(&request).await?;
    /// std::fs::write("billing.crt", billing.certificate.to_pem())?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::is_invalid_input`] for a blank name or an end in the past, [`Error::is_license_limit`] for `Read` access
    /// without a licence, [`Error::is_refused`] for a clearance above the caller's.
    #[doc(alias = "create")]
    #[doc(alias = "generateClientCert")]
    pub async fn generate(self, request: &GenerateCertificate) -> Result<GeneratedCertificate, Error> {
        #[derive(Serialize)]
        #[serde(rename_all = "PascalCase")]
        struct Wire<'a> {
            name: &'a str,
            security_clearance: &'a SecurityClearance,
            permissions: &'a Permissions,
            #[serde(skip_serializing_if = "Option::is_none")]
            password: Option<&'a str>,
            #[serde(skip_serializing_if = "Option::is_none", with = "date::option")]
            not_after: Option<OffsetDateTime>,
            #[serde(skip_serializing_if = "Option::is_none")]
            two_factor_authentication_key: Option<&'a str>,
        }
        require_name("generate a certificate", &request.name)?;
        let body = Wire {
            name: &request.name,
            security_clearance: &request.clearance,
            permissions: &request.permissions,
            password: request.password.as_ref().map(SecretString::expose_secret),
            not_after: request.not_after,
            two_factor_authentication_key: request.two_factor_key.as_ref().map(SecretString::expose_secret),
        };
        let call = Client::write("generate a certificate", Method::POST, PATH, Repeat::Once)
            .json(&body)?
            .accept(&[200]);
        read_generated(self.0.send(call).await?)
    }

    /// Registers a certificate. One that is registered already gets the new values; there is no conflict. For Operators;
    /// ClusterAdmin and ClusterNode certificates for ClusterAdmins.
    ///
    /// ```no_run
    /// use certward::ravendb::{RegisterCertificate, SecurityClearance};
    ///
    /// # async fn example(client: certward::ravendb::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// let pem = std::fs::read_to_string("billing.crt")?;
    /// for certificate in certward::pki::certificates_from_pem(&pem)? {
    ///     let request = RegisterCertificate::new("billing", SecurityClearance::Operator, &certificate);
    ///     client.certificates().register(&request).await?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::is_invalid_input`] for a blank name or a wrong password, [`Error::is_refused`] for the server's own
    /// certificate or a clearance above the caller's.
    #[doc(alias = "create")]
    #[doc(alias = "trustClientCert")]
    #[doc(alias = "put")]
    pub async fn register(self, request: &RegisterCertificate) -> Result<(), Error> {
        #[derive(Serialize)]
        #[serde(rename_all = "PascalCase")]
        struct Wire<'a> {
            name: &'a str,
            certificate: &'a str,
            security_clearance: &'a SecurityClearance,
            permissions: &'a Permissions,
            #[serde(skip_serializing_if = "Option::is_none")]
            password: Option<&'a str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            two_factor_authentication_key: Option<&'a str>,
        }
        require_name("register a certificate", &request.name)?;
        let certificate = Zeroizing::new(STANDARD.encode(request.certificate.as_slice()));
        let body = Wire {
            name: &request.name,
            certificate: &certificate,
            security_clearance: &request.clearance,
            permissions: &request.permissions,
            password: request.password.as_ref().map(SecretString::expose_secret),
            two_factor_authentication_key: request.two_factor_key.as_ref().map(SecretString::expose_secret),
        };
        let call = Client::write("register a certificate", Method::PUT, PATH, Repeat::NaturalKey).json(&body)?;
        self.0.send(call).await.map(drop)
    }

    /// Replaces name, clearance, permissions and whether it is disabled. For Operators; ClusterAdmin and ClusterNode
    /// certificates for ClusterAdmins.
    ///
    /// Do not edit the primary of a collection (one whose
    /// [`collection_secondary_keys`](super::CertificateDefinition::collection_secondary_keys) are not empty): RavenDB 7.2
    /// cuts the secondaries loose then. They keep the rights they had and still log in, but can be neither read nor deleted
    /// any more. Delete the collection, and register its certificates one by one.
    ///
    /// ```no_run
    /// use certward::ravendb::EditCertificate;
    ///
    /// # async fn example(client: certward::ravendb::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// for certificate in client.certificates().list(&Default::default()).await?.certificates {
    ///     if certificate.name == "billing" {
    ///         client.certificates().update(&EditCertificate::of(&certificate).disabled(true)).await?;
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::is_refused`] when no such certificate is registered, or the clearance is above the caller's.
    #[doc(alias = "edit")]
    pub async fn update(self, request: &EditCertificate) -> Result<(), Error> {
        #[derive(Serialize)]
        #[serde(rename_all = "PascalCase")]
        struct Wire<'a> {
            thumbprint: String,
            name: &'a str,
            security_clearance: &'a SecurityClearance,
            permissions: &'a Permissions,
            disabled: bool,
            #[serde(skip_serializing_if = "Option::is_none")]
            two_factor_authentication_key: Option<&'a str>,
        }
        require_name("edit a certificate", &request.name)?;
        let body = Wire {
            thumbprint: request.thumbprint.to_string(),
            name: &request.name,
            security_clearance: &request.clearance,
            permissions: &request.permissions,
            disabled: request.disabled,
            two_factor_authentication_key: request.two_factor_key.as_ref().map(SecretString::expose_secret),
        };
        let mut call = Client::write(
            "edit a certificate",
            Method::POST,
            "/admin/certificates/edit",
            Repeat::NaturalKey,
        )
        .json(&body)?;
        if request.remove_two_factor {
            call = call.query("deleteTwoFactorConfiguration", true);
        }
        self.0.send(call).await.map(drop)
    }

    /// Deletes a registered certificate, with the secondaries of its collection. No error when there is none. For
    /// Operators; ClusterAdmin and ClusterNode certificates for ClusterAdmins.
    ///
    /// # Errors
    /// [`Error::is_refused`] for the caller's own certificate, a secondary, or a clearance above the caller's.
    pub async fn delete(self, thumbprint: &Thumbprint) -> Result<(), Error> {
        let call = Client::write("delete a certificate", Method::DELETE, PATH, Repeat::NaturalKey)
            .query("thumbprint", thumbprint)
            .accept(&[200, 204, 404]);
        self.0.send(call).await.map(drop)
    }

    /// Deletes every certificate that has expired. For Operators.
    ///
    /// # Errors
    /// [`Error::is_forbidden`] and the errors that every operation can return.
    #[doc(alias = "purge")]
    pub async fn delete_expired(self) -> Result<(), Error> {
        let call = Client::write(
            "purge expired certificates",
            Method::DELETE,
            "/admin/certificates/purge",
            Repeat::NaturalKey,
        );
        self.0.send(call).await.map(drop)
    }
}

/// RavenDB refuses a blank name too; told here, it costs no request and reads better.
fn require_name(operation: &str, name: &str) -> Result<(), Error> {
    if name.trim().is_empty() {
        return Err(Error::invalid_input(format!("cannot {operation}: its name is blank")));
    }
    Ok(())
}

/// Reads the three files (`docs/contracts/ravendb.md#generate`), identified by their extensions, since the server
/// chooses the names.
fn read_generated(reply: Reply) -> Result<GeneratedCertificate, Error> {
    let unreadable = |problem: &str| reply.decode_error(format!("the archive of the generated certificate {problem}"));
    let files = ZipFiles::read(&reply.body).map_err(|error| unreadable("cannot be unpacked").with_source(error))?;
    let file = |extension: &str| {
        files
            .with_extension(extension)
            .ok_or_else(|| unreadable(&format!("holds no .{extension} file")))
    };
    let text = |extension: &str| {
        file(extension).and_then(|file| file.text().map_err(|_| unreadable("holds a file that is not text")))
    };
    let certificates =
        certificates_from_pem(text("crt")?).map_err(|error| unreadable("holds no certificate").with_source(error))?;
    let certificate = certificates
        .into_iter()
        .next()
        .ok_or_else(|| unreadable("holds no certificate"))?;
    let private_key =
        PrivateKeyPem::from_pem(text("key")?).map_err(|error| unreadable("holds no private key").with_source(error))?;
    let pkcs12 = SecretBytes::new(file("pfx")?.content.to_vec());
    let zip = SecretBytes::new(reply.body.to_vec());
    if let Ok(mut received) = reply.body.try_into_mut() {
        received.as_mut().zeroize();
    }
    Ok(GeneratedCertificate {
        certificate,
        private_key,
        pkcs12,
        zip,
    })
}
