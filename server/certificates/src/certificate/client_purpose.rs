//! The purposes that a client's certificate must have.

use webpki::{Error, ExtendedKeyUsageValidator, KeyPurposeId, KeyPurposeIdIter, KeyUsage};

/// The rule for the extended key usage of client certificates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientPurpose {
    /// The certificate must list clientAuth; anyExtendedKeyUsage does not suffice.
    Named,
    /// A certificate without the extension, or with anyExtendedKeyUsage, is accepted too: by RFC 5280, section
    /// 4.2.1.12, both mean any purpose.
    AnyAllowed,
}

/// webpki's check of every certificate in a path. The end entity's own purpose has been checked before.
impl ExtendedKeyUsageValidator for ClientPurpose {
    fn validate(&self, purposes: KeyPurposeIdIter<'_, '_>) -> Result<(), Error> {
        if *self == Self::Named {
            return KeyUsage::client_auth().validate(purposes);
        }
        let mut is_present = false;
        for purpose in purposes {
            is_present = true;
            let purpose = purpose?;
            if purpose == KeyPurposeId::new(CLIENT_AUTH) || purpose == KeyPurposeId::new(ANY_EXTENDED_KEY_USAGE) {
                return Ok(());
            }
        }
        if is_present {
            Err(Error::RequiredEkuNotFoundContext(webpki::RequiredEkuNotFoundContext {
                required: KeyUsage::client_auth(),
                present: Vec::new(),
            }))
        } else {
            Ok(())
        }
    }
}

/// 1.3.6.1.5.5.7.3.2.
const CLIENT_AUTH: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 2];
/// 2.5.29.37.0.
const ANY_EXTENDED_KEY_USAGE: &[u8] = &[0x55, 0x1d, 37, 0];
