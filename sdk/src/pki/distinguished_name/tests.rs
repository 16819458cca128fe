use std::collections::HashSet;
use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::pki::Certificate;

fn subject(file: &str) -> DistinguishedName {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/distinguished-names");
    let der = std::fs::read(folder.join(file)).unwrap();
    Certificate::from_der(der).unwrap().subject().clone()
}

const LOOK_ALIKES: [&str; 22] = [
    "02-comma-in-cn.der",
    "03-order-swapped.der",
    "04-multivalue-rdn.der",
    "05-plus-in-value.der",
    "06-bmpstring.der",
    "08-t61.der",
    "09-nul-in-cn.der",
    "10-newline-in-cn.der",
    "11-case.der",
    "12-spaces.der",
    "13-two-cn.der",
    "14-two-cn-rev.der",
    "15-cyrillic-a.der",
    "16-nfc.der",
    "17-nfd.der",
    "18-empty-subject.der",
    "19-unknown-oid.der",
    "20-email-attr.der",
    "21-leading-hash.der",
    "22-slash.der",
    "23-escape-bytes.der",
    "24-quote.der",
];

#[test]
fn no_look_alike_equals_another_subject() {
    let mut seen = HashSet::from([subject("01-victim.der")]);
    for file in LOOK_ALIKES {
        assert!(seen.insert(subject(file)), "{file} equals a subject before it");
    }
}

#[test]
fn printable_and_utf8_strings_of_one_text_are_equal() {
    assert_eq!(subject("07-printable.der"), subject("01-victim.der"));
    assert_ne!(subject("07-printable.der").as_der(), subject("01-victim.der").as_der());
    assert_eq!(subject("01-victim.der"), "CN=alice, O=Acme".parse().unwrap());
    assert_eq!(
        subject("20-email-attr.der"),
        "emailAddress=a@x,CN=alice,O=Acme".parse().unwrap()
    );
}

#[test]
fn every_subject_is_read_back_from_its_text() {
    for file in LOOK_ALIKES {
        let name = subject(file);
        let printed = name.to_string();
        assert_eq!(printed.parse::<DistinguishedName>().unwrap(), name, "{file}: {printed}");
        assert!(!printed.contains(char::is_control), "{file}: {printed:?}");
    }
}

#[test]
fn the_common_name_is_refused_where_it_is_ambiguous() {
    for (file, expected) in [
        ("01-victim.der", Ok("alice")),
        ("06-bmpstring.der", Err(CommonNameError::Encoding)),
        ("07-printable.der", Ok("alice")),
        ("08-t61.der", Err(CommonNameError::Encoding)),
        ("09-nul-in-cn.der", Err(CommonNameError::ControlCharacter)),
        ("10-newline-in-cn.der", Err(CommonNameError::ControlCharacter)),
        ("13-two-cn.der", Err(CommonNameError::Several(2))),
        ("18-empty-subject.der", Err(CommonNameError::Missing)),
    ] {
        assert_eq!(subject(file).single_common_name(), expected, "{file}");
    }
    assert!(subject("23-escape-bytes.der").has_control_characters());
    assert!(!subject("06-bmpstring.der").is_comparable_text());
    assert!(subject("18-empty-subject.der").is_empty());
}

#[test]
fn a_universal_string_is_kept_and_equals_no_other_text() {
    let universal = |tag: u8| {
        let value = der::encode(tag, &[0, 0, 0, b'a']);
        let attribute = der::encode(der::SEQUENCE, &[&[0x06, 3, 0x55, 4, 3][..], &value].concat());
        DistinguishedName::from_der(&der::encode(der::SEQUENCE, &der::encode(der::SET, &attribute))).unwrap()
    };
    assert_ne!(universal(0x1c), "CN=a".parse().unwrap());
    assert_ne!(universal(0x1c), universal(0x1e));
    assert_eq!(
        universal(0x1c).to_string().parse::<DistinguishedName>().unwrap(),
        universal(0x1c)
    );
}

