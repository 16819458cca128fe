//! Costs of clients that are not admitted: CPU time per connection, and their effect on the latency of an admitted
//! client.

use std::collections::VecDeque;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256,
    PKCS_ECDSA_P384_SHA384, PKCS_ECDSA_P521_SHA512, PKCS_RSA_SHA256, RsaKeySize, SignatureAlgorithm, date_time_ymd,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::generate::POOL_SIZE;
use crate::client::{Client, Connection, KeyExchange, get, with_json};
use crate::report::{Outcome, mebibytes, readable};
use crate::servers::{OWN_ROLE, Server, WHOAMI, both_apis, free_address};
use crate::site::client_parameters;
use crate::{Bench, Failure};

pub(crate) async fn run(bench: &Bench) -> Result<Outcome, Failure> {
    let mut outcome = Outcome::default();
    let mut world = World::start(bench).await?;
    world.measure_cpu(&mut outcome).await?;
    world.measure_crowd(&mut outcome).await?;
    Ok(outcome)
}

/// A server with both APIs and a database.
struct World<'a> {
    bench: &'a Bench,
    server: Server,
    administrator: Connection,
    ravendb: SocketAddr,
    database: Option<(Value, SocketAddr)>,
}

/// The kind of a trusted CA's key.
struct Kind {
    name: &'static str,
    algorithm: &'static SignatureAlgorithm,
    rsa: Option<RsaKeySize>,
}

/// A trusted CA and chains that claim to be below it.
struct Forgery {
    ca_pem: String,
    chains: Vec<(&'static str, Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)>,
}

impl<'a> World<'a> {
    async fn start(bench: &'a Bench) -> Result<Self, Failure> {
        let data = bench.work.path().join("strangers");
        let (server, ravendb) = both_apis(bench, &bench.site, &data, &[(POOL_SIZE, "0")]).await?;
        let administrator = bench.site.administrator(server.address)?.connect().await?;
        Ok(Self {
            bench,
            server,
            administrator,
            ravendb,
            database: None,
        })
    }

    async fn change(&mut self, method: &str, path: &str, body: &Value) -> Result<Value, Failure> {
        let answer = self.administrator.exchange(&with_json(method, path, body)).await?;
        Ok(serde_json::from_slice(&answer.expect_ok()?.body).unwrap_or_default())
    }

