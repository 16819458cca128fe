//! Every acknowledged change survives a crash.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use certward::pki::Thumbprint;
use certward_acceptance_tests::mutual_tls::{Connection, client_config};
use certward_acceptance_tests::programs::long_tests;
use certward_acceptance_tests::reference_server::ReferenceServer;
use certward_acceptance_tests::test_pki::Identity;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_acknowledged_certificate_survives_100_times_kill_9() {
    let crashes: u32 = if long_tests() { 1000 } else { 100 };
    let mut server = ReferenceServer::start();
    let config = client_config(
        &server.read("ca.crt"),
        Some((&server.read("admin.crt"), &server.read("admin.key"))),
    );
    let mut acknowledged: Vec<Thumbprint> = Vec::new();
    let mut starts = Vec::new();
    for crash in 0..crashes {
        let mut connection = Connection::open(server.address(), &config).await.unwrap();
        let (first, streaming) = tokio::sync::oneshot::channel();
        let registrations = tokio::spawn(async move {
            let mut done = Vec::new();
            let mut first = Some(first);
            loop {
                let identity = Identity::self_signed("durable");
                let body = serde_json::json!({
                    "Name": "durable", "SecurityClearance": "ValidUser", "Permissions": { "Orders": "ReadWrite" },
                    "Certificate": STANDARD.encode(&identity.certificate),
                });
                match connection
                    .request("PUT", "/admin/certificates", body.to_string().as_bytes())
                    .await
                {
                    Ok(answer) if answer.status == 201 => {
                        done.push(Thumbprint::of(&identity.certificate));
                        first.take().map(|first| first.send(()));
                    }
                    Ok(answer) => panic!("status {}: {}", answer.status, String::from_utf8_lossy(&answer.body)),
                    Err(_) => return done,
                }
            }
        });
        streaming.await.expect("registrations are acknowledged");
        // A different moment of the stream each time.
        tokio::time::sleep(Duration::from_millis(u64::from(crash * 7 % 50))).await;
        server.kill();
        let done = registrations.await.unwrap();
        acknowledged.extend(done);

        starts.push(server.run());
        let mut connection = Connection::open(server.address(), &config).await.unwrap();
        let answer = connection
            .request("GET", "/admin/certificates?metadataOnly=true", b"")
            .await
            .unwrap();
        let list: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
        let listed: std::collections::HashSet<&str> = list["Results"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|entry| entry["Thumbprint"].as_str())
            .collect();
        let lost: Vec<_> = acknowledged
            .iter()
            .filter(|one| !listed.contains(one.to_string().as_str()))
            .collect();
        assert!(
            lost.is_empty(),
            "crash {crash}: {} of {} are lost",
            lost.len(),
            acknowledged.len()
        );
    }
    // The middle one: a single slow start is the machine's, when it is busy with other tests.
    starts.sort();
    let start = starts[starts.len() / 2];
    println!(
        "{} acknowledged certificates survived {crashes} crashes; start {start:?}",
        acknowledged.len()
    );
    assert!(start < Duration::from_secs(2), "the start took {start:?}");
}