#[test]
fn text_forms_of_the_rfcs_are_read() {
    let plain: DistinguishedName = "CN=alice,OU=Payments,O=Acme".parse().unwrap();
    for text in [
        "CN=alice, OU=Payments, O=Acme",
        "cn = alice , ou = Payments , o = Acme",
        "CN=\"alice\",OU=Payments,O=Acme",
        "OID.2.5.4.3=alice,2.5.4.11=Payments,O=\\41cme",
        "CN=#0c05616c696365,OU=Payments,O=Acme",
        "commonName=alice,OU=Payments,O=Acme",
    ] {
        assert_eq!(text.parse::<DistinguishedName>().unwrap(), plain, "{text}");
    }
    assert_eq!(
        "O=Acme,OU=Payments,CN=alice".parse::<DistinguishedName>().unwrap(),
        plain.reversed()
    );
    assert_eq!(
        "OU=b+CN=a".parse::<DistinguishedName>().unwrap(),
        "CN=a+OU=b".parse().unwrap()
    );
    assert_eq!(
        "CN=Lu\\C4\\8Di\\C4\\87"
            .parse::<DistinguishedName>()
            .unwrap()
            .to_string(),
        "CN=Lučić"
    );
    assert!("".parse::<DistinguishedName>().unwrap().is_empty());
}

#[test]
fn broken_text_is_refused_with_its_place() {
    use DistinguishedNameTextError as E;
    for (text, expected) in [
        ("alice", E::MissingEquals { position: 1 }),
        ("CN=a,", E::MissingEquals { position: 2 }),
        ("CN=a,,O=b", E::MissingEquals { position: 2 }),
        (
            "CN=a,X=b",
            E::UnknownType {
                position: 2,
                attribute_type: "X".to_owned(),
            },
        ),
        (
            "CN=a;O=b",
            E::Value {
                position: 1,
                problem: "an unescaped \", ;, < or >",
            },
        ),
        (
            "CN=\"a",
            E::Value {
                position: 1,
                problem: "no closing quotation mark",
            },
        ),
        (
            "CN=\"a\"b",
            E::Value {
                position: 1,
                problem: "text after its end",
            },
        ),
        (
            "CN=a\\",
            E::Value {
                position: 1,
                problem: "a backslash before a character that needs none",
            },
        ),
        (
            "CN=a\\4",
            E::Value {
                position: 1,
                problem: "half a hexadecimal pair",
            },
        ),
        (
            "CN=\\ff",
            E::Value {
                position: 1,
                problem: "escaped bytes that are not UTF-8",
            },
        ),
        (
            "CN=#0c05",
            E::Value {
                position: 1,
                problem: "hexadecimal digits that are not one DER element",
            },
        ),
    ] {
        assert_eq!(text.parse::<DistinguishedName>().unwrap_err(), expected, "{text}");
    }
}

fn attribute() -> impl Strategy<Value = AttributeTypeAndValue> {
    let types = prop_oneof![
        Just("2.5.4.3"),
        Just("2.5.4.10"),
        Just("2.5.4.6"),
        Just("1.2.840.113549.1.9.1"),
        Just("1.3.6.1.4.1.55555.1")
    ];
    let value = prop_oneof!["[ -~]{0,12}", "[ ,+=#\"\\\\;<>\u{0}\n\u{1b}]{0,8}", ".{0,8}"];
    (types, value).prop_map(|(oid, text)| AttributeTypeAndValue::new(oid.parse().unwrap(), AttributeValue::Text(text)))
}

proptest! {
    #[test]
    fn printed_names_are_read_back(sets in prop::collection::vec(prop::collection::vec(attribute(), 1..3), 0..5)) {
        let name = DistinguishedName::from_relative_names(sets.into_iter().map(RelativeDistinguishedName::new).collect());
        let printed = name.to_string();
        prop_assert_eq!(&printed.parse::<DistinguishedName>().unwrap(), &name);
        prop_assert_eq!(&DistinguishedName::from_der(name.as_der()).unwrap(), &name);
        prop_assert!(!printed.contains(char::is_control));
    }

    #[test]
    fn no_text_and_no_bytes_panic(text in ".{0,60}", bytes: Vec<u8>) {
        let _ = text.parse::<DistinguishedName>();
        let _ = DistinguishedName::from_der(&bytes);
    }
}

