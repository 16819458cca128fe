//! Comparison of a subject with the authorized ones (`mtls_authorized_subjects`).

use certward::pki::{Certificate, DistinguishedName, SubjectAltName};
use certward::redis_enterprise::AuthorizedSubject;

/// True if an entry admits a certificate under `san_cn`: its common name is that of the subject, or a DNS name among
/// the alternative names (`docs/contracts/redis-enterprise.md#subject-validation`). Case matters, and `*` is a literal
/// character.
pub(crate) fn names(entry: &AuthorizedSubject, certificate: &Certificate) -> bool {
    certificate.subject().single_common_name() == Ok(entry.common_name.as_str())
        || certificate
            .subject_alt_names()
            .iter()
            .any(|name| matches!(name, SubjectAltName::Dns(name) if *name == entry.common_name))
}

/// True if an entry admits a subject under `full_subject`: the six attributes are equal, absent ones included, with the
/// organizational units in any order (`docs/contracts/redis-enterprise.md#subject-validation`). Other attributes do not
/// count.
pub(crate) fn equals(entry: &AuthorizedSubject, subject: &DistinguishedName) -> bool {
    let single = |name: &str, expected: &str| match values(subject, name).as_slice() {
        [] => expected.is_empty(),
        [value] => !expected.is_empty() && *value == expected,
        _ => false,
    };
    let (mut units, given) = (values(subject, "OU"), entry.organizational_units.iter());
    let mut expected: Vec<&str> = given.filter(|unit| !unit.is_empty()).map(String::as_str).collect();
    units.sort_unstable();
    expected.sort_unstable();
    single("CN", &entry.common_name)
        && single("O", &entry.organization)
        && single("L", &entry.locality)
        && single("ST", &entry.state)
        && single("C", &entry.country)
        && units == expected
}

/// The texts of every attribute with this short name.
fn values<'a>(subject: &'a DistinguishedName, short_name: &str) -> Vec<&'a str> {
    subject
        .attributes()
        .filter(|attribute| attribute.short_name() == Some(short_name))
        .filter_map(|attribute| attribute.value().as_text())
        .collect()
}
