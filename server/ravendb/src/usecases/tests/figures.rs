//! Measurements, printed: `cargo test --release --lib figures -- --ignored --nocapture --test-threads=1`.

use std::time::{Duration, Instant};

use certward_pki::{PublicKeyPinningHash, Thumbprint};

use super::world::{World, grant, self_signed};
use super::{ClusterAdmin, ValidUser, generate};
use crate::model::definition::RegisteredCertificate;
use crate::rows;
use certward_certificates::issuer::{Issuer, KeyAlgorithm};
use certward_store::Store;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement of a minute"]
async fn generating_with_a_warm_pool() {
    const ROUNDS: usize = 40;
    let issuer = Issuer::new(KeyAlgorithm::Rsa4096, ROUNDS);
    let began = Instant::now();
    while issuer.ready_keys() < ROUNDS {
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    println!("the pool's thread made {ROUNDS} RSA-4096 keys in {:?}", began.elapsed());
    let world = World::with_issuer(issuer).await;
    let permit = world.as_server();
    let mut times = Vec::new();
    for number in 0..ROUNDS {
        let began = Instant::now();
        world
            .authority
            .generate(&permit, generate(&format!("u{number}"), ValidUser))
            .await
            .unwrap();
        times.push(began.elapsed());
    }
    times.sort();
    println!(
        "generate: p50 {:?}, p90 {:?}, max {:?}",
        times[ROUNDS / 2],
        times[ROUNDS * 9 / 10],
        times[ROUNDS - 1]
    );
}

#[test]
#[ignore = "a measurement of a minute"]
fn making_twenty_keys() {
    for _ in 0..20 {
        certward_certificates::issuer::make_key_for_measurement(KeyAlgorithm::Rsa4096);
    }
}

#[tokio::test]
#[ignore = "a measurement of some seconds"]
async fn loading_a_hundred_thousand_entries() {
    const ENTRIES: u64 = 100_000;
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path()).await.unwrap();
    let model = RegisteredCertificate::new(&self_signed("model"), grant("model", ClusterAdmin));
    for batch in 0..ENTRIES / 1000 {
        let entries: Vec<RegisteredCertificate> = (0..1000)
            .map(|number| {
                let mut entry = model.clone();
                // As long as a certificate with an RSA-4096 key.
                let mut der = vec![0; 1117];
                der[..8].copy_from_slice(&(batch * 1000 + number).to_be_bytes());
                entry.der = der.into();
                entry.thumbprint = Thumbprint::of(&entry.der);
                entry.pinning_hash = PublicKeyPinningHash::of_spki_der(&entry.der);
                entry.permissions = [(
                    "Northwind".to_owned(),
                    crate::model::clearance::DatabaseAccess::ReadWrite,
                )]
                .into_iter()
                .collect();
                entry
            })
            .collect();
        rows::fill(&store, entries).await.unwrap();
    }
    store.close().await;
    let (began, cpu) = (Instant::now(), cpu_time());
    let store = Store::open(directory.path()).await.unwrap();
    let opened = began.elapsed();
    let entries = rows::load(&store).await.unwrap();
    let loaded = began.elapsed();
    let registry = crate::model::registry::Registry::new(entries);
    println!(
        "{}: opened {opened:?}, loaded {loaded:?}, in the registry {:?}, CPU {:?}",
        registry.len(),
        began.elapsed(),
        cpu_time() - cpu
    );
}

/// The CPU time of this process, in the hundredths of a second that Linux counts in.
fn cpu_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
    Duration::from_millis(ticks * 10)
}
