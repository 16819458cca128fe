//! The recorded answers of a real RavenDB 7.2.7, compared with ours.
//!
//! The requests of `contract/ravendb/recorded/` are sent in the recorded order, by newly created identities like the
//! recorded ones; the responses must have the same status, headers, error type, members and file names. Permitted
//! differences are listed in `differences.toml`, each with its reason. The test fails for a difference that is not
//! listed, and for a listed one that no longer occurs.

mod cast;
mod client;
mod compare;
mod fixture;

use std::collections::BTreeMap;
use std::io::{Cursor, Read as _};
use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use certward::pki::Certificate;
use certward_server::clock::{Clock as _, SystemClock};
use certward_server::config::{CommandLine, Settings, Sources};
use certward_server::ravendb::model::definition::Collection;
use certward_server::server::{RunningServer, Server};

use self::cast::Cast;
use self::client::Seen;
use self::fixture::{Exchange, Sent};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_are_those_of_a_real_server_but_for_the_listed_differences() {
    let mut replay = Replay::default();
    for file in ["first-server.json", "second-server.json"] {
        replay.run(file).await;
    }
    let listed = fixture::known_differences();
    for (id, lines) in &replay.differing {
        let reason = listed.get(id).map_or("NOT LISTED", String::as_str);
        println!("{id}\n    {}\n    because: {reason}", lines.join("\n    "));
    }
    let same = replay.compared - replay.differing.len();
    let per_mille = same * 1000 / replay.compared;
    println!(
        "{same} of {} answers are the same: {}.{} %",
        replay.compared,
        per_mille / 10,
        per_mille % 10
    );
    let found: Vec<_> = replay.differing.keys().collect();
    assert_eq!(
        found,
        listed.keys().collect::<Vec<_>>(),
        "found on the left, listed on the right"
    );
    // 97 % until content behind a JSON object was refused (`158-post-trailing-garbage`) and a deletion reached the renewals of
    // an entry (`445-whoami-renewed-after-original-deleted`).
    assert!(per_mille >= 963, "96.3 % of the answers must be the same");
}

/// The SDK's tests and this replay use the same records: the table of the contract's files maps one to the other.
#[test]
fn the_files_of_the_contract_are_the_records_that_are_replayed() {
    let exchanges: BTreeMap<_, _> = ["first-server.json", "second-server.json"]
        .into_iter()
        .flat_map(fixture::exchanges)
        .filter_map(|exchange| Some((exchange.id, exchange.response?)))
        .collect();
    let files = fixture::contract_files();
    assert!(files.len() > 40, "the table is read");
    for (file, id, answer) in files {
        let recorded = exchanges
            .get(&id)
            .unwrap_or_else(|| panic!("{file}: {id} is not replayed"));
        assert_eq!(u64::from(recorded.status), answer["status"], "{file}");
        for (name, value) in answer["headers"].as_object().unwrap() {
            assert!(recorded.headers.contains_key(name), "{file}: {name}: {value}");
        }
        if let Some(kind) = &recorded.kind {
            assert_eq!(answer["body"]["Type"], kind.as_str(), "{file}");
        }
        if let Some(shape) = &recorded.shape {
            let mut found = Vec::new();
            compare::compare_members("", shape, &answer["body"], &mut found);
            assert!(found.is_empty(), "{file}: {found:?}");
        }
    }
}

#[derive(Default)]
struct Replay {
    compared: usize,
    differing: BTreeMap<String, Vec<String>>,
}

impl Replay {
    async fn run(&mut self, file: &str) {
        let directory = tempfile::tempdir().unwrap();
        let mut cast = Cast::new(SystemClock.now(), directory.path());
        let server = start(&cast, directory.path()).await;
        let mut cookie = String::new();
        for exchange in fixture::exchanges(file) {
            tokio::time::sleep(Duration::from_millis(exchange.wait_milliseconds)).await;
            let Some(request) = &exchange.request else { continue };
            let needs_weak_key = request.identity.as_deref() == Some("rsa1024")
                || request.body.as_ref().is_some_and(|body| body.contains("der:rsa1024"));
            if needs_weak_key && cast.identity("rsa1024").is_none() {
                continue;
            }
            let sent = filled_in(request, &cast, &server, &cookie);
            let identity = sent.identity.as_deref().map(|name| {
                cast.identity(name)
                    .unwrap_or_else(|| panic!("{}: nobody is called {name}", exchange.id))
            });
            let seen = client::send(server.ravendb_address(), &cast.ca_pem, identity, &sent).await;
            if let Some(value) = seen.as_ref().and_then(|seen| seen.headers.get("set-cookie")) {
                cookie = value.to_str().unwrap().split(['=', ';']).nth(1).unwrap().to_owned();
            }
            self.judge(&exchange, seen.as_ref());
            if let (Some(name), Some(seen)) = (&exchange.saves, &seen)
                && let Some((certificate, key)) = unpacked(&seen.body)
            {
                cast.save(name, &certificate, &key, SystemClock.now());
            }
        }
        server.shutdown().await;
    }

