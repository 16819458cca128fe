//! Certificates and keys, made when a test needs them.

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose, SanType,
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

/// An end entity: a certificate and its key, as PEM.
#[derive(Clone)]
pub struct Identity {
    /// The certificate.
    pub certificate_pem: String,
    /// The key, PKCS#8.
    pub private_key_pem: String,
    /// The certificate.
    pub certificate: CertificateDer<'static>,
}

impl Identity {
    /// A self-signed client certificate for an ECDSA P-256 key.
    #[must_use]
    pub fn self_signed(common_name: &str) -> Self {
        let key = KeyPair::generate().expect("a P-256 key can be made");
        let certificate = client_params(common_name)
            .self_signed(&key)
            .expect("the parameters are complete");
        Self::new(&certificate, &key)
    }

    /// Another self-signed certificate for the same key.
    #[must_use]
    pub fn renewed(&self, common_name: &str) -> Self {
        let key = KeyPair::from_pem(&self.private_key_pem).expect("the key was made here");
        let certificate = client_params(common_name)
            .self_signed(&key)
            .expect("the parameters are complete");
        Self::new(&certificate, &key)
    }

    /// The key in the form rustls takes.
    #[must_use]
    pub fn private_key(&self) -> PrivateKeyDer<'static> {
        let key = KeyPair::from_pem(&self.private_key_pem).expect("the key was made here");
        PrivatePkcs8KeyDer::from(key.serialize_der()).into()
    }

    fn new(certificate: &rcgen::Certificate, key: &KeyPair) -> Self {
        Self {
            certificate_pem: certificate.pem(),
            private_key_pem: key.serialize_pem(),
            certificate: certificate.der().clone(),
        }
    }
}

/// A certificate authority.
pub struct TestCa(CertifiedIssuer<'static, KeyPair>);

impl TestCa {
    /// A new CA with this common name.
    #[must_use]
    pub fn new(common_name: &str) -> Self {
        Self::with_usages(common_name, &[KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign])
    }

    /// One whose key usage does not let it sign certificates, which it does all the same.
    #[must_use]
    pub fn without_cert_sign(common_name: &str) -> Self {
        Self::with_usages(common_name, &[KeyUsagePurpose::DigitalSignature])
    }

    fn with_usages(common_name: &str, usages: &[KeyUsagePurpose]) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, common_name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = usages.to_vec();
        let key = KeyPair::generate().expect("a P-256 key can be made");
        Self(CertifiedIssuer::self_signed(params, key).expect("the parameters are complete"))
    }

    /// The CA's certificate.
    #[must_use]
    pub fn certificate_pem(&self) -> String {
        self.0.pem()
    }

    /// A client certificate of this CA, with a new key.
    #[must_use]
    pub fn issue(&self, common_name: &str) -> Identity {
        self.issue_to(&[(DnType::CommonName, common_name)], &[])
    }

    /// The same with a whole subject, in the order of its encoding, and DNS names.
    #[must_use]
    pub fn issue_to(&self, subject: &[(DnType, &str)], dns_names: &[&str]) -> Identity {
        let mut params = client_params("");
        params.distinguished_name = rcgen::DistinguishedName::new();
        for (attribute, value) in subject {
            params.distinguished_name.push(attribute.clone(), *value);
        }
        let dns_name = |name: &&str| SanType::DnsName((*name).try_into().expect("a DNS name is ASCII"));
        params.subject_alt_names = dns_names.iter().map(dns_name).collect();
        self.issue_with(params)
    }

    /// Another certificate of this CA for the key of `identity`.
    #[must_use]
    pub fn renew(&self, identity: &Identity, common_name: &str) -> Identity {
        let key = KeyPair::from_pem(&identity.private_key_pem).expect("the key was made here");
        self.sign(client_params(common_name), &key)
    }

    /// A certificate of this CA that says what `params` say, with a new key.
    #[must_use]
    pub fn issue_with(&self, params: CertificateParams) -> Identity {
        let key = KeyPair::generate().expect("a P-256 key can be made");
        self.sign(params, &key)
    }

    fn sign(&self, params: CertificateParams, key: &KeyPair) -> Identity {
        let certificate = params.signed_by(key, &self.0).expect("the parameters are complete");
        Identity::new(&certificate, key)
    }
}

/// Contents of a client certificate, except for key and issuer.
#[must_use]
pub fn client_params(common_name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, common_name);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    params
}
