//! Verifies which key signed a certificate.

use certward_pki::Certificate;
use der::asn1::{AnyRef, BitStringRef};
use der::{Decode, Encode, Sequence};
use rustls_pki_types::SubjectPublicKeyInfoDer;
use webpki::{ALL_VERIFICATION_ALGS, RawPublicKeyEntity};

/// Returns `true` if the signature on `certificate` was made with the key of `issuer`. Names, dates, usages and the
/// version are not checked, because webpki does not parse certificates of version 1, whose signatures are equally
/// valid.
pub fn is_by(certificate: &Certificate, issuer: &Certificate) -> bool {
    let Ok(signed) = SignedCertificate::from_der(certificate.der()) else {
        return false;
    };
    let (Ok(to_be_signed), Ok(algorithm)) = (signed.to_be_signed.to_der(), signed.algorithm.to_der()) else {
        return false;
    };
    let key = SubjectPublicKeyInfoDer::from(issuer.subject_public_key_info_der());
    let (Some(signature), Ok(issuer)) = (signed.signature.as_bytes(), RawPublicKeyEntity::try_from(&key)) else {
        return false;
    };
    ALL_VERIFICATION_ALGS
        .iter()
        // rustls names an algorithm by the content of its AlgorithmIdentifier, without the SEQUENCE header, which is
        // two bytes long for all of them.
        .filter(|candidate| algorithm.get(2..) == Some(candidate.signature_alg_id().as_ref()))
        .any(|candidate| issuer.verify_signature(*candidate, &to_be_signed, signature).is_ok())
}

/// The outer shape of a certificate (RFC 5280, section 4.1).
#[derive(Sequence)]
struct SignedCertificate<'a> {
    to_be_signed: AnyRef<'a>,
    algorithm: AnyRef<'a>,
    signature: BitStringRef<'a>,
}
