//! The text form of names: RFC 4514, and RFC 2253 on input.

use std::fmt::{self, Write as _};
use std::iter::Peekable;
use std::str::Chars;

use super::{AttributeTypeAndValue, AttributeValue, ObjectIdentifier, RelativeDistinguishedName};
use crate::der::DerReader;

/// A text is no distinguished name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DistinguishedNameTextError {
    /// An attribute without `=`.
    #[error("attribute {position} has no \"=\"; expected a form such as CN=alice,O=Acme")]
    MissingEquals {
        /// Counted from 1, in the order of the text.
        position: usize,
    },
    /// An attribute type that is neither a known short name nor an object identifier.
    #[error(
        "attribute {position} has the type \"{attribute_type}\"; expected a name such as CN, OU, O or an object identifier"
    )]
    UnknownType {
        /// Counted from 1, in the order of the text.
        position: usize,
        /// The type as written, at most 80 characters of it.
        attribute_type: String,
    },
    /// A character that must be escaped, or an escape that means nothing.
    #[error("the value of attribute {position} has {problem}")]
    Value {
        /// Counted from 1, in the order of the text.
        position: usize,
        /// The problem with it.
        problem: &'static str,
    },
    /// More text than any name needs.
    #[error("the name is longer than {MAX_LENGTH} characters")]
    TooLong,
}

pub(super) fn parse(text: &str) -> Result<Vec<RelativeDistinguishedName>, DistinguishedNameTextError> {
    if text.len() > MAX_LENGTH {
        return Err(DistinguishedNameTextError::TooLong);
    }
    let mut parser = Parser {
        characters: text.chars().peekable(),
        position: 0,
    };
    parser.skip_blanks();
    if parser.characters.peek().is_none() {
        return Ok(Vec::new());
    }
    let mut relative_names = Vec::new();
    let mut attributes = Vec::new();
    loop {
        attributes.push(parser.attribute()?);
        match parser.characters.next() {
            Some('+') => {}
            Some(_) => relative_names.push(RelativeDistinguishedName::new(std::mem::take(&mut attributes))),
            None => {
                relative_names.push(RelativeDistinguishedName::new(attributes));
                break;
            }
        }
    }
    relative_names.reverse(); // RFC 4514 2.1: the text starts with the last element of the sequence.
    Ok(relative_names)
}

pub(super) fn write(f: &mut fmt::Formatter<'_>, relative_names: &[RelativeDistinguishedName]) -> fmt::Result {
    for (index, relative_name) in relative_names.iter().rev().enumerate() {
        if index > 0 {
            f.write_char(',')?;
        }
        for (index, attribute) in relative_name.attributes().enumerate() {
            if index > 0 {
                f.write_char('+')?;
            }
            match (attribute.short_name(), attribute.value()) {
                (Some(name), AttributeValue::Text(text)) => {
                    write!(f, "{name}=")?;
                    write_escaped(f, text)?;
                }
                // RFC 4514 2.4: a dotted type, or a value without a text form, is printed as its encoding.
                (Some(name), value) => write_encoded(f, &name, value)?,
                (None, value) => write_encoded(f, attribute.attribute_type(), value)?,
            }
        }
    }
    Ok(())
}

pub(super) fn short_name(attribute_type: &ObjectIdentifier) -> Option<&'static str> {
    SHORT_NAMES
        .iter()
        .find(|(_, content)| attribute_type.as_der_content() == *content)
        .map(|(name, _)| *name)
}

struct Parser<'a> {
    characters: Peekable<Chars<'a>>,
    position: usize,
}

