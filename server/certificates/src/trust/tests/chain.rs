//! Valid and invalid chains.

use std::sync::atomic::{AtomicUsize, Ordering};

use certward_pki::{Certificate, PublicKey};
use rustls_pki_types::{AlgorithmIdentifier, InvalidSignature, SignatureVerificationAlgorithm};
use time::{Duration, OffsetDateTime};
use webpki::aws_lc_rs::ECDSA_P256_SHA256;

use crate::certificate::{Anchor, BoundedChain, ClientPurpose};
use crate::trust::minted::*;
use crate::trust::{ChainRefusal, EndEntityFault, TrustAnchors, verify};

fn trust(authorities: &[&Minted]) -> TrustAnchors {
    let text: String = authorities.iter().map(|authority| authority.pem()).collect();
    TrustAnchors::from_stored_bundle(&text).unwrap()
}

fn check_at(
    now: OffsetDateTime,
    anchors: &TrustAnchors,
    client: &Minted,
    intermediates: &[&Minted],
) -> Result<OffsetDateTime, ChainRefusal> {
    let intermediates: Vec<_> = intermediates.iter().map(|intermediate| intermediate.der()).collect();
    verify(anchors, &client.certificate, &intermediates, now).map(|chain| chain.valid_until())
}

fn check(anchors: &TrustAnchors, client: &Minted, intermediates: &[&Minted]) -> Result<OffsetDateTime, ChainRefusal> {
    check_at(NOW, anchors, client, intermediates)
}

#[test]
fn a_client_of_a_trusted_authority_is_verified_as_long_as_every_certificate_is_in_date() {
    let root = ca("CN=Root").self_signed();
    let mut shorter = ca("CN=Issuing");
    shorter.not_after = NOW + Duration::DAY;
    let issuing = root.issue(shorter);
    let alice = issuing.issue(client("CN=alice"));
    assert_eq!(check(&trust(&[&root]), &alice, &[&issuing]), Ok(NOW + Duration::DAY));
    assert_eq!(check(&trust(&[&issuing]), &alice, &[]), Ok(NOW + Duration::DAY));
    let bob = root.issue(client("CN=bob"));
    assert_eq!(
        check(&trust(&[&root]), &bob, &[&issuing]),
        Ok(bob.certificate.validity().not_after)
    );
}

#[test]
fn a_client_of_another_authority_is_unknown_even_of_the_same_name() {
    let root = ca("CN=Root").self_signed();
    let other = ca("CN=Other").self_signed();
    let namesake = ca("CN=Root").self_signed();
    let unknown = |issuer: &str| {
        Err(ChainRefusal::UnknownIssuer {
            issuer: issuer.to_owned(),
        })
    };
    assert_eq!(
        check(&trust(&[&root]), &other.issue(client("CN=alice")), &[]),
        unknown("CN=Other")
    );
    assert_eq!(
        check(&trust(&[&root]), &namesake.issue(client("CN=alice")), &[]),
        Err(ChainRefusal::Path(webpki::Error::InvalidSignatureForPublicKey))
    );
    // Nor does it help to send the unknown root along.
    let alice = other.issue(client("CN=alice"));
    assert_eq!(check(&trust(&[&root]), &alice, &[&other]), unknown("CN=Other"));
}

#[test]
fn a_certificate_signed_by_a_client_is_refused() {
    let root = ca("CN=Root").self_signed();
    let alice = root.issue(client("CN=alice"));
    let forged = alice.issue(client("CN=admin"));
    assert_eq!(
        check(&trust(&[&root]), &forged, &[&alice]),
        Err(ChainRefusal::Path(webpki::Error::EndEntityUsedAsCa))
    );
}

#[test]
fn an_authority_that_expires_while_it_is_loaded_admits_no_more() {
    let mut template = ca("CN=Root");
    template.not_after = NOW + Duration::HOUR;
    let root = template.clone().self_signed();
    let anchors = trust(&[&root]);
    let alice = root.issue(client("CN=alice"));
    assert_eq!(
        check_at(NOW + Duration::HOUR, &anchors, &alice, &[]),
        Ok(NOW + Duration::HOUR)
    );
    let refused = check_at(NOW + Duration::HOUR + Duration::SECOND, &anchors, &alice, &[]);
    assert!(
        matches!(refused, Err(ChainRefusal::AnchorOutOfDate { .. })),
        "{refused:?}"
    );
    // The renewed certificate of the same key and name stands beside it.
    let renewed = root.again(ca("CN=Root"));
    let both = trust(&[&root, &renewed]);
    assert!(check_at(NOW + Duration::DAY, &both, &alice, &[]).is_ok());
}