    fn judge(&mut self, exchange: &Exchange, seen: Option<&Seen>) {
        let Some(recorded) = &exchange.response else {
            let status = seen.map_or(0, |seen| seen.status);
            assert!((200..300).contains(&status), "{} was answered {status}", exchange.id);
            return;
        };
        self.compared += 1;
        let differences = compare::differences(recorded, seen);
        if !differences.is_empty() {
            self.differing.insert(exchange.id.clone(), differences);
        }
    }
}

async fn start(cast: &Cast, directory: &std::path::Path) -> RunningServer {
    let certificate = directory.join("server.pem");
    std::fs::write(&certificate, &cast.server_pem).unwrap();
    std::fs::set_permissions(&certificate, std::fs::Permissions::from_mode(0o600)).unwrap();
    let arguments = [
        "--ServerUrl=https://127.0.0.1:0".to_owned(),
        format!("--DataDir={}", directory.join("data").display()),
        format!("--Security.Certificate.Path={}", certificate.display()),
        // Answers do not depend on the kind of key; RSA-4096 costs seconds for each of sixty certificates.
        "--Certward.ClientCertificate.KeyAlgorithm=ECDSA_P256".to_owned(),
    ];
    let sources = Sources::read(&CommandLine::parse(arguments), []).unwrap();
    let settings = Settings::from_sources(&sources).unwrap();
    Server::start(settings, Arc::new(SystemClock)).await.unwrap()
}

/// The request with every `{{kind:name}}` replaced.
fn filled_in(request: &Sent, cast: &Cast, server: &RunningServer, cookie: &str) -> Sent {
    let fill = |text: &str| {
        let mut filled = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("{{") {
            let (placeholder, after) = after.split_once("}}").unwrap();
            let (kind, name) = placeholder.split_once(':').unwrap();
            filled.push_str(before);
            filled.push_str(&value(kind, name, cast, server, cookie));
            rest = after;
        }
        filled + rest
    };
    Sent {
        path: fill(&request.path),
        headers: request.headers.iter().map(|header| fill(header)).collect(),
        body: request.body.as_deref().map(fill),
        ..request.clone()
    }
}

fn value(kind: &str, name: &str, cast: &Cast, server: &RunningServer, cookie: &str) -> String {
    match kind {
        "thumbprint" => thumbprint(name, cast, server),
        "lowercase-thumbprint" => thumbprint(name, cast, server).to_ascii_lowercase(),
        "colon-thumbprint" => {
            let digits = thumbprint(name, cast, server);
            digits
                .as_bytes()
                .chunks(2)
                .map(|pair| String::from_utf8_lossy(pair))
                .collect::<Vec<_>>()
                .join(":")
        }
        "der" => STANDARD.encode(cast.der(name)),
        "pem" => STANDARD.encode(Certificate::from_der(cast.der(name).clone()).unwrap().to_pem()),
        "file" => cast.file(name).to_owned(),
        "cookie" => cookie.to_owned(),
        "one-time-code" => one_time_code(),
        _ => panic!("what is {kind}:{name}?"),
    }
}

fn thumbprint(name: &str, cast: &Cast, server: &RunningServer) -> String {
    let of_two = |wanted_primary: bool| {
        let names = ["pfx-two-a", "pfx-two-b"];
        let registry = server.app().authority.registry();
        let is_primary = |name: &&str| {
            let entry = registry.get(&cast.thumbprint(name));
            entry.is_some_and(|entry| matches!(entry.collection, Collection::Primary { .. }))
        };
        // Once they are deleted it does not matter which is which.
        let chosen = names
            .into_iter()
            .find(|name| is_primary(name) == wanted_primary)
            .unwrap_or(names[0]);
        cast.thumbprint(chosen).to_string()
    };
    match name {
        "pfx-two-primary" => of_two(true),
        "pfx-two-secondary" => of_two(false),
        // Made by a request whose answer is not kept.
        _ if cast.identity(name).is_none() => "0".repeat(40),
        _ => cast.thumbprint(name).to_string(),
    }
}

fn one_time_code() -> String {
    let secret = data_encoding::BASE32_NOPAD
        .decode(b"JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP")
        .unwrap();
    let codes = totp_rs::Builder::new().with_secret(secret).build().unwrap();
    let seconds = u64::try_from(SystemClock.now().unix_timestamp()).unwrap();
    // A number on the wire has no leading zeros.
    codes.generate(seconds).to_string().parse::<u32>().unwrap().to_string()
}

/// Certificate and key of a generated certificate.
fn unpacked(body: &[u8]) -> Option<(String, String)> {
    let mut archive = zip::ZipArchive::new(Cursor::new(body)).ok()?;
    let mut text = |place: usize| {
        let mut text = String::new();
        archive.by_index(place).ok()?.read_to_string(&mut text).ok()?;
        Some(text)
    };
    Some((text(1)?, text(2)?))
}
