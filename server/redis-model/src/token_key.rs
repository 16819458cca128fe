//! The key that tokens are signed with.

use std::fmt;

use aws_lc_rs::hmac;
use zeroize::Zeroizing;

/// The key that signs tokens: 256 random bits. Wiped on drop; `Debug` omits it.
pub struct TokenKey(Zeroizing<[u8; 32]>);

impl TokenKey {
    /// Derives a key for another purpose, which does not reveal this one.
    #[must_use]
    pub fn derive(&self, purpose: &str) -> Zeroizing<[u8; 32]> {
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.0.as_slice());
        let tag = hmac::sign(&key, purpose.as_bytes());
        Zeroizing::new(tag.as_ref().try_into().expect("HMAC-SHA256 has 32 bytes"))
    }

    /// A new key.
    #[must_use]
    pub fn generate() -> Self {
        let mut key = Zeroizing::new([0; 32]);
        aws_lc_rs::rand::fill(key.as_mut_slice()).expect("the system gives random bytes");
        Self(key)
    }

    /// A stored key. None unless it has 32 bytes.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(|key| Self(Zeroizing::new(key)))
    }

    /// The key, for the store.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        self.0.as_slice()
    }
}

impl fmt::Debug for TokenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenKey(..)")
    }
}
