//! One attribute of a name: its type and its value.

use super::ObjectIdentifier;
use super::text::short_name;
use crate::pki::der::{self, DerError, DerReader, Element};

/// An attribute type and its value (RFC 5280 4.1.2.4).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AttributeTypeAndValue {
    attribute_type: ObjectIdentifier,
    value: AttributeValue,
}

/// The value of an attribute.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum AttributeValue {
    /// A `UTF8String`, `PrintableString` or `IA5String`, decoded: which of them it was does not count in comparisons.
    Text(String),
    /// Any other type, or one of those three with bytes that are not its text: the element as encoded, with its tag.
    Encoded(Vec<u8>),
}

impl AttributeTypeAndValue {
    /// An attribute of this type and value.
    pub fn new(attribute_type: ObjectIdentifier, value: AttributeValue) -> Self {
        Self { attribute_type, value }
    }

    pub(super) fn read(set: &mut DerReader<'_>) -> Result<Self, DerError> {
        let mut attribute = set.nested(der::SEQUENCE)?;
        let attribute_type = ObjectIdentifier::from_der_content(attribute.expect(der::OBJECT_IDENTIFIER)?.content)?;
        let value = AttributeValue::from_element(attribute.element()?);
        attribute.finish()?;
        Ok(Self { attribute_type, value })
    }

    /// The attribute type, such as 2.5.4.3 for a common name.
    pub fn attribute_type(&self) -> &ObjectIdentifier {
        &self.attribute_type
    }

    /// The short name the type is printed with, such as `CN`; `None` for a type without one.
    pub fn short_name(&self) -> Option<&'static str> {
        short_name(&self.attribute_type)
    }

    /// The value.
    pub fn value(&self) -> &AttributeValue {
        &self.value
    }

    pub(super) fn is_common_name(&self) -> bool {
        self.attribute_type.as_der_content() == COMMON_NAME
    }

    pub(super) fn to_der(&self) -> Vec<u8> {
        let value = self.value.to_der_as(string_tag(&self.attribute_type));
        der::encode(der::SEQUENCE, &[self.attribute_type.to_der(), value].concat())
    }
}

impl AttributeValue {
    /// The text, when it is of a kind whose text may be compared.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Encoded(_) => None,
        }
    }

    pub(super) fn from_element(element: Element<'_>) -> Self {
        let text = match element.tag {
            der::UTF8_STRING => std::str::from_utf8(element.content).ok(),
            // In use, printable strings hold `*`, `@` and `_` too, which X.680 leaves out; they mean what ASCII means.
            der::PRINTABLE_STRING | der::IA5_STRING if element.content.is_ascii() => {
                std::str::from_utf8(element.content).ok()
            }
            _ => None,
        };
        text.map_or_else(
            || Self::Encoded(element.encoded.to_vec()),
            |text| Self::Text(text.to_owned()),
        )
    }

    /// The DER form: text as a `UTF8String`.
    pub fn to_der(&self) -> Vec<u8> {
        self.to_der_as(der::UTF8_STRING)
    }

    fn to_der_as(&self, tag: u8) -> Vec<u8> {
        match self {
            Self::Text(text) if text.is_ascii() => der::encode(tag, text.as_bytes()),
            Self::Text(text) => der::encode(der::UTF8_STRING, text.as_bytes()),
            Self::Encoded(encoded) => encoded.clone(),
        }
    }
}

/// The string type that RFC 5280 appendix A.1 gives an attribute; `UTF8String` where it leaves the choice.
fn string_tag(attribute_type: &ObjectIdentifier) -> u8 {
    match attribute_type.as_der_content() {
        COUNTRY_NAME | SERIAL_NUMBER | DN_QUALIFIER => der::PRINTABLE_STRING,
        DOMAIN_COMPONENT | EMAIL_ADDRESS => der::IA5_STRING,
        _ => der::UTF8_STRING,
    }
}

const COMMON_NAME: &[u8] = &[0x55, 4, 3];
const SERIAL_NUMBER: &[u8] = &[0x55, 4, 5];
const COUNTRY_NAME: &[u8] = &[0x55, 4, 6];
const DN_QUALIFIER: &[u8] = &[0x55, 4, 46];
const DOMAIN_COMPONENT: &[u8] = &[0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 1, 25];
const EMAIL_ADDRESS: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 1];
