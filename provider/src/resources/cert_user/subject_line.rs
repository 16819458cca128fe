//! The attribute `certificate_subject_line`: the subject as text.
//!
//! Redis Enterprise expects the RFC 2253 text of the certificate's subject: attributes in reverse order beginning with
//! the common name, no blank after a comma, ASCII (`docs/contracts/redis-enterprise.md#subject-lines`). The
//! documentation does not say if a cluster compares texts or names, so the provider always sends this form, regardless
//! of the user's.

use std::fmt::Write as _;

use certward::pki::{DistinguishedName, RelativeDistinguishedName};
use tf_provider::{AttributePath, Diagnostic};

use crate::report::{chain, diagnostic};

/// The path of the attribute.
pub(crate) fn path() -> AttributePath {
    AttributePath::new("certificate_subject_line")
}

/// Reads what the user wrote; the error says what would have been right.
pub(crate) fn parse(text: &str) -> Result<DistinguishedName, Diagnostic> {
    let refuse = |detail: String| Err(diagnostic(path(), "Unsuitable subject line", detail));
    if text.contains("-----BEGIN") {
        return refuse("This is a PEM text. Give a certificate as certificate_pem.".to_owned());
    }
    if text.starts_with('/') {
        return refuse(format!(
            "{text:?} is the slash form of older tools. Write the attributes with commas between, the common name \
             first, such as \"CN=app,OU=payments,O=Example,C=US\"; openssl x509 -noout -subject -nameopt RFC2253 prints \
             a certificate's subject so."
        ));
    }
    let name: DistinguishedName = match text.strip_prefix("subject=").unwrap_or(text).parse() {
        Ok(name) => name,
        Err(problem) => {
            return refuse(format!(
                "{text:?} is no subject: {}. A comma, plus sign or quotation mark that belongs to a value needs a \
                 backslash before it. openssl x509 -noout -subject -nameopt RFC2253 prints a certificate's subject in \
                 the right form.",
                chain(&problem)
            ));
        }
    };
    if let Some(finding) = check(&name, &path()) {
        return Err(finding);
    }
    let relative_names = name.relative_names();
    if relative_names.last().is_none_or(has_common_name) {
        return Ok(name);
    }
    if relative_names.first().is_some_and(has_common_name) {
        return refuse(format!(
            "The attributes of {text:?} are in the order of the certificate. Redis Enterprise compares with the reverse \
             order, which begins with the common name: write {:?}. If the certificate really has its common name first, \
             give it as certificate_pem.",
            to_text(&name.reversed())
        ));
    }
    refuse(format!(
        "{text:?} does not begin with a common name (CN=…), as Redis Enterprise asks for. If the certificate's subject \
         really is so, give the certificate as certificate_pem."
    ))
}

/// Checks that a name can be a user's, wherever it comes from.
pub(crate) fn check(name: &DistinguishedName, attribute: &AttributePath) -> Option<Diagnostic> {
    let detail = if name.is_empty() {
        "The subject is empty: there is nothing to know a user by. Use a certificate with a common name.".to_owned()
    } else if name.has_control_characters() {
        format!("The subject {name} holds control characters, which no certificate of a user should.")
    } else if !name.is_comparable_text() {
        format!(
            "The subject {name} holds a value in an outdated encoding whose text cannot be compared. Use a certificate \
             with UTF-8 or printable strings."
        )
    } else {
        return None;
    };
    Some(diagnostic(attribute.clone(), "Unsuitable subject", detail))
}

/// Warnings about a name that is no fault by itself, and that a cluster may not map or no certificate may have.
pub(crate) fn warnings(name: &DistinguishedName, attribute: &AttributePath) -> Vec<Diagnostic> {
    let count = |wanted: &str| {
        let attributes = name.attributes();
        attributes
            .filter(|attribute| attribute.short_name() == Some(wanted))
            .count()
    };
    let mut findings = Vec::new();
    let mut warn = |summary: &'static str, detail: String| {
        findings.push(diagnostic(attribute.clone(), summary, detail));
    };
    let units = count("OU");
    if units > 1 {
        warn(
            "Several organizational units",
            format!(
                "The subject {name} has {units} organizational units (OU). Redis Enterprise documents one only for the \
                 subject line of a user, so this user may not be able to log in to a real cluster; a Certward server \
                 takes any number. Use a certificate with one unit if you can."
            ),
        );
    }
    let common_names = count("CN");
    if common_names > 1 {
        warn(
            "Several common names",
            format!(
                "The subject {name} has {common_names} common names (CN). A certificate has one as a rule, and which of \
                 several counts differs from program to program. Check the line against the certificate's own: openssl \
                 x509 -noout -subject -nameopt RFC2253."
            ),
        );
    }
    let country = name
        .attributes()
        .filter(|attribute| attribute.short_name() == Some("C"))
        .filter_map(|attribute| attribute.value().as_text())
        .find(|country| !is_country(country));
    if let Some(country) = country {
        warn(
            "Country that no certificate has",
            format!(
                "The country (C) of the subject {name} is {country:?}. In a certificate it is the code of two letters \
                 (ISO 3166), such as \"US\", so certificates with this subject are hardly issued, and the user could not \
                 log in."
            ),
        );
    }
    findings
}

