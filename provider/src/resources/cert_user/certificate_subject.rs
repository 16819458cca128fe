//! The attribute `certificate_subject`: the subject in parts.

use certward::pki::DistinguishedName;
use tf_provider::value::Value;
use tf_provider::{AttributePath, Diagnostic};

use super::model::CertificateSubject;
use super::subject_line;
use crate::report::{chain, diagnostic};

/// The path of the attribute.
pub(crate) fn path() -> AttributePath {
    AttributePath::new("certificate_subject")
}

/// The subject of these parts: `CN,OU…,O,L,ST,C`, the order of the text. `Ok(None)`: a part is not known yet.
pub(crate) fn parse(parts: &CertificateSubject) -> Result<Option<DistinguishedName>, Diagnostic> {
    let mut text = String::new();
    for (member, attribute_type, value) in members(parts) {
        let value = match value {
            Value::Value(value) => value,
            Value::Null => continue,
            Value::Unknown => return Ok(None),
        };
        if value.is_empty() && member == "common_name" {
            // On the attribute as a whole: Terraform shows no line for a path that goes into an object.
            return Err(diagnostic(
                path(),
                "Unsuitable subject",
                "common_name is empty; it is what tells one user from another. Write the CN of the certificate.",
            ));
        }
        // An empty part is one that the certificate does not have, as in the vendor's own examples.
        if value.is_empty() {
            continue;
        }
        if !text.is_empty() {
            text.push(',');
        }
        text.push_str(attribute_type);
        text.push('=');
        for character in value.chars() {
            if SPECIAL.contains(&character) {
                text.push('\\');
            }
            text.push(character);
        }
    }
    if matches!(parts.organizational_units, Value::Unknown) {
        return Ok(None);
    }
    let name: DistinguishedName = text.parse().map_err(|problem| {
        diagnostic(
            path(),
            "Unsuitable subject",
            format!("The parts make no subject: {}.", chain(&problem)),
        )
    })?;
    match subject_line::check(&name, &path()) {
        Some(finding) => Err(finding),
        None => Ok(Some(name)),
    }
}

/// The parts of a subject; `None` when it has others, lacks a common name, or has them in another order.
pub(crate) fn of(name: &DistinguishedName) -> Option<CertificateSubject> {
    let mut parts = CertificateSubject::default();
    let mut units = Vec::new();
    for attribute in name
        .relative_names()
        .iter()
        .rev()
        .flat_map(|relative| relative.attributes())
    {
        let value = Value::Value(attribute.value().as_text()?.to_owned());
        match attribute.short_name()? {
            "CN" => parts.common_name = value,
            "OU" => units.push(value),
            "O" => parts.organization = value,
            "L" => parts.locality = value,
            "ST" => parts.province = value,
            "C" => parts.country = value,
            _ => return None,
        }
    }
    if parts.common_name.is_null() {
        return None;
    }
    if !units.is_empty() {
        parts.organizational_units = Value::Value(units);
    }
    parse(&parts).ok().flatten().filter(|back| back == name).map(|_| parts)
}

/// Returns `true` when two descriptions in parts mean the same subject.
pub(crate) fn same(one: &CertificateSubject, other: &CertificateSubject) -> bool {
    match (parse(one), parse(other)) {
        (Ok(Some(one)), Ok(Some(other))) => one == other,
        _ => one == other,
    }
}

/// Attribute, type and value, in the order of the text.
fn members(parts: &CertificateSubject) -> Vec<(&'static str, &'static str, Value<&str>)> {
    let mut members = vec![("common_name", "CN", parts.common_name.as_deref())];
    if let Value::Value(units) = &parts.organizational_units {
        members.extend(units.iter().map(|unit| ("organizational_units", "OU", unit.as_deref())));
    }
    members.extend([
        ("organization", "O", parts.organization.as_deref()),
        ("locality", "L", parts.locality.as_deref()),
        ("province", "ST", parts.province.as_deref()),
        ("country", "C", parts.country.as_deref()),
    ]);
    members
}

/// Characters that RFC 4514, section 2.4, escapes in some position.
const SPECIAL: [char; 10] = [',', '+', '"', '\\', '<', '>', ';', '=', '#', ' '];

#[cfg(test)]
mod tests {
    use super::*;

    fn text(value: &str) -> Value<String> {
        Value::Value(value.to_owned())
    }

    fn example() -> CertificateSubject {
        CertificateSubject {
            common_name: text("admin"),
            organizational_units: Value::Value(vec![text("unit1")]),
            organization: text("Acme, Inc."),
            locality: Value::Null,
            province: text(""),
            country: text("US"),
        }
    }

    #[test]
    fn parts_make_the_line_that_redis_enterprise_compares() {
        let name = parse(&example()).unwrap().unwrap();
        assert_eq!(subject_line::to_text(&name), r"CN=admin,OU=unit1,O=Acme\, Inc.,C=US");
        let back = of(&name).unwrap();
        assert_eq!(back.province, Value::Null);
        assert!(same(&back, &example()));
    }

    #[test]
    fn any_text_is_one_value() {
        for value in [" a+b=c,d ", "#hash", "a\"b\\c;<>", "ü,O=x"] {
            let parts = CertificateSubject {
                common_name: text(value),
                ..CertificateSubject::default()
            };
            let name = parse(&parts).unwrap().unwrap();
            assert_eq!(name.single_common_name(), Ok(value));
            assert_eq!(of(&name), Some(parts));
        }
    }

    #[test]
    fn subjects_of_another_build_have_no_parts() {
        for line in [
            "O=x,CN=a",
            "CN=a,C=US,O=x",
            "emailAddress=a@b.c,CN=a",
            "CN=a+OU=b",
            "CN=a,CN=b",
            "OU=a,O=b",
        ] {
            assert_eq!(of(&line.parse().unwrap()), None, "{line}");
        }
    }

    #[test]
    fn unknown_part_leaves_the_subject_unknown() {
        let mut parts = example();
        parts.locality = Value::Unknown;
        assert_eq!(parse(&parts), Ok(None));
        let mut parts = example();
        parts.organizational_units = Value::Unknown;
        assert_eq!(parse(&parts), Ok(None));
    }

    #[test]
    fn unsuitable_common_name_is_refused() {
        let mut parts = example();
        parts.common_name = text("");
        assert!(parse(&parts).unwrap_err().detail.contains("common_name is empty"));
        parts.common_name = text("a\nb");
        assert_eq!(parse(&parts).unwrap_err().attribute, path());
    }
}
