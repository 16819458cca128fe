//! The commands of `docs/client-certificates.md`, run by OpenSSL as they stand there.

use std::path::Path;
use std::process::Command;

use certward::pki::{Certificate, certificates_from_pem};
use certward_acceptance_tests::programs::{installed, succeed};
use certward_server::clock::{Clock as _, SystemClock};
use certward_server::trust::{
    ChainRefusal, EndEntityFault, SubjectLine, SubjectValidation, TrustAnchors, UntrustworthyCa, pass_gate, verify,
};
use time::{Duration, OffsetDateTime};

#[test]
fn the_recipe_makes_a_ca_that_is_trusted_and_a_certificate_that_its_subject_line_finds() {
    if !installed("openssl") {
        return;
    }
    let (directory, now) = (run(&recipe()), now());
    let anchors = TrustAnchors::from_pem_bundle(&text(directory.path(), "ca.crt"), &[], now).unwrap();
    let alice = certificate(directory.path(), "alice.crt");
    let chain = verify(&anchors, &alice, &[], now).unwrap();
    let admitted = pass_gate(chain, SubjectValidation::Disabled, &[]).unwrap();
    let line: SubjectLine = text(directory.path(), "alice.subject").trim_end().parse().unwrap();
    assert_eq!(line.as_str(), "CN=alice,OU=Payments,O=Acme,C=US");
    assert_eq!(admitted.name(), line.name());
}

/// Field scripts omit the extensions (`docs/contracts/redis-enterprise.md#certificates-in-the-field`): OpenSSL 3.0 then
/// writes a version 1 certificate, later versions write version 3 without an extended key usage.
#[test]
fn a_certificate_made_without_extensions_is_refused_in_words() {
    if !installed("openssl") {
        return;
    }
    let careless = recipe().replace(" -extfile client.ext", "");
    assert_ne!(careless, recipe());
    let (directory, now) = (run(&careless), now());
    let anchors = TrustAnchors::from_pem_bundle(&text(directory.path(), "ca.crt"), &[], now).unwrap();
    let alice = certificate(directory.path(), "alice.crt");
    let refused = verify(&anchors, &alice, &[], now).map(drop);
    assert!(
        matches!(
            refused,
            Err(ChainRefusal::EndEntity(
                EndEntityFault::Version(1) | EndEntityFault::NoPurpose
            ))
        ),
        "{refused:?}"
    );
    let as_ca = TrustAnchors::from_pem_bundle(&text(directory.path(), "alice.crt"), &[], now).map(drop);
    assert!(
        matches!(as_ca, Err(UntrustworthyCa::Certificate { number: 1, .. })),
        "{as_ca:?}"
    );
}

fn recipe() -> String {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/client-certificates.md");
    let page = std::fs::read_to_string(page).unwrap();
    let (_, rest) = page.split_once("```sh\n").unwrap();
    rest.split_once("```").unwrap().0.to_owned()
}

fn run(script: &str) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    succeed(
        Command::new("sh")
            .args(["-e", "-c", script])
            .current_dir(directory.path()),
    );
    directory
}

fn text(directory: &Path, file: &str) -> String {
    std::fs::read_to_string(directory.join(file)).unwrap()
}

fn certificate(directory: &Path, file: &str) -> Certificate {
    certificates_from_pem(&text(directory, file)).unwrap().remove(0)
}

/// A little later than OpenSSL's clock, whose whole seconds the certificates begin with.
fn now() -> OffsetDateTime {
    SystemClock.now() + Duration::SECOND
}