impl Parser<'_> {
    fn attribute(&mut self) -> Result<AttributeTypeAndValue, DistinguishedNameTextError> {
        self.position += 1;
        let attribute_type = self.attribute_type()?;
        self.skip_blanks();
        let value = match self.characters.peek() {
            Some('#') => self.hexadecimal_value()?,
            Some('"') => self.quoted_value()?,
            _ => self.plain_value()?,
        };
        Ok(AttributeTypeAndValue::new(attribute_type, value))
    }

    fn attribute_type(&mut self) -> Result<ObjectIdentifier, DistinguishedNameTextError> {
        let mut name = String::new();
        loop {
            match self.characters.next() {
                Some('=') => break,
                Some(',' | '+') | None => {
                    return Err(DistinguishedNameTextError::MissingEquals {
                        position: self.position,
                    });
                }
                Some(character) => name.push(character),
            }
        }
        let name = name.trim();
        type_by_name(name).ok_or_else(|| DistinguishedNameTextError::UnknownType {
            position: self.position,
            attribute_type: name.chars().take(80).collect(),
        })
    }

    /// `#` and the hexadecimal digits of a whole DER element (RFC 4514 3, `hexstring`).
    fn hexadecimal_value(&mut self) -> Result<AttributeValue, DistinguishedNameTextError> {
        self.characters.next();
        let mut bytes = Vec::new();
        while self.characters.peek().is_some_and(char::is_ascii_hexdigit) {
            bytes.push(self.hexadecimal_pair()?);
        }
        self.end_of_value()?;
        let mut reader = DerReader::new(&bytes);
        match (reader.element(), reader.finish()) {
            (Ok(element), Ok(())) => Ok(AttributeValue::from_element(element)),
            _ => Err(self.error("hexadecimal digits that are not one DER element")),
        }
    }

    /// RFC 2253 3, `quotation`: everything between the quotation marks counts, blanks included.
    fn quoted_value(&mut self) -> Result<AttributeValue, DistinguishedNameTextError> {
        self.characters.next();
        let mut value = Vec::new();
        loop {
            match self.characters.next() {
                Some('"') => break,
                Some('\\') => self.escape(&mut value)?,
                Some(character) => push(&mut value, character),
                None => return Err(self.error("no closing quotation mark")),
            }
        }
        self.end_of_value()?;
        self.text(value)
    }

    fn plain_value(&mut self) -> Result<AttributeValue, DistinguishedNameTextError> {
        let mut value = Vec::new();
        let mut end = 0; // unescaped blanks at the end do not count
        while let Some(character) = self.characters.peek().copied() {
            match character {
                ',' | '+' => break,
                '"' | ';' | '<' | '>' => return Err(self.error("an unescaped \", ;, < or >")),
                '\\' => {
                    self.characters.next();
                    self.escape(&mut value)?;
                    end = value.len();
                }
                _ => {
                    self.characters.next();
                    push(&mut value, character);
                    if character != ' ' {
                        end = value.len();
                    }
                }
            }
        }
        value.truncate(end);
        self.text(value)
    }

    /// Parses the part after a backslash: a special character, or two digits for one byte of UTF-8.
    fn escape(&mut self, value: &mut Vec<u8>) -> Result<(), DistinguishedNameTextError> {
        match self.characters.peek().copied() {
            Some(character @ ('"' | '+' | ',' | ';' | '<' | '>' | '\\' | ' ' | '#' | '=')) => {
                self.characters.next();
                push(value, character);
                Ok(())
            }
            Some(character) if character.is_ascii_hexdigit() => {
                value.push(self.hexadecimal_pair()?);
                Ok(())
            }
            _ => Err(self.error("a backslash before a character that needs none")),
        }
    }

    fn hexadecimal_pair(&mut self) -> Result<u8, DistinguishedNameTextError> {
        let mut digit = || self.characters.next().and_then(|character| character.to_digit(16));
        match (digit(), digit()) {
            (Some(high), Some(low)) => Ok((high * 16 + low) as u8),
            _ => Err(self.error("half a hexadecimal pair")),
        }
    }

    fn end_of_value(&mut self) -> Result<(), DistinguishedNameTextError> {
        self.skip_blanks();
        match self.characters.peek() {
            None | Some(',' | '+') => Ok(()),
            Some(_) => Err(self.error("text after its end")),
        }
    }

    fn skip_blanks(&mut self) {
        while self.characters.next_if_eq(&' ').is_some() {}
    }

    fn text(&self, value: Vec<u8>) -> Result<AttributeValue, DistinguishedNameTextError> {
        String::from_utf8(value)
            .map(AttributeValue::Text)
            .map_err(|_| self.error("escaped bytes that are not UTF-8"))
    }

    fn error(&self, problem: &'static str) -> DistinguishedNameTextError {
        DistinguishedNameTextError::Value {
            position: self.position,
            problem,
        }
    }
}