#[test]
fn an_intermediate_that_is_not_in_date_is_named_with_its_dates() {
    let root = ca("CN=Root").self_signed();
    let (day, hour) = (Duration::DAY, Duration::HOUR);
    for (not_before, not_after) in [(NOW - 2 * day, NOW - hour), (NOW + hour, NOW + 2 * day)] {
        let issuing = root.issue(Template {
            not_before,
            not_after,
            ..ca("CN=Issuing")
        });
        let refused = check(&trust(&[&root]), &issuing.issue(client("CN=alice")), &[&issuing]).unwrap_err();
        let ChainRefusal::IntermediateOutOfDate { subject, .. } = &refused else {
            panic!("{refused:?}");
        };
        assert_eq!(subject, "CN=Issuing");
        assert!(refused.to_string().contains(&not_after.to_string()), "{refused}");
    }
}

#[test]
fn no_refusal_of_a_chain_stands_there_in_a_librarys_own_words() {
    let root = ca("CN=Root").self_signed();
    let namesake = ca("CN=Root").self_signed();
    let alice = root.issue(client("CN=alice"));
    for (client, intermediates, words) in [
        (
            namesake.issue(client("CN=alice")),
            vec![],
            "a signature is not by the key",
        ),
        (
            alice.issue(client("CN=admin")),
            vec![&alice],
            "an intermediate is no CA",
        ),
    ] {
        let refused = check(&trust(&[&root]), &client, &intermediates)
            .unwrap_err()
            .to_string();
        assert!(refused.contains(words), "{refused}");
    }
}

#[test]
fn each_fault_of_the_clients_certificate_is_told_apart() {
    let root = ca("CN=Root").self_signed();
    let anchors = trust(&[&root]);
    let fault = |template: Template| match check(&anchors, &root.issue(template), &[]) {
        Err(ChainRefusal::EndEntity(fault)) => fault,
        other => panic!("{other:?}"),
    };
    let alice = || client("CN=alice");
    let purpose = extended_key_usage(&[CLIENT_AUTH]);

    let mut version_1 = alice();
    version_1.version = 1;
    assert_eq!(fault(version_1), EndEntityFault::Version(1));
    assert_eq!(
        fault(alice().with(basic_constraints(true, Some(true), None))),
        EndEntityFault::IsAuthority
    );
    let mut early = alice();
    early.not_before = NOW + Duration::SECOND;
    assert_eq!(fault(early), EndEntityFault::NotYetValid(NOW + Duration::SECOND));
    let mut late = alice();
    late.not_after = NOW - Duration::SECOND;
    assert_eq!(fault(late), EndEntityFault::Expired(NOW - Duration::SECOND));
    for (purposes, expected) in [
        (vec![], EndEntityFault::NoPurpose),
        (vec![extended_key_usage(&[SERVER_AUTH])], EndEntityFault::Purpose),
        (vec![extended_key_usage(&[])], EndEntityFault::Purpose),
        (vec![netscape_type(NETSCAPE_SERVER)], EndEntityFault::Purpose),
        (vec![any_extended_key_usage()], EndEntityFault::AnyPurpose),
    ] {
        assert_eq!(fault(alice().with_only(&purposes)), expected);
    }
    assert_eq!(
        fault(alice().with(extension(32, true, &[0x30, 0]))),
        EndEntityFault::CriticalExtension("2.5.29.32".to_owned())
    );
    for usage in [
        key_usage(&[KEY_ENCIPHERMENT]),
        key_usage(&[DIGITAL_SIGNATURE, KEY_CERT_SIGN]),
    ] {
        assert_eq!(
            fault(alice().with_only(&[usage, purpose.clone()])),
            EndEntityFault::KeyUsage
        );
    }
    let mut weak = alice();
    weak.subject_public_key_info = Some(rsa_key(1024));
    assert_eq!(fault(weak), EndEntityFault::WeakKey(PublicKey::Rsa { bits: 1024 }));
    assert_eq!(
        fault(alice().with(permitted_names(0x82, b"example.com"))),
        EndEntityFault::NameConstraints
    );
}

#[test]
fn a_client_certificate_needs_no_key_usage_and_may_be_a_servers_too() {
    let root = ca("CN=Root").self_signed();
    let both = extended_key_usage(&[SERVER_AUTH, CLIENT_AUTH]);
    let alice = root.issue(client("CN=alice").with_only(&[both]));
    assert!(check(&trust(&[&root]), &alice, &[]).is_ok());
}

