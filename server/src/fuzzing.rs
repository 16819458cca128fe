//! Functions for the fuzz targets (`fuzz/`), one each: each takes arbitrary bytes, and panics if a property does not
//! hold. Tests also run the inputs in `fuzz/corpus`.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::LazyLock;

use certward_pki::{Certificate, DistinguishedName};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose};
use rustls_pki_types::CertificateDer;
use time::OffsetDateTime;
use time::macros::datetime;

use crate::config::{CommandLine, Settings, Sources};
use certward_certificates::certificate::read_here;
use certward_certificates::trust::{SubjectLine, TrustAnchors, verify};
use certward_ravendb::api as ravendb;
use certward_redis_enterprise::api as redis_enterprise;
use certward_redis_proxy::proxy::rewritten;
use certward_redis_proxy::resp::differential::engine::MatrixEngine;
use certward_redis_proxy::resp::differential::{forward, identity_command_run};

/// A target: its name, which is that of its folder in `fuzz/corpus` too, and its function.
pub type Target = (&'static str, fn(&[u8]));

/// All targets but `commands_on_engines`, which needs engines.
pub const TARGETS: [Target; 10] = [
    ("command_scanner", command_scanner),
    ("reply_rewriter", reply_rewriter),
    ("distinguished_name_line", distinguished_name_line),
    ("subject_comparison", subject_comparison),
    ("pem", pem),
    ("pkcs12", certificate_file),
    ("pkcs7", certificate_file),
    ("json_bodies", json_bodies),
    ("settings", settings),
    ("certificate_chain", certificate_chain),
];

/// A stream is the same commands however it is split. The first byte says how.
pub fn command_scanner(data: &[u8]) {
    let Some((how, stream)) = data.split_first() else {
        return;
    };
    let whole = forward([stream]);
    let split = forward(stream.chunks(usize::from(*how).max(1)));
    assert_eq!(whole, split, "split after each {how} bytes");
    let at = usize::from(*how).min(stream.len());
    let (one, other) = stream.split_at(at);
    assert_eq!(whole, forward([one, other]), "split at {at}");
}

/// No identity command gets to an engine, however the stream is split. `CERTWARD_FUZZ_SOCKETS` names the sockets of engines
/// that were started for it, separated by colons.
pub fn commands_on_engines(data: &[u8]) {
    static ENGINES: LazyLock<Vec<MatrixEngine>> = LazyLock::new(|| {
        let sockets = std::env::var_os("CERTWARD_FUZZ_SOCKETS").expect("tools/fuzz starts the engines");
        std::env::split_paths(&sockets).map(MatrixEngine::at).collect()
    });
    let Some((how, stream)) = data.split_first() else {
        return;
    };
    let forwarded = forward(stream.chunks(usize::from(*how).max(1)));
    for engine in ENGINES.iter() {
        for answer in engine.answers(&[&forwarded.bytes]) {
            if let Some(reply) = identity_command_run(&answer) {
                panic!("an identity command gets past the scanner: {}", reply.escape_ascii());
            }
        }
    }
}

/// The client gets the same however an engine's answers are split. The first byte says how, and of what exchange they are.
pub fn reply_rewriter(data: &[u8]) {
    let Some((how, answers)) = data.split_first() else {
        return;
    };
    // A byte may stand for the answer to a marker, which has 80: pieces of one byte would take longer than the limit.
    let answers = &answers[..answers.len().min(128)];
    let logs_in = how & 1 == 0;
    let whole = rewritten(answers, logs_in, usize::MAX);
    for piece in [1, usize::from(how >> 1)] {
        assert_eq!(whole, rewritten(answers, logs_in, piece), "in pieces of {piece}");
    }
}

/// A name that was read is read again from how it is printed, and is the same.
pub fn distinguished_name_line(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let _ = text.parse::<SubjectLine>().map_err(|error| error.to_string());
    let Ok(name) = text.parse::<DistinguishedName>() else {
        return;
    };
    check_name(&name);
}

/// Names are equal or not as an equivalence has it, whether they come from text or from DER. The first byte cuts the input
/// in two, which are compared with each other and with what they are printed as.
pub fn subject_comparison(data: &[u8]) {
    let Some((cut, rest)) = data.split_first() else {
        return;
    };
    let (one, other) = rest.split_at(usize::from(*cut).min(rest.len()));
    let names: Vec<_> = [one, other].into_iter().filter_map(name_of).collect();
    for name in &names {
        check_name(name);
        let reversed = name.reversed();
        assert_eq!(&reversed.reversed(), name);
    }
    if let [one, other] = names.as_slice() {
        let (forward, backward) = (one.eq(other), other.eq(one));
        assert_eq!(forward, backward);
        if one == other {
            assert_eq!(hash_of(one), hash_of(other), "{one} and {other}");
            assert_eq!(one.reversed(), other.reversed());
        }
        // What is printed alike is the same, or one of them has a value that text cannot say.
        if one.to_string() == other.to_string() && one.is_comparable_text() && other.is_comparable_text() {
            assert_eq!(one, other);
        }
    }
}

/// Each certificate that is read from PEM text is read again from the PEM text that it is written as.
pub fn pem(data: &[u8]) {
    check_bundle(data);
    if let Ok(text) = std::str::from_utf8(data) {
        let anchors = TrustAnchors::from_pem_bundle(text, &[], NOW);
        if let Ok(anchors) = &anchors {
            for certificate in anchors.certificates() {
                assert!(TrustAnchors::from_stored_bundle(&certificate.to_pem()).is_ok());
            }
        }
        let _ = anchors.map_err(|error| error.to_string());
    }
}

/// PKCS#12 and PKCS#7 files, and DER certificates: none panics, and what is read holds together.
pub fn certificate_file(data: &[u8]) {
    check_bundle(data);
}

/// Bodies of requests, on both APIs.
pub fn json_bodies(data: &[u8]) {
    ravendb::read_body(data);
    redis_enterprise::read_body(data);
}

/// Settings on the command line, one argument a line, and in the environment.
pub fn settings(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let arguments = text
        .lines()
        .filter(|line| !line.starts_with("--settings"))
        .map(str::to_owned);
    let command_line = CommandLine::parse(arguments);
    let environment = text
        .lines()
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
    match Sources::read(&command_line, environment) {
        Ok(sources) => {
            let _ = Settings::from_sources(&sources).map_err(|mistakes| mistakes.to_string());
        }
        Err(mistakes) => drop(mistakes.to_string()),
    }
}

/// A chain of certificates, each behind its length in two bytes, below the first of them. Only what its key has signed is
/// accepted.
pub fn certificate_chain(data: &[u8]) {
    let mut rest = data;
    let mut chain = Vec::new();
    while let Some((length, after)) = rest.split_first_chunk::<2>() {
        let length = usize::from(u16::from_be_bytes(*length)).min(after.len());
        let (der, after) = after.split_at(length);
        chain.push(CertificateDer::from(der.to_vec()));
        rest = after;
    }
    let [anchor, end_entity, intermediates @ ..] = chain.as_slice() else {
        return;
    };
    let (Ok(anchor), Ok(end_entity)) = (
        Certificate::from_der(anchor.clone()),
        Certificate::from_der(end_entity.clone()),
    ) else {
        return;
    };
    let Ok(anchors) = TrustAnchors::from_pem_bundle(&anchor.to_pem(), &[], NOW) else {
        return;
    };
    match verify(&anchors, &end_entity, intermediates, NOW) {
        Ok(verified) => assert!(verified.valid_until() >= NOW),
        Err(refusal) => drop(refusal.to_string()),
    }
}

/// Inputs that cannot be kept in a repository, because they hold dates: for these targets they are made anew.
pub fn made_inputs() -> Vec<(&'static str, Vec<u8>)> {
    let ca = issuer("fuzz CA");
    let intermediate = {
        let key = KeyPair::generate().expect("a key can be made");
        CertifiedIssuer::signed_by(ca_parameters("fuzz intermediate"), key, &ca).expect("it can be signed")
    };
    let key = KeyPair::generate().expect("a key can be made");
    let leaf = parameters("fuzz leaf")
        .signed_by(&key, &intermediate)
        .expect("it can be signed");
    let chain = [ca.der(), leaf.der(), intermediate.der()];
    let with_lengths: Vec<u8> = chain
        .iter()
        .flat_map(|der| {
            let length = u16::try_from(der.len()).expect("a small certificate");
            [length.to_be_bytes().as_slice(), der].concat()
        })
        .collect();
    let pem: String = chain
        .iter()
        .filter_map(|der| Some(Certificate::from_der(CertificateDer::clone(der)).ok()?.to_pem()))
        .collect();
    let ders: Vec<&[u8]> = chain.iter().map(|der| der.as_ref()).collect();
    let mut inputs = vec![
        ("certificate_chain", with_lengths),
        ("pem", pem.into_bytes()),
        ("pkcs7", pkcs7(&ders)),
        ("pkcs7", leaf.der().to_vec()),
        ("subject_comparison", subjects(&chain)),
    ];
    if let Ok(file) = certward_certificates::pkcs12::write(&ders, key.serialized_der(), "") {
        inputs.push(("pkcs12", file.to_vec()));
    }
    if let Ok(file) = certward_certificates::pkcs12::write_certificates(&ders, "") {
        inputs.push(("pkcs12", file));
    }
    inputs
}

fn subjects(chain: &[&CertificateDer<'static>]) -> Vec<u8> {
    let names: Vec<_> = chain
        .iter()
        .filter_map(|der| Certificate::from_der(CertificateDer::clone(der)).ok())
        .map(|certificate| certificate.subject().as_der().to_vec())
        .take(2)
        .collect();
    let cut = u8::try_from(names[0].len()).expect("a short name");
    [&[cut], names.concat().as_slice()].concat()
}

/// A `SignedData` without signers.
fn pkcs7(certificates: &[&[u8]]) -> Vec<u8> {
    use certward_certificates::asn1::{explicit, integer, object_identifier, sequence, value};
    use der::oid::ObjectIdentifier;

    const DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.1");
    const SIGNED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");
    let signed = sequence(&[
        &integer(1),
        &value(0x31, &[]),
        &sequence(&[&object_identifier(DATA)]),
        &value(0xa0, certificates),
        &value(0x31, &[]),
    ]);
    sequence(&[&object_identifier(SIGNED_DATA), &explicit(0, &[&signed])])
}

fn check_bundle(data: &[u8]) {
    match read_here(data) {
        Ok(bundle) => {
            for end_entity in bundle.end_entities() {
                let certificate = &end_entity.certificate;
                let again = read_here(certificate.to_pem().as_bytes()).expect("what was written is read");
                assert_eq!(&again.end_entities()[0].certificate, certificate);
                check_name(certificate.subject());
                check_name(certificate.issuer());
            }
        }
        Err(error) => drop(error.to_string()),
    }
}

fn check_name(name: &DistinguishedName) {
    let printed = name.to_string();
    let again: DistinguishedName = printed
        .parse()
        .unwrap_or_else(|error| panic!("{printed:?} is printed: {error}"));
    assert_eq!(&again, name, "{printed:?}");
    assert_eq!(again.to_string(), printed);
    assert_eq!(hash_of(&again), hash_of(name), "{printed:?}");
    let encoded = DistinguishedName::from_der(name.as_der()).expect("its own DER is read");
    assert_eq!(&encoded, name, "{printed:?}");
}

fn name_of(data: &[u8]) -> Option<DistinguishedName> {
    DistinguishedName::from_der(data)
        .ok()
        .or_else(|| std::str::from_utf8(data).ok()?.parse().ok())
}

fn hash_of(name: &DistinguishedName) -> u64 {
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    hasher.finish()
}

fn issuer(name: &str) -> CertifiedIssuer<'static, KeyPair> {
    let key = KeyPair::generate().expect("a key can be made");
    CertifiedIssuer::self_signed(ca_parameters(name), key).expect("it can be signed")
}

fn ca_parameters(name: &str) -> CertificateParams {
    let mut parameters = parameters(name);
    parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    parameters
}

fn parameters(name: &str) -> CertificateParams {
    let mut parameters = CertificateParams::default();
    parameters.distinguished_name = rcgen::DistinguishedName::new();
    parameters
        .distinguished_name
        .push(DnType::OrganizationName, "Acme, Inc.");
    parameters.distinguished_name.push(DnType::CommonName, name);
    parameters.not_before = NOW - time::Duration::days(1);
    parameters.not_after = NOW + time::Duration::days(365);
    parameters
}

const NOW: OffsetDateTime = datetime!(2026-11-30 12:00 UTC);

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn every_target_takes_what_is_kept_in_its_corpus() {
        let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus");
        for (name, target) in TARGETS {
            let mut inputs: Vec<Vec<u8>> = made_inputs()
                .into_iter()
                .filter(|(of, _)| *of == name)
                .map(|(_, input)| input)
                .collect();
            if let Ok(folder) = std::fs::read_dir(corpus.join(name)) {
                inputs.extend(folder.map(|entry| std::fs::read(entry.unwrap().path()).unwrap()));
            }
            assert!(!inputs.is_empty(), "{name} has no input to begin with");
            for input in inputs {
                target(&input);
                // What is cut off ends in the middle of everything.
                for end in (0..input.len()).step_by((input.len() / 50).max(1)) {
                    target(&input[..end]);
                }
            }
        }
    }

    #[test]
    fn what_is_made_for_a_target_is_accepted_there() {
        for (name, input) in made_inputs() {
            match name {
                "certificate_chain" | "subject_comparison" => {}
                _ => assert!(read_here(&input).is_ok(), "{name}: {:?}", read_here(&input).err()),
            }
        }
    }
}
