use proptest::prelude::*;

use super::*;

const CERTIFICATE: &[u8] = b"the reader does not look inside";
const KEY: &[u8] = b"nor here";

#[test]
fn what_is_written_is_read() {
    for password in ["", "x", "pässwörd 𐐀"] {
        let file = write(&[CERTIFICATE, b"issuer"], KEY, password).unwrap();
        let contents = read(&file, password, true).unwrap();
        assert_eq!(contents.certificates, [CERTIFICATE, b"issuer"]);
        assert_eq!(contents.private_keys.len(), 1);
        assert_eq!(*contents.private_keys[0], KEY);
        assert!(read(&file, password, false).unwrap().private_keys.is_empty());
        let refused = read(&file, "other", true);
        assert!(matches!(refused, Err(ReadError::Password)));
    }
}

#[test]
fn a_changed_octet_never_changes_what_is_read() {
    let file = write(&[CERTIFICATE], KEY, "x").unwrap();
    for place in (0..file.len()).step_by(7) {
        let mut changed = file.to_vec();
        changed[place] ^= 0x10;
        // Some octets, such as the parameters of the digest, mean nothing; then nothing must have changed.
        if let Ok(contents) = read(&changed, "x", true) {
            assert_eq!(contents.certificates, [CERTIFICATE], "octet {place}");
            assert_eq!(*contents.private_keys[0], KEY, "octet {place}");
        }
    }
}

#[test]
fn many_cheap_derivations_are_too_many_together() {
    let mut budget = derive::Budget::new();
    assert!(matches!(budget.spend(1_000_001), Err(ReadError::Iterations { .. })));
    assert!(matches!(budget.spend(0), Err(ReadError::Iterations { .. })));
    assert!(matches!(budget.spend(-1), Err(ReadError::Iterations { .. })));
    for _ in 0..3 {
        budget.spend(1_000_000).unwrap();
    }
    assert!(matches!(budget.spend(1), Err(ReadError::TooMuchWork)));
}

proptest! {
    #[test]
    fn no_octets_panic(octets in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = read(&octets, "", true);
    }

    #[test]
    fn no_damage_panics(damage in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6), cut in any::<prop::sample::Index>()) {
        // Without a password, so that damage reaches the parser behind the decryption as often as it can.
        let mut file = write(&[CERTIFICATE], KEY, "").unwrap().to_vec();
        for (place, octet) in damage {
            let place = place.index(file.len());
            file[place] = octet;
        }
        let _ = read(&file[..cut.index(file.len())], "", true);
        let _ = read(&file, "", true);
    }
}