#[test]
fn what_stands_above_must_be_allowed_to() {
    let root = ca("CN=Root")
        .with_only(&[basic_constraints(true, Some(true), Some(0))])
        .self_signed();
    let issuing = root.issue(ca("CN=Issuing"));
    let alice = issuing.issue(client("CN=alice"));
    assert_eq!(
        check(&trust(&[&root]), &alice, &[&issuing]),
        Err(ChainRefusal::AnchorPathLength {
            subject: "CN=Root".to_owned(),
            allowed: 0,
            found: 1
        })
    );
    let root = ca("CN=Root").self_signed();
    let signer = root
        .issue(ca("CN=Signs nothing").with_only(&[basic_constraints(true, Some(true), None), key_usage(&[CRL_SIGN])]));
    let alice = signer.issue(client("CN=alice"));
    assert_eq!(
        check(&trust(&[&root]), &alice, &[&signer]),
        Err(ChainRefusal::IntermediateKeyUsage {
            subject: "CN=Signs nothing".to_owned()
        })
    );
}

#[test]
fn a_chain_that_is_too_large_is_not_looked_at() {
    let root = ca("CN=Root").self_signed();
    let alice = root.issue(client("CN=alice"));
    assert!(check(&trust(&[&root]), &alice, &[&root; 4]).is_ok());
    let refused = check(&trust(&[&root]), &alice, &[&root; 5]);
    assert!(
        matches!(refused, Err(ChainRefusal::TooLarge { intermediates: 5, .. })),
        "{refused:?}"
    );
    let huge = root.issue(client("CN=bob").with(extension(99, false, &[0; 16 * 1024])));
    let refused = check(&trust(&[&root]), &huge, &[]);
    assert!(
        matches!(refused, Err(ChainRefusal::TooLarge { intermediates: 0, .. })),
        "{refused:?}"
    );
}

#[test]
fn a_chain_found_before_holds_only_under_its_anchors_and_within_the_dates_of_its_issuers() {
    let root = ca("CN=Root").self_signed();
    let mut shorter = ca("CN=Issuing");
    shorter.not_after = NOW + Duration::DAY;
    let issuing = root.issue(shorter);
    let alice = issuing.issue(client("CN=alice"));
    let anchors = trust(&[&root]);
    for _ in 0..2 {
        assert_eq!(check(&anchors, &alice, &[&issuing]), Ok(NOW + Duration::DAY));
    }
    // Without its intermediate, and another certificate with it, are other questions.
    assert!(matches!(
        check(&anchors, &alice, &[]),
        Err(ChainRefusal::UnknownIssuer { .. })
    ));
    let forged = ca("CN=Issuing").self_signed().issue(client("CN=alice"));
    assert!(check(&anchors, &forged, &[&issuing]).is_err());
    let after = NOW + Duration::DAY + Duration::SECOND;
    assert!(check_at(after, &anchors, &alice, &[&issuing]).is_err());
    let before = issuing.certificate.validity().not_before - Duration::SECOND;
    assert!(check_at(before, &anchors, &alice, &[&issuing]).is_err());
    assert!(check(&trust(&[&ca("CN=Root").self_signed()]), &alice, &[&issuing]).is_err());
}

/// webpki's ECDSA P-256, counted.
#[derive(Debug, Default)]
struct Counting(AtomicUsize);

impl SignatureVerificationAlgorithm for Counting {
    fn verify_signature(&self, key: &[u8], message: &[u8], signature: &[u8]) -> Result<(), InvalidSignature> {
        self.0.fetch_add(1, Ordering::Relaxed);
        ECDSA_P256_SHA256.verify_signature(key, message, signature)
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        ECDSA_P256_SHA256.public_key_alg_id()
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        ECDSA_P256_SHA256.signature_alg_id()
    }
}

/// Counts the signatures that are checked before the chain is refused.
fn signatures_to_refuse(anchors: &[&Minted], client: &Minted, intermediates: &[&Minted]) -> usize {
    let anchors: Vec<_> = anchors
        .iter()
        .map(|anchor| Anchor::new(anchor.certificate.clone()).unwrap())
        .collect();
    let intermediates: Vec<_> = intermediates.iter().map(|intermediate| intermediate.der()).collect();
    let Ok(chain) = BoundedChain::new(&client.certificate, &intermediates) else {
        return 0;
    };
    let Some(path) = chain.path_to(&anchors, NOW) else {
        return 0;
    };
    let counting = Counting::default();
    let accept = |_: &Certificate, _: &[&Certificate]| Ok::<(), webpki::Error>(());
    assert!(path.verify(&[&counting], ClientPurpose::Named, NOW, accept).is_err());
    counting.0.load(Ordering::Relaxed)
}

