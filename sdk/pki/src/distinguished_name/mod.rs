//! Names of subjects and issuers, compared by structure.

mod attribute;
mod text;

use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

pub use attribute::{AttributeTypeAndValue, AttributeValue};
pub use text::DistinguishedNameTextError;

use super::ObjectIdentifier;
use super::der::{self, DerError, DerReader};

/// A distinguished name (RFC 5280 4.1.2.4): a sequence of relative distinguished names, each a set of attributes.
///
/// Two names are equal when their *structure* is: the same sequence of sets of the same attributes. Text is compared to
/// the byte after decoding, so `PrintableString` and `UTF8String` (and `IA5String`) of one text are equal (RFC 5280 7.1),
/// while case, blanks and Unicode forms are never folded, and a text in T61, BMP or Universal encoding equals only the same bytes in the same encoding.
/// Printed text is never compared: `O=Acme, CN=alice` as *one* value and as two attributes look alike.
///
/// Display is RFC 4514: last relative distinguished name first, `,` without blanks. `FromStr` reads RFC 4514 and RFC
/// 2253, with or without blanks around `,`, `+` and `=`.
///
/// ```
/// use certward_pki::DistinguishedName;
///
/// let name: DistinguishedName = "CN=alice, OU=Payments, O=Acme".parse()?;
/// assert_eq!(name.to_string(), "CN=alice,OU=Payments,O=Acme");
/// assert_ne!(name, r"CN=alice\, OU\=Payments, O=Acme".parse()?);
/// # Ok::<(), certward_pki::DistinguishedNameTextError>(())
/// ```
#[derive(Clone)]
pub struct DistinguishedName {
    der: Box<[u8]>,
    relative_names: Vec<RelativeDistinguishedName>,
}

/// A relative distinguished name: a set of attributes, nearly always of one.
///
/// Sorted when it is made, because a set has no order.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RelativeDistinguishedName(Vec<AttributeTypeAndValue>);

/// A name does not have exactly one common name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CommonNameError {
    /// The name has no common name.
    #[error("the name has no common name")]
    Missing,
    /// The name has more than one; neither the first nor the last is the right one to take.
    #[error("the name has {0} common names")]
    Several(usize),
    /// The common name is in an encoding whose text is not compared: T61, BMP, Universal, or broken UTF-8.
    #[error("the common name is not in UTF8String or PrintableString")]
    Encoding,
    /// The common name holds a control character.
    #[error("the common name holds a control character")]
    ControlCharacter,
}

impl DistinguishedName {
    /// Reads a DER `Name`, tag and length included, and nothing after it.
    ///
    /// # Errors
    /// [`DerError`] when the bytes are no `Name` in DER. A value of any type is kept, whatever it holds.
    pub fn from_der(encoded: &[u8]) -> Result<Self, DerError> {
        let mut reader = DerReader::new(encoded);
        let mut sequence = reader.nested(der::SEQUENCE)?;
        reader.finish()?;
        let mut relative_names = Vec::with_capacity(4);
        while !sequence.is_empty() {
            let mut set = sequence.nested(der::SET)?;
            let mut attributes = Vec::with_capacity(1);
            while !set.is_empty() {
                attributes.push(AttributeTypeAndValue::read(&mut set)?);
            }
            if attributes.is_empty() {
                return Err(DerError::Content(
                    "a relative distinguished name, which has at least one attribute",
                ));
            }
            relative_names.push(RelativeDistinguishedName::new(attributes));
        }
        Ok(Self {
            der: encoded.into(),
            relative_names,
        })
    }

    /// From relative distinguished names in the order of DER: the most general, such as the country, first.
    pub fn from_relative_names(relative_names: Vec<RelativeDistinguishedName>) -> Self {
        let content: Vec<u8> = relative_names
            .iter()
            .flat_map(RelativeDistinguishedName::to_der)
            .collect();
        Self {
            der: der::encode(der::SEQUENCE, &content).into(),
            relative_names,
        }
    }