/// A name of up to four relative names, from characters and encodings that are easily confused, and one that differs from
/// it in one place.
fn neighbours(random: &mut fastrand::Rng) -> [DistinguishedName; 2] {
    let mut sets: Vec<Vec<AttributeTypeAndValue>> = (0..random.usize(0..4))
        .map(|_| (0..random.usize(1..=2)).map(|_| confusing_attribute(random)).collect())
        .collect();
    let name = |sets: &[Vec<AttributeTypeAndValue>]| {
        let sets = sets.iter().cloned().map(RelativeDistinguishedName::new);
        DistinguishedName::from_relative_names(sets.collect())
    };
    let first = name(&sets);
    let place = random.usize(0..=sets.len());
    match random.u8(0..4) {
        0 if place < sets.len() => sets.swap(0, place),
        1 if place + 1 < sets.len() => {
            let next = sets.remove(place + 1); // one set of two attributes looks like two sets of one
            sets[place].extend(next);
        }
        2 if place < sets.len() => sets[place][0] = confusing_attribute(random),
        _ => sets.insert(place, vec![confusing_attribute(random)]),
    }
    [first, name(&sets)]
}

fn confusing_attribute(random: &mut fastrand::Rng) -> AttributeTypeAndValue {
    const TYPES: [&str; 6] = [
        "2.5.4.3",
        "2.5.4.10",
        "2.5.4.11",
        "2.5.4.6",
        "1.2.840.113549.1.9.1",
        "1.3.6.1.4.1.55555.1",
    ];
    const PIECES: [&str; 20] = [
        "a", "A", " ", ",", "+", "=", "\"", "\\", "#", ";", "<", "/", "\0", "\n", "\u{1b}", "\u{e9}", "e\u{301}",
        "\u{430}", ", O=a", "#0c0161",
    ];
    const TAGS: [u8; 6] = [
        der::UTF8_STRING,
        der::PRINTABLE_STRING,
        der::IA5_STRING,
        0x14,
        0x1c,
        0x1e,
    ];
    let text: String = (0..random.usize(0..4))
        .map(|_| PIECES[random.usize(..PIECES.len())])
        .collect();
    let tag = if random.u8(0..4) == 0 {
        TAGS[random.usize(..TAGS.len())]
    } else {
        der::UTF8_STRING
    };
    let encoded = der::encode(tag, text.as_bytes());
    let value = AttributeValue::from_element(DerReader::new(&encoded).element().unwrap());
    AttributeTypeAndValue::new(TYPES[random.usize(..TYPES.len())].parse().unwrap(), value)
}

/// 20,000 names; `make stress` takes a million.
#[test]
fn print_parse_and_compare_agree_on_generated_names() {
    let long = std::env::var_os("CERTWARD_LONG_TESTS").is_some();
    let pairs = if long { 500_000 } else { 10_000 };
    let mut random = fastrand::Rng::with_seed(0x5eed);
    let mut unequal = 0;
    for _ in 0..pairs {
        let [one, other] = neighbours(&mut random);
        let printed = one.to_string();
        let blanks_after_commas = printed
            .replace("\\,", "\u{fffd}")
            .replace(',', ", ")
            .replace('\u{fffd}', "\\,");
        assert_eq!(printed.parse::<DistinguishedName>().as_ref(), Ok(&one), "{printed}");
        assert_eq!(
            blanks_after_commas.parse::<DistinguishedName>().as_ref(),
            Ok(&one),
            "{printed}"
        );
        assert_eq!(
            DistinguishedName::from_der(one.as_der()).as_ref(),
            Ok(&one),
            "{printed}"
        );
        assert!(!printed.contains(char::is_control), "{printed:?}");
        // Two names are equal exactly when their texts are: no structure hides behind another's text.
        assert_eq!(one == other, printed == other.to_string(), "{printed} and {other}");
        if one == other {
            assert_eq!(HashSet::from([one, other]).len(), 1, "{printed}");
        } else {
            unequal += 1;
        }
    }
    assert!(
        unequal > pairs / 2,
        "{unequal} of {pairs} pairs differ: the generator compares names with themselves"
    );
}
