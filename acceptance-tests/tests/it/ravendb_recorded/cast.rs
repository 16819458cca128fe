//! The identities and files of the recorded requests, made again.

use std::collections::HashMap;
use std::path::Path;
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use certward::pki::{Certificate, Thumbprint};
use certward_acceptance_tests::programs;
use certward_acceptance_tests::test_pki::client_params;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    RsaKeySize, SerialNumber, SubjectPublicKeyInfo,
};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use time::{Duration, OffsetDateTime};

/// A certificate, what is sent above it, and its key.
pub(super) struct Identity {
    pub(super) chain: Vec<CertificateDer<'static>>,
    pub(super) key: PrivateKeyDer<'static>,
}

/// Everybody who takes part.
pub(super) struct Cast {
    identities: HashMap<String, Identity>,
    /// Base64 of files that requests carry.
    files: HashMap<&'static str, String>,
    /// The CA of the server and of some clients.
    pub(super) ca_pem: String,
    /// The server's certificate, CA and key.
    pub(super) server_pem: String,
    server_issuer: Issuer<'static, KeyPair>,
    serial: u64,
}

impl Cast {
    pub(super) fn new(now: OffsetDateTime, directory: &Path) -> Self {
        let ca_key = key();
        let ca = ca_params("Recorded CA").self_signed(&ca_key).unwrap();
        let ca_issuer = Issuer::new(ca_params("Recorded CA"), &ca_key);
        let server_key = KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap();
        let server = server_params().signed_by(&server_key, &ca_issuer).unwrap();
        let server2_key = KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap();
        let server2 = server_params().signed_by(&server2_key, &ca_issuer).unwrap();

        let mut cast = Self {
            identities: HashMap::new(),
            files: HashMap::new(),
            ca_pem: ca.pem(),
            server_pem: format!("{}{}{}", server.pem(), ca.pem(), server_key.serialize_pem()),
            server_issuer: Issuer::new(server_params(), KeyPair::from_pem(&server_key.serialize_pem()).unwrap()),
            serial: 1000,
        };
        let server2_pfx = pfx(&[(server2.der(), Some(&server2_key)), (ca.der(), None)], "");
        cast.files.insert("server2-pfx", server2_pfx);
        cast.add("server", vec![server.der().clone()], &server_key);
        cast.add("server2", vec![server2.der().clone()], &server2_key);
        cast.add("ca", vec![ca.der().clone()], &ca_key);
        cast.self_signed(now);
        cast.of_a_ca(now, &ca_issuer, ca.der());
        cast.weak(directory);
        cast
    }

    fn self_signed(&mut self, now: OffsetDateTime) {
        for name in ["self1", "pem1", "pemkey", "unknown1", "ec256"] {
            self.self_signed_with(name, name, now, &key());
        }
        self.self_signed_with(
            "ec384",
            "ec384",
            now,
            &KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384).unwrap(),
        );
        self.self_signed_with(
            "ed25519",
            "ed25519",
            now,
            &KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap(),
        );
        let renewed = key();
        self.self_signed_with("selfrenew", "selfrenew", now, &renewed);
        self.self_signed_with("selfrenew2", "selfrenew", now, &renewed);

        let server_only = key();
        let mut params = self.params("srvonly", now);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        self.add(
            "srvonly",
            vec![params.self_signed(&server_only).unwrap().der().clone()],
            &server_only,
        );
        let no_signature = key();
        let mut params = self.params("nods", now);
        params.key_usages = vec![KeyUsagePurpose::KeyEncipherment];
        self.add(
            "nods",
            vec![params.self_signed(&no_signature).unwrap().der().clone()],
            &no_signature,
        );

        for (name, password) in [("pfx-nopw", ""), ("pfx-pw", "p@ss w0rd")] {
            let key = key();
            self.self_signed_with(name, name, now, &key);
            let file = pfx(&[(&self.identities[name].chain[0], Some(&key))], password);
            self.files.insert(name, file);
        }
        for name in ["pfx-two-a", "pfx-two-b"] {
            self.self_signed_with(name, name, now, &key());
        }
        let two = [
            &self.identities["pfx-two-a"].chain[0],
            &self.identities["pfx-two-b"].chain[0],
        ];
        self.files.insert("pfx-two", pfx(&two.map(|der| (der, None)), ""));

