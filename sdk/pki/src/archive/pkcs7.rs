//! Reading a PKCS#7 file of certificates (`.p7b`, `.p7c`): a `SignedData` (RFC 5652, section 5.1), usually without signers.

use super::ber::{BerError, to_der};
use crate::ObjectIdentifier;
use crate::der::{self, DerError, DerReader};

/// The reason that a PKCS#7 file cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Pkcs7Error {
    /// A `ContentInfo` that carries something other than certificates, such as encrypted data.
    #[error("it is a PKCS#7 file of another type ({0}) than the one with certificates")]
    OtherType(ObjectIdentifier),
    /// Not the structure that it has to have.
    #[error("it is not a PKCS#7 file, or a damaged one: {0}")]
    Damaged(#[from] BerError),
}

impl From<DerError> for Pkcs7Error {
    fn from(error: DerError) -> Self {
        Self::Damaged(error.into())
    }
}

/// The DER certificates of a file in DER or BER. No signature is verified.
///
/// # Errors
/// [`Pkcs7Error`]. A file without certificates is none.
pub fn certificates(file: &[u8]) -> Result<Vec<Vec<u8>>, Pkcs7Error> {
    let file = to_der(file)?;
    let mut content_info = DerReader::new(&file).nested(der::SEQUENCE)?;
    let content_type = ObjectIdentifier::from_der_content(content_info.expect(der::OBJECT_IDENTIFIER)?.content)?;
    if content_type.as_der_content() != SIGNED_DATA {
        return Err(Pkcs7Error::OtherType(content_type));
    }
    let mut signed_data = content_info.nested(der::CONTEXT_0_CONSTRUCTED)?.nested(der::SEQUENCE)?;
    signed_data.expect(der::INTEGER)?;
    signed_data.expect(der::SET)?;
    signed_data.expect(der::SEQUENCE)?;
    let members = signed_data.optional(der::CONTEXT_0_CONSTRUCTED)?;
    let mut members = DerReader::new(members.map_or(&[], |members| members.content));
    let mut certificates = Vec::new();
    while !members.is_empty() {
        let member = members.element()?;
        // Other choices are attribute certificates, which identify nobody here.
        if member.tag == der::SEQUENCE {
            certificates.push(member.encoded.to_vec());
        }
    }
    Ok(certificates)
}

/// 1.2.840.113549.1.7.2
const SIGNED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 2];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::der::encode;

    #[test]
    fn every_certificate_is_found_whatever_the_lengths_are() {
        // What is inside a certificate is nobody's business here.
        let certificates_of = [encode(der::SEQUENCE, &[2, 1, 7]), encode(der::SEQUENCE, &[2, 1, 8])];
        let signed = [
            &[2, 1, 1][..],
            &encode(der::SET, &[]),
            &encode(der::SEQUENCE, &[]),
            &encode(0xa0, &certificates_of.concat()),
            &encode(der::SET, &[]),
        ]
        .concat();
        let content_info = |content_type: &[u8]| {
            let content_type = encode(der::OBJECT_IDENTIFIER, content_type);
            let content = encode(0xa0, &encode(der::SEQUENCE, &signed));
            encode(der::SEQUENCE, &[content_type, content].concat())
        };
        let file = content_info(SIGNED_DATA);
        assert_eq!(certificates(&file).unwrap(), certificates_of);
        let ber = super::super::ber_form::indefinite(&file, 1);
        assert_eq!(certificates(&ber).unwrap(), certificates_of);
        let trailing = certificates(&[&file[..], &[5, 0]].concat()).unwrap_err();
        assert_eq!(trailing, DerError::TrailingData.into());
        let other = certificates(&content_info(&[0x2a, 3])).unwrap_err();
        assert_eq!(
            other.to_string(),
            "it is a PKCS#7 file of another type (1.2.3) than the one with certificates"
        );
    }
}
