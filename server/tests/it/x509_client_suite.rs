//! 273 chains of the public suites, each decided as its `act` says: `tests/data/README.md`.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;

use certward_pki::{Certificate, certificates_from_pem};
use certward_server::trust::{AuthorizedSubject, ChainRefusal, SubjectValidation, TrustAnchors, pass_gate, verify};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use serde::Deserialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use time::macros::datetime;

#[derive(Deserialize)]
struct Suite {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    id: String,
    act: String,
    expected: String,
    time: Option<String>,
    roots: Vec<String>,
    inter: Vec<String>,
    leaf: String,
    names: Vec<Name>,
}

#[derive(Deserialize)]
struct Name {
    value: String,
}

/// The outcome of a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Decided {
    RefusedWhenTheCaIsUploaded,
    RefusedForWhatTheEndEntityIs,
    RefusedByItsChain,
    RefusedByTheGate,
    Admitted,
}

use Decided::{
    Admitted, RefusedByItsChain, RefusedByTheGate, RefusedForWhatTheEndEntityIs, RefusedWhenTheCaIsUploaded,
};

#[test]
fn every_case_is_decided_as_its_act_says_but_for_the_listed_ones() {
    let cases = suite();
    assert_eq!(cases.len(), 273);
    let mut exceptions: BTreeMap<&str, (Decided, &str)> = BTreeMap::new();
    for (decided, reason, ids) in EXCEPTIONS {
        for id in *ids {
            let earlier = exceptions.insert(id, (*decided, reason));
            assert!(earlier.is_none(), "{id} is listed twice");
        }
    }
    let mut mistakes = Vec::new();
    let mut seen = BTreeSet::new();
    for case in &cases {
        seen.insert(case.id.as_str());
        let (decided, because) = decide(case);
        let as_act_says = acts_as_told(case, decided);
        match exceptions.get(case.id.as_str()) {
            None if !as_act_says => mistakes.push(format!("{}: {} but {decided:?}: {because}", case.id, case.act)),
            Some(_) if as_act_says => mistakes.push(format!("{}: listed, and decided as told", case.id)),
            Some((listed, reason)) if *listed != decided => {
                mistakes.push(format!(
                    "{}: listed as {listed:?} ({reason}), but {decided:?}: {because}",
                    case.id
                ));
            }
            _ => {}
        }
    }
    for id in exceptions.keys().filter(|id| !seen.contains(*id)) {
        mistakes.push(format!("{id}: listed, and not in the suite"));
    }
    assert!(
        mistakes.is_empty(),
        "{} cases:\n{}",
        mistakes.len(),
        mistakes.join("\n")
    );
}

/// True if `decided` is the outcome that the case's `act` asks for.
fn acts_as_told(case: &Case, decided: Decided) -> bool {
    match case.act.as_str() {
        "as-is" => (decided == Admitted) == (case.expected == "SUCCESS"),
        "refuse-when-the-CA-is-uploaded" => decided == RefusedWhenTheCaIsUploaded,
        "refuse-at-registration-or-by-policy" => decided == RefusedForWhatTheEndEntityIs,
        "app-name-check" => decided == RefusedByTheGate,
        "stricter-than-rfc-accepted" => decided != Admitted,
        "pedantic-accepted" => decided == Admitted,
        other => panic!("{}: the suite has a new act, {other}", case.id),
    }
}

/// The way of a client certificate from the upload of its CA on, with the reason where it ended.
fn decide(case: &Case) -> (Decided, String) {
    let now = case
        .time
        .as_ref()
        .map_or(MADE, |time| OffsetDateTime::parse(time, &Rfc3339).unwrap());
    let anchors = match TrustAnchors::from_pem_bundle(&case.roots.concat(), &[], now) {
        Ok(anchors) => anchors,
        Err(error) => return (RefusedWhenTheCaIsUploaded, error.to_string()),
    };
    let Ok([end_entity]) = <[Certificate; 1]>::try_from(certificates_from_pem(&case.leaf).unwrap_or_default()) else {
        return (RefusedByItsChain, "unreadable".to_owned());
    };
    let intermediates: Vec<_> = case
        .inter
        .iter()
        .map(|pem| CertificateDer::from_pem_slice(pem.as_bytes()).unwrap())
        .collect();
    let chain = match verify(&anchors, &end_entity, &intermediates, now) {
        Ok(chain) => chain,
        Err(ChainRefusal::EndEntity(fault)) => return (RefusedForWhatTheEndEntityIs, fault.to_string()),
        Err(refusal) => return (RefusedByItsChain, format!("{refusal:?}")),
    };
    if case.act != "app-name-check" {
        return (Admitted, String::new());
    }
    let entry = AuthorizedSubject {
        common_name: case.names[0].value.clone(),
        ..AuthorizedSubject::default()
    };
    match pass_gate(chain, SubjectValidation::SanCn, &[entry]) {
        Ok(_) => (Admitted, String::new()),
        Err(refusal) => (RefusedByTheGate, refusal.to_string()),
    }
}

