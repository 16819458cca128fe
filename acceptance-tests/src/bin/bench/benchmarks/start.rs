//! Starting on a store with many certificates.

use std::path::Path;
use std::time::Duration;

use certward::pki::Certificate;
use certward_server::ravendb::model::clearance::{Permissions, SecurityClearance};
use certward_server::ravendb::model::definition::{Grant, RegisteredCertificate};
use certward_server::ravendb::rows;
use certward_server::store::Store;
use rcgen::{CertificateParams, Issuer, PKCS_RSA_SHA512, PublicKeyData, SignatureAlgorithm, SigningKey};

use super::generate::POOL_SIZE;
use crate::report::{Outcome, mebibytes, median, readable};
use crate::servers::certward;
use crate::site::client_parameters;
use crate::{Bench, Failure};

pub(crate) async fn run(bench: &Bench) -> Result<Outcome, Failure> {
    let data = bench.work.path().join("start");
    let bytes = fill(&data).await?;
    let (mut times, mut sizes) = (Vec::new(), Vec::new());
    for _ in 0..STARTS {
        let (server, took) = certward(bench, &bench.site, &data, &[(POOL_SIZE, "0")]).await?;
        times.push(took);
        sizes.push(server.process.resident_kib()?);
    }
    let (_, empty) = certward(
        bench,
        &bench.site,
        &bench.work.path().join("start-empty"),
        &[(POOL_SIZE, "0")],
    )
    .await?;
    let time = median(&times);
    let mut outcome = Outcome::default();
    outcome.limit(
        "start with 100,000 registered certificates",
        readable(time),
        "≤ 2 s",
        time <= GOAL,
    );
    outcome.told("resident memory then", mebibytes(median(&sizes)));
    outcome.note(format!(
        "From the start of the process to the answer to a `whoami` over mTLS; median of {STARTS}, slowest {}; with an empty \
         store {}. Each certificate is about as large as one the server issues (RSA-4096, {} bytes on average), has a key of \
         its own and rights on two databases; the store's file is in the page cache.",
        readable(times.iter().max().copied().unwrap_or_default()),
        readable(empty),
        bytes / CERTIFICATES,
    ));
    Ok(outcome)
}

/// Fills a new store; how many bytes the certificates have together.
async fn fill(data: &Path) -> Result<usize, Failure> {
    let issuer = Issuer::new(CertificateParams::default(), Key::new(0));
    let permissions: Permissions = [("Orders", "ReadWrite"), ("Customers", "Admin")]
        .iter()
        .map(|(name, access)| Ok(((*name).to_owned(), access.parse()?)))
        .collect::<Result<_, Failure>>()?;
    let mut entries = Vec::with_capacity(CERTIFICATES);
    for number in 1..=CERTIFICATES {
        let name = format!("client {number}");
        let certificate = client_parameters(&name).signed_by(&Key::new(number), &issuer)?;
        let certificate = Certificate::from_der(certificate.der().to_vec())?;
        let grant = Grant {
            name,
            clearance: SecurityClearance::ValidUser,
            permissions: permissions.clone(),
            disabled: false,
            two_factor_key: None,
        };
        entries.push(RegisteredCertificate::new(&certificate, grant));
    }
    let bytes = entries.iter().map(|entry| entry.der.len()).sum();
    let store = Store::open(data).await?;
    rows::fill(&store, entries).await?;
    store.close().await;
    Ok(bytes)
}

/// The outside of an RSA-4096 key: nobody proves anything with it, so its modulus may be any number, and its signatures too.
struct Key(Vec<u8>);

impl Key {
    fn new(number: usize) -> Self {
        // RSAPublicKey: a SEQUENCE of the modulus (513 bytes, the first 0) and the exponent 65537.
        let mut der = vec![0x30, 0x82, 0x02, 0x0a, 0x02, 0x82, 0x02, 0x01, 0x00];
        der.extend([0xa5; 504]);
        der.extend((number * 2 + 1).to_be_bytes());
        der.extend([0x02, 0x03, 0x01, 0x00, 0x01]);
        Self(der)
    }
}

impl PublicKeyData for Key {
    fn der_bytes(&self) -> &[u8] {
        &self.0
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &PKCS_RSA_SHA512
    }
}

impl SigningKey for Key {
    fn sign(&self, _message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        Ok(vec![0x5a; 256])
    }
}

const CERTIFICATES: usize = 100_000;
const STARTS: usize = 5;
const GOAL: Duration = Duration::from_secs(2);