    /// The cluster and the database trust this CA from now on.
    async fn trust(&mut self, ca_pem: &str) -> Result<SocketAddr, Failure> {
        let trusted = json!({ "name": "mtls_trusted_ca", "certificate": ca_pem });
        self.change("PUT", "/v1/cluster/update_cert", &trusted).await?;
        let settings = json!({ "mtls_certificate_authentication": true });
        self.change("PUT", "/v1/cluster", &settings).await?;
        let certificates = json!([{ "client_cert": ca_pem }]);
        if let Some((uid, address)) = self.database.clone() {
            let update = json!({ "authentication_ssl_client_certs": certificates });
            self.change("PUT", &format!("/v1/bdbs/{uid}"), &update).await?;
            return Ok(address);
        }
        let address = free_address()?;
        let database = json!({
            "name": "bench", "memory_size": 1 << 30, "port": address.port(), "tls_mode": "enabled",
            "enforce_client_authentication": "enabled", "authentication_ssl_client_certs": certificates,
        });
        let uid = self.change("POST", "/v1/bdbs", &database).await?["uid"].clone();
        let deadline = Instant::now() + Duration::from_secs(60);
        while TcpStream::connect(address).await.is_err() {
            if Instant::now() > deadline {
                return Err("the database does not listen".into());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        self.database = Some((uid, address));
        Ok(address)
    }

    async fn measure_cpu(&mut self, outcome: &mut Outcome) -> Result<(), Failure> {
        let mut seen = Vec::new();
        for kind in KINDS {
            let forgery = Forgery::below(kind)?;
            let database = self.trust(&forgery.ca_pem).await?;
            let listeners = [
                ("RavenDB's API", self.ravendb, Some(WHOAMI)),
                ("Redis Enterprise's API", self.server.address, Some(OWN_ROLE)),
                ("a database", database, None),
            ];
            for (listener, address, path) in listeners {
                for (shape, chain, key) in &forgery.chains {
                    let client = self.client(address, chain.clone(), key)?;
                    let before = self.server.process.own_cpu()?;
                    for _ in 0..CONNECTIONS {
                        refused(&client, path).await?;
                    }
                    let cpu = self.server.process.own_cpu()?.saturating_sub(before) / CONNECTIONS;
                    seen.push((cpu, listener, kind.name, *shape));
                }
            }
        }
        for listener in ["RavenDB's API", "Redis Enterprise's API", "a database"] {
            let worst = seen.iter().filter(|seen| seen.1 == listener).max_by_key(|seen| seen.0);
            let (cpu, _, kind, shape) = worst.ok_or("nothing was measured")?;
            outcome.limit(
                &format!("CPU of a stranger's connection to {listener}, the dearest: {shape}, a CA with {kind}"),
                readable(*cpu),
                "≤ 5 ms",
                *cpu <= CPU_GOAL,
            );
        }
        outcome.note(format!(
            "Each stranger makes a full handshake (TLS 1.3, X25519MLKEM768, a P-384 key) with a chain that names the trusted CA, \
             sends one request where there is an API, and goes. Chains: {}; CAs with {}; {CONNECTIONS} connections each.",
            SHAPES.join(", "),
            KINDS.iter().map(|kind| kind.name).collect::<Vec<_>>().join(", "),
        ));
        Ok(())
    }

    /// 500 forged handshakes a second, silent sockets, and idle strangers, beside a client that is known.
    async fn measure_crowd(&mut self, outcome: &mut Outcome) -> Result<(), Failure> {
        let forgery = Forgery::below(&KINDS[0])?;
        self.trust(&forgery.ca_pem).await?;
        let address = self.server.address;
        let before = self.server.process.resident_kib()?;
        let mut silent = Vec::new();
        for _ in 0..SILENT {
            silent.push(TcpStream::connect(address).await?);
        }
        let (_, chain, key) = &forgery.chains[0];
        let stranger = Arc::new(self.client(address, chain.clone(), key)?);
        let mut idle = JoinSet::new();
        for task in 0..OPENERS {
            let stranger = Arc::clone(&stranger);
            idle.spawn(async move { keep_idle(&stranger, task).await });
        }
        tokio::time::sleep(SETTLE).await;
        let flood = tokio::spawn(flood(stranger));
        let good = self.bench.site.administrator(address)?;
        let (mut times, mut failed) = (Vec::new(), 0_usize);
        let mut most = 0;
        let started = Instant::now();
        while started.elapsed() < MEASURED {
            let began = Instant::now();
            match good.once(&get(OWN_ROLE)).await.and_then(|answer| answer.expect_ok()) {
                Ok(_) => times.push(began.elapsed()),
                Err(_) => failed += 1,
            }
            most = most.max(self.server.process.resident_kib()?);
            tokio::time::sleep(PAUSE).await;
        }
        let forged = flood.await??;
        drop((idle, silent));
        self.server.process.check()?;
        times.sort_unstable();
        let share = times.len() as f64 / (times.len() + failed).max(1) as f64;
        let p99 = times.get(times.len() * 99 / 100).copied().unwrap_or(MEASURED);
        let more = most.saturating_sub(before);
        let rate = forged as f64 / MEASURED.as_secs_f64();
        let crowd = format!("beside {SILENT} silent sockets, idle strangers and {rate:.0} forged handshakes a second");
        outcome.limit(
            &format!("good client, a new connection each time, {crowd}: answered"),
            format!("{:.2} %", share * 100.0),
            "≥ 99.9 %",
            share >= 0.999,
        );
        outcome.limit("the same: p99", readable(p99), "≤ 250 ms", p99 <= P99_GOAL);
        outcome.limit("the same: memory", mebibytes(more), "≤ 64 MiB", more <= MEMORY_GOAL_KIB);
        outcome.note(format!(
            "Redis Enterprise's API. The strangers open connections from four addresses without a pause, so that as many are \
             idle as are let in; the forger starts {FLOOD} handshakes a second; the good client makes a new connection and a \
             request every {} ms, {} in all. All of these clients are one thread on the two cores that the server has too.",
            PAUSE.as_millis(),
            times.len() + failed,
        ));
        Ok(())
    }

    fn client(
        &self,
        address: SocketAddr,
        chain: Vec<CertificateDer<'static>>,
        key: &PrivateKeyDer<'static>,
    ) -> Result<Client, Failure> {
        let ca = &self.bench.site.ca;
        Client::with_chain(address, ca, chain, key, KeyExchange::X25519MlKem768)
    }
}

/// A connection that must come to nothing: the handshake, or the one request, is refused.
async fn refused(client: &Client, path: Option<&str>) -> Result<(), Failure> {
    let Ok(mut connection) = client.connect().await else {
        return Ok(());
    };
    match path {
        Some(path) => {
            // A chain that is too large for a handshake ends it before the answer.
            if let Ok(answer) = connection.exchange(&get(path)).await
                && answer.status == 200
            {
                return Err("a stranger was let in".into());
            }
        }
        None => {
            if connection.receive(64).await.is_ok_and(|received| received > 0) {
                return Err("a stranger was let into a database".into());
            }
        }
    }
    Ok(())
}

/// Opens connections and holds them; those that are closed are replaced by the next.
async fn keep_idle(stranger: &Client, task: u8) {
    let mut held = VecDeque::new();
    loop {
        if let Ok(connection) = stranger.connect_from(Ipv4Addr::new(127, 0, 0, 2 + task)).await {
            held.push_back(connection);
        }
        if held.len() > HELD {
            held.pop_front();
        }
        tokio::time::sleep(OPEN_PAUSE).await;
    }
}

/// Forged handshakes at a fixed rate; gives how many were made.
async fn flood(stranger: Arc<Client>) -> Result<usize, Failure> {
    let mut handshakes = JoinSet::new();
    let mut ticks = tokio::time::interval(Duration::from_secs(1) / FLOOD);
    let started = Instant::now();
    let mut made = 0;
    while started.elapsed() < MEASURED {
        ticks.tick().await;
        while handshakes.try_join_next().is_some() {
            made += 1;
        }
        // More than this at once are no handshakes a second, but a queue of our own.
        if handshakes.len() < AT_ONCE {
            let stranger = Arc::clone(&stranger);
            handshakes.spawn(async move { stranger.connect().await.map(drop) });
        }
    }
    Ok(made)
}

impl Kind {
    fn key(&self) -> Result<KeyPair, rcgen::Error> {
        match self.rsa {
            Some(size) => KeyPair::generate_rsa_for(self.algorithm, size),
            None => KeyPair::generate_for(self.algorithm),
        }
    }
}

impl Forgery {
    /// A CA with a key of this kind, and chains with its name that it did not sign.
    fn below(kind: &Kind) -> Result<Self, Failure> {
        let ca_key = kind.key()?;
        let ca_pem = authority(CA_NAME).self_signed(&ca_key)?.pem();
        let forger = || Ok::<_, Failure>(Issuer::new(authority(CA_NAME), kind.key()?));
        let forgers: Vec<_> = (0..4).map(|_| forger()).collect::<Result<_, _>>()?;
        let client_key = KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384)?;
        let key = || PrivateKeyDer::try_from(client_key.serialize_der());
        let leaf = client_parameters("stranger").signed_by(&client_key, &forgers[0])?;
        let mut namesakes = vec![leaf.der().clone()];
        let mut line = Vec::new();
        for (place, forger) in forgers.iter().enumerate() {
            let key = kind.key()?;
            namesakes.push(authority(CA_NAME).signed_by(&key, forger)?.der().clone());
            line.push((format!("forged {place}"), key));
        }
        // Each of a name and a key of its own, the topmost with the CA as its issuer by name.
        let mut chain: Vec<CertificateDer<'static>> = Vec::new();
        let mut above = Issuer::new(authority(CA_NAME), kind.key()?);
        for (name, key) in line {
            chain.insert(0, authority(&name).signed_by(&key, &above)?.der().clone());
            above = Issuer::new(authority(&name), key);
        }
        chain.insert(
            0,
            client_parameters("stranger")
                .signed_by(&client_key, &above)?
                .der()
                .clone(),
        );
        Ok(Self {
            ca_pem,
            chains: vec![
                (SHAPES[0], vec![leaf.der().clone()], key()?),
                (SHAPES[1], namesakes, key()?),
                (SHAPES[2], chain, key()?),
            ],
        })
    }
}

fn authority(name: &str) -> CertificateParams {
    let mut parameters = CertificateParams::default();
    parameters.distinguished_name = rcgen::DistinguishedName::new();
    parameters.distinguished_name.push(DnType::CommonName, name);
    parameters.not_before = date_time_ymd(2025, 1, 1);
    parameters.not_after = date_time_ymd(2045, 1, 1);
    parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    parameters
}

const KINDS: &[Kind; 5] = &[
    Kind {
        name: "P-256",
        algorithm: &PKCS_ECDSA_P256_SHA256,
        rsa: None,
    },
    Kind {
        name: "P-384",
        algorithm: &PKCS_ECDSA_P384_SHA384,
        rsa: None,
    },
    Kind {
        name: "P-521",
        algorithm: &PKCS_ECDSA_P521_SHA512,
        rsa: None,
    },
    Kind {
        name: "RSA-2048",
        algorithm: &PKCS_RSA_SHA256,
        rsa: Some(RsaKeySize::_2048),
    },
    Kind {
        name: "RSA-4096",
        algorithm: &PKCS_RSA_SHA256,
        rsa: Some(RsaKeySize::_4096),
    },
];
const SHAPES: [&str; 3] = [
    "a forged certificate",
    "four intermediates with the CA's subject",
    "four intermediates in a line below the CA's name",
];
const CA_NAME: &str = "trusted CA";
const CONNECTIONS: u32 = 100;
const CPU_GOAL: Duration = Duration::from_millis(5);
const SILENT: usize = 2000;
const OPENERS: u8 = 4;
const HELD: usize = 4096;
const OPEN_PAUSE: Duration = Duration::from_millis(10);
const FLOOD: u32 = 500;
const AT_ONCE: usize = 100;
const SETTLE: Duration = Duration::from_secs(5);
const MEASURED: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(20);
const P99_GOAL: Duration = Duration::from_millis(250);
const MEMORY_GOAL_KIB: u64 = 64 * 1024;