fn suite() -> Vec<Case> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/x509-client-suite.json.gz");
    let mut json = Vec::new();
    flate2::read::GzDecoder::new(std::fs::File::open(path).unwrap())
        .read_to_end(&mut json)
        .unwrap();
    serde_json::from_slice::<Suite>(&json).unwrap().cases
}

/// The clock of cases without one: the day the suite was made.
const MADE: OffsetDateTime = datetime!(2026-11-22 0:00 UTC);

/// Outcomes that differ from `act`, with reasons.
const EXCEPTIONS: &[(Decided, &str, &[&str])] = &[
    (
        Admitted,
        // docs/contracts/redis-enterprise.md#revocation
        "this API has no revocation: a CA, a subject or a user is taken away instead",
        &["crl::revoked-certificate-with-crl"],
    ),
    (
        RefusedByItsChain,
        "the chain has more than four intermediates or 16 KiB: a path is not looked for in it",
        &[
            "cve::cve-2024-0567",
            "pathological::nc-dos-3",
            "bettertls-client::pathbuilding::tc48",
            "bettertls-client::pathbuilding::tc49",
            "bettertls-client::pathbuilding::tc50",
            "bettertls-client::pathbuilding::tc51",
            "bettertls-client::pathbuilding::tc52",
            "bettertls-client::pathbuilding::tc53",
            "bettertls-client::pathbuilding::tc54",
            "bettertls-client::pathbuilding::tc55",
            "bettertls-client::pathbuilding::tc56",
            "bettertls-client::pathbuilding::tc57",
            "bettertls-client::pathbuilding::tc58",
            "bettertls-client::pathbuilding::tc59",
            "bettertls-client::pathbuilding::tc60",
            "bettertls-client::pathbuilding::tc61",
            "bettertls-client::pathbuilding::tc62",
            "bettertls-client::pathbuilding::tc63",
            "bettertls-client::pathbuilding::tc64",
            "bettertls-client::pathbuilding::tc65",
            "bettertls-client::pathbuilding::tc66",
            "bettertls-client::pathbuilding::tc67",
            "bettertls-client::pathbuilding::tc68",
        ],
    ),
    (
        RefusedByItsChain,
        "the client sends two different intermediates of one subject, of which one leads to the root (cross-signed); only a chain in which each certificate has one issuer is checked, so that a forged one costs one signature check",
        &[
            "rfc5280::nc::nc-forbids-alternate-chain-ica",
            "rfc5280::nc::nc-forbids-same-chain-ica",
            "bettertls-client::pathbuilding::tc1",
            "bettertls-client::pathbuilding::tc2",
            "bettertls-client::pathbuilding::tc22",
            "bettertls-client::pathbuilding::tc23",
            "bettertls-client::pathbuilding::tc24",
            "bettertls-client::pathbuilding::tc25",
            "bettertls-client::pathbuilding::tc26",
            "bettertls-client::pathbuilding::tc27",
            "bettertls-client::pathbuilding::tc28",
            "bettertls-client::pathbuilding::tc29",
            "bettertls-client::pathbuilding::tc30",
            "bettertls-client::pathbuilding::tc31",
            "bettertls-client::pathbuilding::tc32",
            "bettertls-client::pathbuilding::tc33",
            "bettertls-client::pathbuilding::tc34",
            "bettertls-client::pathbuilding::tc35",
        ],
    ),
    (
        RefusedByItsChain,
        "a self-issued intermediate stands below another of its subject, as after a change of the CA's key: as above",
        &["pathlen::max-chain-depth-1-self-issued"],
    ),
    (
        RefusedForWhatTheEndEntityIs,
        "webpki::eku::ee-without-eku, the same certificate, asks for a refusal: a purpose must be named, or a server's certificate would do",
        &["rfc5280::eku::ee-without-eku"],
    ),
    (
        RefusedWhenTheCaIsUploaded,
        "one of its two CAs is not fit to be trusted, and a bundle is taken whole or not at all",
        &["rfc5280::unknown-critical-extension-unrelated-root"],
    ),
    (
        RefusedWhenTheCaIsUploaded,
        "the CA's key identifier is critical, which RFC 5280 forbids and path building here does not read",
        &["rfc5280::aki::critical-aki", "rfc5280::ski::critical-ski"],
    ),
    (
        Admitted,
        "a DNS name among the alternative names is the entry's, which is enough; of its form, its criticality and the common name nothing is asked",
        &[
            "rfc5280::san::ip-in-dns",
            "webpki::cn::case-mismatch",
            "webpki::cn::not-in-san",
            "webpki::cn::punycode-not-in-san",
            "webpki::cn::utf8-vs-punycode-mismatch",
            "webpki::san::san-critical-with-nonempty-subject",
        ],
    ),
    (
        Admitted,
        // docs/contracts/redis-enterprise.md#subject-validation
        "the common name is the entry's, which is enough also beside alternative names",
        &[
            "webpki::san::mismatch-apex-subdomain-san",
            "webpki::san::no-san",
            "webpki::san::public-suffix-wildcard-san",
            "webpki::san::san-wildcard-only",
        ],
    ),
];