    /// The DER bytes: those that were read, or the ones this name was encoded to.
    pub fn as_der(&self) -> &[u8] {
        &self.der
    }

    /// The relative distinguished names in the order of DER.
    pub fn relative_names(&self) -> &[RelativeDistinguishedName] {
        &self.relative_names
    }

    /// Every attribute in the order of DER.
    pub fn attributes(&self) -> impl Iterator<Item = &AttributeTypeAndValue> {
        self.relative_names
            .iter()
            .flat_map(RelativeDistinguishedName::attributes)
    }

    /// Returns `true` if there are no relative distinguished names, as in a certificate that only its SAN identifies.
    pub fn is_empty(&self) -> bool {
        self.relative_names.is_empty()
    }

    /// The values of all `CN` attributes, including those that are not comparable text.
    pub fn common_names(&self) -> Vec<&AttributeValue> {
        self.attributes()
            .filter(|attribute| attribute.is_common_name())
            .map(AttributeTypeAndValue::value)
            .collect()
    }

    /// The one common name, when it can be gone by.
    ///
    /// # Errors
    /// [`CommonNameError`] when there is none, more than one, or one that is not plain text.
    pub fn single_common_name(&self) -> Result<&str, CommonNameError> {
        match self.common_names().as_slice() {
            [] => Err(CommonNameError::Missing),
            [value] => match value.as_text() {
                None => Err(CommonNameError::Encoding),
                Some(text) if text.chars().any(char::is_control) => Err(CommonNameError::ControlCharacter),
                Some(text) => Ok(text),
            },
            several => Err(CommonNameError::Several(several.len())),
        }
    }

    /// Returns `true` if any text value holds a control character (C0, DEL or C1), such as NUL or a line feed. Such
    /// names are crafted to confuse logs and comparisons; do not map or register anyone by one.
    pub fn has_control_characters(&self) -> bool {
        self.attributes().any(|attribute| {
            attribute
                .value()
                .as_text()
                .is_some_and(|text| text.chars().any(char::is_control))
        })
    }

    /// Returns `true` if every value is comparable text: no T61, BMP or Universal string, no invalid UTF-8.
    pub fn is_comparable_text(&self) -> bool {
        self.attributes().all(|attribute| attribute.value().as_text().is_some())
    }

    /// The relative distinguished names in reverse order: the meaning of a text that was written first to last.
    pub fn reversed(&self) -> Self {
        Self::from_relative_names(self.relative_names.iter().rev().cloned().collect())
    }
}

impl RelativeDistinguishedName {
    /// A set of these attributes. An empty set cannot be in a name; give at least one.
    pub(crate) fn new(mut attributes: Vec<AttributeTypeAndValue>) -> Self {
        attributes.sort();
        Self(attributes)
    }

    /// The attributes, sorted by type and value.
    pub fn attributes(&self) -> impl Iterator<Item = &AttributeTypeAndValue> {
        self.0.iter()
    }

    fn to_der(&self) -> Vec<u8> {
        let mut encoded: Vec<Vec<u8>> = self.0.iter().map(AttributeTypeAndValue::to_der).collect();
        encoded.sort(); // X.690 11.6: the members of a SET OF are in ascending order of their encodings.
        der::encode(der::SET, &encoded.concat())
    }
}

impl PartialEq for DistinguishedName {
    fn eq(&self, other: &Self) -> bool {
        self.der == other.der || self.relative_names == other.relative_names
    }
}

impl Eq for DistinguishedName {}

impl Hash for DistinguishedName {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.relative_names.hash(state);
    }
}

impl fmt::Display for DistinguishedName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        text::write(f, &self.relative_names)
    }
}

impl fmt::Debug for DistinguishedName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DistinguishedName({self})")
    }
}

impl FromStr for DistinguishedName {
    type Err = DistinguishedNameTextError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text::parse(text).map(Self::from_relative_names)
    }
}

#[cfg(test)]
mod tests;
