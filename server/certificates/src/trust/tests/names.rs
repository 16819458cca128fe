//! The 24 subjects made to be confused with one another, each in a certificate of a trusted CA: who may be `CN=alice,O=Acme`?

use std::path::Path;

use certward_pki::Certificate;

use crate::trust::minted::*;
use crate::trust::{SubjectLine, SubjectValidation, TrustAnchors, pass_gate, verify};

/// The result for a subject when the only certificate user is `CN=alice, O=Acme`.
#[derive(Debug, PartialEq, Eq)]
enum Is {
    Alice,
    SomebodyElse,
    Nobody,
}

use Is::{Alice, Nobody, SomebodyElse};

const EXPECTED: [(&str, Is, &str); 24] = [
    ("01-victim", Alice, "it is alice's subject"),
    (
        "02-comma-in-cn",
        SomebodyElse,
        "one value \"alice, O=Acme\" is not two attributes",
    ),
    (
        "03-order-swapped",
        SomebodyElse,
        "a sequence has an order; only its text may be written from either end",
    ),
    (
        "04-multivalue-rdn",
        SomebodyElse,
        "one set of two attributes is not two sets of one",
    ),
    (
        "05-plus-in-value",
        SomebodyElse,
        "a value \"Acme + CN=alice\" is no multi-valued name",
    ),
    ("06-bmpstring", Nobody, "BMP text is compared with nothing"),
    (
        "07-printable",
        Alice,
        "PrintableString and UTF8String of one text are equal (RFC 5280 7.1)",
    ),
    ("08-t61", Nobody, "T61 text is compared with nothing"),
    (
        "09-nul-in-cn",
        Nobody,
        "a NUL ends text for some readers and not for others",
    ),
    ("10-newline-in-cn", Nobody, "a line end forges log lines"),
    ("11-case", SomebodyElse, "letter case counts"),
    ("12-spaces", SomebodyElse, "blanks inside a value count"),
    (
        "13-two-cn",
        SomebodyElse,
        "an attribute more is another name; neither CN is taken for the name",
    ),
    ("14-two-cn-rev", SomebodyElse, "the same the other way round"),
    (
        "15-cyrillic-a",
        SomebodyElse,
        "another character, however alike it looks",
    ),
    ("16-nfc", SomebodyElse, "another name"),
    ("17-nfd", SomebodyElse, "another name; Unicode forms are not folded"),
    ("18-empty-subject", Nobody, "nobody is known by an empty name"),
    (
        "19-unknown-oid",
        SomebodyElse,
        "the value \"CN=alice\" of an unknown attribute is no common name",
    ),
    ("20-email-attr", SomebodyElse, "an attribute more is another name"),
    (
        "21-leading-hash",
        SomebodyElse,
        "a value \"#616c696365\" is text, not the encoding of alice",
    ),
    (
        "22-slash",
        SomebodyElse,
        "one value with a slash is not OpenSSL's old one-line form",
    ),
    ("23-escape-bytes", Nobody, "an escape character steers terminals"),
    ("24-quote", SomebodyElse, "quotation marks inside a value belong to it"),
];

#[test]
fn of_24_subjects_made_to_be_confused_only_alices_own_is_alice() {
    let alice: SubjectLine = "CN=alice, O=Acme".parse().unwrap();
    let root = ca("CN=Root").self_signed();
    let anchors = TrustAnchors::from_pem_bundle(&root.pem(), &[], NOW).unwrap();
    for (file, expected, reason) in EXPECTED {
        let mut template = client("");
        template.subject = subject_der(file);
        let client = root.issue(template);
        let chain = verify(&anchors, &client.certificate, &[], NOW).unwrap();
        let found = match pass_gate(chain, SubjectValidation::Disabled, &[]) {
            Ok(admitted) if admitted.name() == alice.name() => Alice,
            Ok(_) => SomebodyElse,
            Err(_) => Nobody,
        };
        assert_eq!(found, expected, "{file}: {reason}");
    }
}

/// Every admissible subject, as it is printed, parses as a subject line that matches the certificate.
#[test]
fn each_subject_that_may_be_somebodys_is_a_subject_line_and_the_others_are_none() {
    for (file, is, reason) in EXPECTED {
        let subject = certificate(file).subject().clone();
        let line = subject.to_string().parse::<SubjectLine>();
        match is {
            Nobody => assert!(line.is_err(), "{file}: {reason}"),
            Alice | SomebodyElse => assert_eq!(*line.unwrap().name(), subject, "{file}"),
        }
    }
}

fn subject_der(file: &str) -> Vec<u8> {
    certificate(file).subject().as_der().to_vec()
}

fn certificate(file: &str) -> Certificate {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../sdk/pki/tests/data/distinguished-names");
    Certificate::from_der(std::fs::read(folder.join(file).with_extension("der")).unwrap()).unwrap()
}