        let with_key = key();
        let pem = self.params("pem-with-key", now).self_signed(&with_key).unwrap().pem();
        self.files.insert(
            "pem-with-key",
            STANDARD.encode(format!("{pem}{}", with_key.serialize_pem())),
        );
    }

    fn of_a_ca(&mut self, now: OffsetDateTime, ca: &Issuer<'_, &KeyPair>, ca_der: &CertificateDer<'static>) {
        let other_key = key();
        let other = Issuer::new(ca_params("Other CA"), &other_key);
        let fake_key = key();
        let fake = Issuer::new(ca_params("Recorded CA"), &fake_key);

        let carried_on = key();
        for (name, issuer) in [
            ("casigned", ca),
            ("casigned-renew1", ca),
            ("casigned-renew2", ca),
            ("casigned-renew3", ca),
            ("casigned-otherca", &other),
            ("casigned-fakeca", &fake),
        ] {
            let certificate = self.params("casigned", now).signed_by(&carried_on, issuer).unwrap();
            self.add(name, vec![certificate.der().clone()], &carried_on);
        }
        let with_chain = vec![self.identities["casigned-renew1"].chain[0].clone(), ca_der.clone()];
        self.add("casigned-renew1-chain", with_chain, &carried_on);

        let expired = key();
        let mut params = self.params("expired", now);
        (params.not_before, params.not_after) = (now - Duration::days(60), now - Duration::days(30));
        self.add(
            "expired",
            vec![params.signed_by(&expired, ca).unwrap().der().clone()],
            &expired,
        );
        let certificate = self.params("expired", now).signed_by(&expired, ca).unwrap();
        self.add("expired-renew", vec![certificate.der().clone()], &expired);
        let future = key();
        let mut params = self.params("future", now);
        (params.not_before, params.not_after) = (now + Duration::days(30), now + Duration::days(60));
        self.add(
            "future",
            vec![params.signed_by(&future, ca).unwrap().der().clone()],
            &future,
        );

        let chained = key();
        let certificate = self.params("pfx-chain", now).signed_by(&chained, ca).unwrap();
        self.files.insert(
            "pfx-chain",
            pfx(&[(certificate.der(), Some(&chained)), (ca_der, None)], ""),
        );
        self.add("pfx-chain", vec![certificate.der().clone()], &chained);
    }

    /// RSA with 1024 bits, which no library of ours makes.
    fn weak(&mut self, directory: &Path) {
        if !programs::installed("openssl") {
            return;
        }
        programs::succeed(
            Command::new("openssl")
                .current_dir(directory)
                .args(["req", "-x509", "-newkey", "rsa:1024", "-nodes", "-subj", "/CN=rsa1024"])
                .args(["-keyout", "rsa1024.key", "-out", "rsa1024.crt"]),
        );
        let identity = Identity {
            chain: vec![CertificateDer::from_pem_file(directory.join("rsa1024.crt")).unwrap()],
            key: PrivateKeyDer::from_pem_file(directory.join("rsa1024.key")).unwrap(),
        };
        self.identities.insert("rsa1024".to_owned(), identity);
    }

    /// Keeps what the server has generated.
    pub(super) fn save(&mut self, name: &str, certificate_pem: &str, key_pem: &str, now: OffsetDateTime) {
        let certificate = CertificateDer::from_pem_slice(certificate_pem.as_bytes()).unwrap();
        let key = PrivateKeyDer::from_pem_slice(key_pem.as_bytes()).unwrap();
        if name == "admin1" {
            // The same key, certified again by the server's key.
            let spki = Certificate::from_der(certificate.clone())
                .unwrap()
                .subject_public_key_info_der()
                .to_vec();
            let renewed = self
                .params("admin1", now)
                .signed_by(&SubjectPublicKeyInfo::from_der(&spki).unwrap(), &self.server_issuer)
                .unwrap();
            let identity = Identity {
                chain: vec![renewed.der().clone()],
                key: key.clone_key(),
            };
            self.identities.insert("srvsigned".to_owned(), identity);
        }
        self.identities.insert(
            name.to_owned(),
            Identity {
                chain: vec![certificate],
                key,
            },
        );
    }

    pub(super) fn identity(&self, name: &str) -> Option<&Identity> {
        self.identities.get(name)
    }

    pub(super) fn der(&self, name: &str) -> &CertificateDer<'static> {
        &self
            .identities
            .get(name)
            .unwrap_or_else(|| panic!("nobody is called {name}"))
            .chain[0]
    }

    pub(super) fn thumbprint(&self, name: &str) -> Thumbprint {
        Thumbprint::of(self.der(name))
    }

    pub(super) fn file(&self, name: &str) -> &str {
        self.files
            .get(name)
            .unwrap_or_else(|| panic!("no file is called {name}"))
    }

    fn self_signed_with(&mut self, name: &str, common_name: &str, now: OffsetDateTime, key: &KeyPair) {
        let certificate = self.params(common_name, now).self_signed(key).unwrap();
        self.add(name, vec![certificate.der().clone()], key);
    }

    fn add(&mut self, name: &str, chain: Vec<CertificateDer<'static>>, key: &KeyPair) {
        let key = PrivateKeyDer::from_pem_slice(key.serialize_pem().as_bytes()).unwrap();
        self.identities.insert(name.to_owned(), Identity { chain, key });
    }

    fn params(&mut self, common_name: &str, now: OffsetDateTime) -> CertificateParams {
        self.serial += 1;
        let mut params = client_params(common_name);
        params.serial_number = Some(SerialNumber::from(self.serial));
        (params.not_before, params.not_after) = (now - Duration::days(1), now + Duration::days(365));
        params
    }
}

fn key() -> KeyPair {
    KeyPair::generate().unwrap()
}

fn ca_params(common_name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, common_name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    params
}

fn server_params() -> CertificateParams {
    let mut params = CertificateParams::new(["127.0.0.1".to_owned(), "localhost".to_owned()]).unwrap();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, "raven-server");
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyEncipherment];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
    params
}

/// A PKCS#12 file, in Base64: the first certificate with its key and the others above it, or all without a key.
fn pfx(contents: &[(&CertificateDer<'_>, Option<&KeyPair>)], password: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let mut text = String::new();
    for (der, key) in contents {
        text.extend(key.map(KeyPair::serialize_pem));
        text.push_str(
            &Certificate::from_der(CertificateDer::clone(der).into_owned())
                .unwrap()
                .to_pem(),
        );
    }
    let (input, output) = (folder.path().join("in.pem"), folder.path().join("out.pfx"));
    std::fs::write(&input, text).unwrap();
    let made = Command::new("openssl")
        .args([
            "pkcs12",
            "-export",
            "-iter",
            "1000",
            "-passout",
            &format!("pass:{password}"),
        ])
        .args(if contents[0].1.is_some() { &[][..] } else { &["-nokeys"] })
        .arg("-in")
        .arg(&input)
        .arg("-out")
        .arg(&output)
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");
    STANDARD.encode(std::fs::read(&output).unwrap())
}