/// The form that is sent: RFC 2253 as OpenSSL prints it, everything but ASCII as escaped octets.
pub(crate) fn to_text(name: &DistinguishedName) -> String {
    let mut text = String::new();
    for character in name.to_string().chars() {
        if character.is_ascii() {
            text.push(character);
        } else {
            for octet in character.encode_utf8(&mut [0; 4]).bytes() {
                _ = write!(text, "\\{octet:02X}");
            }
        }
    }
    text
}

/// Returns `true` when a text can be the country of a certificate: a code of two letters (ISO 3166).
pub(crate) fn is_country(text: &str) -> bool {
    text.len() == 2 && text.bytes().all(|letter| letter.is_ascii_alphabetic())
}

/// Returns `true` when two texts mean the same subject. A text that is no subject equals only itself.
pub(crate) fn same(one: &str, other: &str) -> bool {
    one == other
        || match (one.parse::<DistinguishedName>(), other.parse::<DistinguishedName>()) {
            (Ok(one), Ok(other)) => one == other,
            _ => false,
        }
}

fn has_common_name(relative_name: &RelativeDistinguishedName) -> bool {
    relative_name
        .attributes()
        .any(|attribute| attribute.short_name() == Some("CN"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors_of_the_contract_are_printed_as_openssl_does() {
        for line in [
            "CN=admin,OU=unit1,O=MyOrg,L=Chicago,ST=Illinois,C=US",
            "CN=admin,OU=unit2,OU=unit1,O=MyOrg,C=US",
            r"CN=svc\+a q \<x\>\;y\\z,O=Acme\, Inc.,C=US",
            r"CN=\#hash\ ,O=\ lead,C=US",
            r#"CN=a\"b,C=US"#,
            r"CN=j\C3\B6rg,O=M\C3\BCller,C=DE",
            "CN=abc,DC=example,DC=com",
        ] {
            assert_eq!(to_text(&parse(line).unwrap()), line);
        }
    }

    #[test]
    fn spellings_of_one_subject_are_the_same() {
        let line = "CN=admin,OU=unit1,O=M\\C3\\BCller";
        for other in [
            "CN=admin, OU=unit1, O=Müller",
            "cn=admin,ou=unit1,o=Müller",
            "CN = admin , OU = unit1 , O = \"Müller\"",
        ] {
            assert!(same(line, other), "{other}");
            assert_eq!(to_text(&parse(other).unwrap()), line);
        }
        for other in ["CN=Admin,OU=unit1,O=Müller", "OU=unit1,CN=admin,O=Müller", "nothing"] {
            assert!(!same(line, other), "{other}");
        }
        assert!(same("nothing", "nothing"));
        assert_eq!(to_text(&parse("subject=CN=a,C=US").unwrap()), "CN=a,C=US");
    }

    #[test]
    fn wrong_lines_are_refused_with_what_would_be_right() {
        for (bad, expected) in [
            ("", "subject is empty"),
            ("admin", "has no \"=\""),
            ("C=US, O=MyOrg, CN=admin", "write \"CN=admin,O=MyOrg,C=US\""),
            ("OU=unit1,O=MyOrg", "does not begin with a common name"),
            ("/C=US/CN=admin", "slash form"),
            ("CN=a;b", "an unescaped"),
            ("XY=a", "has the type \"XY\""),
            ("CN=a\\0A", "control characters"),
            ("-----BEGIN CERTIFICATE-----", "certificate_pem"),
        ] {
            let finding = parse(bad).unwrap_err();
            assert!(finding.detail.contains(expected), "{bad}: {finding:?}");
            assert_eq!(finding.attribute, path());
        }
    }

    #[test]
    fn what_a_cluster_may_not_map_is_warned_of() {
        for (line, summary) in [
            ("CN=a,OU=b,OU=c", Some("Several organizational units")),
            ("CN=a,OU=b+OU=c", Some("Several organizational units")),
            ("CN=a,CN=b", Some("Several common names")),
            ("CN=a,C=USA", Some("Country that no certificate has")),
            ("CN=a,C=1A", Some("Country that no certificate has")),
            ("CN=a,OU=b,O=OU=c,C=us", None),
        ] {
            let findings = warnings(&parse(line).unwrap(), &path());
            let summaries: Vec<&str> = findings.iter().map(|finding| &*finding.summary).collect();
            assert_eq!(summaries, Vec::from_iter(summary), "{line}");
        }
    }
}