#[test]
fn a_forged_chain_costs_one_signature_check_whatever_names_it_uses() {
    let root = ca("CN=Root").self_signed();
    let names = ["CN=Root", "CN=A", "CN=B", "CN=C", "CN=D"];
    let forgers: Vec<_> = names.iter().map(|name| ca(name).self_signed()).collect();
    let four_namesakes: Vec<_> = (0..4).map(|_| ca("CN=Root").self_signed()).collect();
    let four_namesakes: Vec<_> = four_namesakes.iter().collect();
    let alice = four_namesakes[0].issue(client("CN=alice"));
    assert_eq!(signatures_to_refuse(&[&root], &alice, &four_namesakes), 0);
    let mut most = 0;
    for seed in 0..300_u64 {
        // Digits to the base five: which forger, and which name.
        let digit = |place| (seed * 7_919 * 104_729 / 5_u64.pow(place) % 5) as usize;
        let intermediates: Vec<_> = (0..4)
            .map(|place| forgers[digit(2 * place)].issue(ca(names[digit(2 * place + 1)])))
            .collect();
        let intermediates: Vec<_> = intermediates.iter().collect();
        let alice = forgers[digit(8)].issue(client("CN=alice"));
        let checked = signatures_to_refuse(&[&root], &alice, &intermediates);
        assert!(checked <= 1, "{checked} checks, seed {seed}");
        most = most.max(checked);
    }
    assert_eq!(most, 1, "no chain came as far as a signature");
}

#[test]
fn genuine_intermediates_and_anchors_of_one_name_make_a_forged_chain_hardly_dearer() {
    let anchors: Vec<_> = (0..50).map(|_| ca("CN=Root").self_signed()).collect();
    let anchors: Vec<_> = anchors.iter().collect();
    let forged = ca("CN=Root").self_signed().issue(client("CN=alice"));
    assert_eq!(signatures_to_refuse(&anchors, &forged, &[]), 2);
    let issuing = anchors[0].issue(ca("CN=Issuing"));
    let forged = ca("CN=Issuing").self_signed().issue(client("CN=alice"));
    // The intermediate's own signature holds, and is remembered.
    assert_eq!(signatures_to_refuse(&anchors[..1], &forged, &[&issuing]), 2);
    assert_eq!(signatures_to_refuse(&anchors[..1], &forged, &[&issuing]), 1);
}

#[test]
fn two_intermediates_of_one_subject_are_refused_and_one_sent_twice_is_not() {
    let root = ca("CN=Root").self_signed();
    let issuing = root.issue(ca("CN=Issuing"));
    let alice = issuing.issue(client("CN=alice"));
    let anchors = trust(&[&root]);
    assert!(check(&anchors, &alice, &[&issuing, &issuing]).is_ok());
    let other = root.issue(ca("CN=Issuing"));
    assert_eq!(
        check(&anchors, &alice, &[&issuing, &other]),
        Err(ChainRefusal::RepeatedSubject {
            subject: "CN=Issuing".to_owned()
        })
    );
}

#[test]
fn a_client_may_send_its_root_or_an_older_certificate_of_it_along() {
    let root = ca("CN=Root").self_signed();
    let issuing = root.issue(ca("CN=Issuing"));
    let alice = issuing.issue(client("CN=alice"));
    let mut longer = ca("CN=Root");
    longer.not_after = NOW + Duration::days(3650);
    let renewed = root.again(longer);
    for sent in [[&issuing, &root], [&root, &issuing]] {
        assert!(check(&trust(&[&root]), &alice, &sent).is_ok());
        assert!(check(&trust(&[&renewed]), &alice, &sent).is_ok());
    }
}

#[test]
fn both_keys_of_an_authority_that_changes_its_key_are_trusted() {
    let (old, new) = (ca("CN=Root").self_signed(), ca("CN=Root").self_signed());
    for anchors in [trust(&[&old, &new]), trust(&[&new, &old])] {
        for root in [&old, &new] {
            assert!(check(&anchors, &root.issue(client("CN=alice")), &[]).is_ok());
        }
    }
}

#[test]
fn a_renewed_intermediate_stands_for_one_that_is_trusted_and_has_expired() {
    let root = ca("CN=Root").self_signed();
    let mut expired = ca("CN=Issuing");
    expired.not_after = NOW - Duration::DAY;
    let expired = root.issue(expired);
    let renewed = root.issue(ca("CN=Issuing"));
    let alice = renewed.issue(client("CN=alice"));
    assert!(check(&trust(&[&expired, &root]), &alice, &[&renewed]).is_ok());
    assert!(check(&trust(&[&expired, &root]), &alice, &[]).is_err());
}