fn push(value: &mut Vec<u8>, character: char) {
    value.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
}

fn type_by_name(name: &str) -> Option<ObjectIdentifier> {
    let known = SHORT_NAMES
        .iter()
        .chain(ALIASES)
        .find(|(short, _)| short.eq_ignore_ascii_case(name));
    if let Some((_, content)) = known {
        return ObjectIdentifier::from_der_content(content).ok();
    }
    // RFC 2253 4 asks to read "OID." before a dotted type.
    let dotted = name
        .get(..4)
        .filter(|start| start.eq_ignore_ascii_case("OID."))
        .map_or(name, |start| &name[start.len()..]);
    dotted.parse().ok()
}

/// RFC 4514 2.4, and control characters too, so that a printed name is one line and cannot steer a terminal.
fn write_escaped(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    let last = text.chars().count().saturating_sub(1);
    for (index, character) in text.chars().enumerate() {
        match character {
            '"' | '+' | ',' | ';' | '<' | '>' | '\\' => write!(f, "\\{character}")?,
            ' ' if index == 0 || index == last => f.write_str("\\ ")?,
            '#' if index == 0 => f.write_str("\\#")?,
            _ if character.is_control() => {
                character
                    .encode_utf8(&mut [0; 4])
                    .bytes()
                    .try_for_each(|byte| write!(f, "\\{byte:02X}"))?;
            }
            _ => f.write_char(character)?,
        }
    }
    Ok(())
}

fn write_encoded(f: &mut fmt::Formatter<'_>, attribute_type: &dyn fmt::Display, value: &AttributeValue) -> fmt::Result {
    write!(f, "{attribute_type}=#")?;
    value.to_der().iter().try_for_each(|byte| write!(f, "{byte:02x}"))
}

/// Enough for any name in use, and a bound on what a stranger's text can cost.
const MAX_LENGTH: usize = 16 * 1024;

/// Printed names: RFC 4514 section 3 for the first nine, RFC 4519 and PKCS#9 for the rest.
const SHORT_NAMES: &[(&str, &[u8])] = &[
    ("CN", &[0x55, 4, 3]),
    ("L", &[0x55, 4, 7]),
    ("ST", &[0x55, 4, 8]),
    ("O", &[0x55, 4, 10]),
    ("OU", &[0x55, 4, 11]),
    ("C", &[0x55, 4, 6]),
    ("STREET", &[0x55, 4, 9]),
    ("DC", &[0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 1, 25]),
    ("UID", &[0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 1, 1]),
    ("SN", &[0x55, 4, 4]),
    ("serialNumber", &[0x55, 4, 5]),
    ("title", &[0x55, 4, 12]),
    ("postalCode", &[0x55, 4, 17]),
    ("GN", &[0x55, 4, 42]),
    ("dnQualifier", &[0x55, 4, 46]),
    ("pseudonym", &[0x55, 4, 65]),
    ("organizationIdentifier", &[0x55, 4, 97]),
    ("emailAddress", &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 1]),
];

/// Further names people and programs write.
const ALIASES: &[(&str, &[u8])] = &[
    ("commonName", &[0x55, 4, 3]),
    ("localityName", &[0x55, 4, 7]),
    ("stateOrProvinceName", &[0x55, 4, 8]),
    ("S", &[0x55, 4, 8]),
    ("SP", &[0x55, 4, 8]),
    ("organizationName", &[0x55, 4, 10]),
    ("organizationalUnitName", &[0x55, 4, 11]),
    ("countryName", &[0x55, 4, 6]),
    ("streetAddress", &[0x55, 4, 9]),
    (
        "domainComponent",
        &[0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 1, 25],
    ),
    ("userId", &[0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 1, 1]),
    ("surname", &[0x55, 4, 4]),
    ("T", &[0x55, 4, 12]),
    ("givenName", &[0x55, 4, 42]),
    ("E", &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 1]),
    ("EMAIL", &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 1]),
];
