//! The subject of a user, which a configuration gives in one of three forms.

use certward::pki::DistinguishedName;
use tf_provider::value::Value;
use tf_provider::{AttributePath, Diagnostic};

use super::model::CertUserState;
use super::{certificate_pem, certificate_subject, subject_line};
use crate::report::diagnostic;

/// The subject in a configuration, and its attribute.
#[derive(Debug, PartialEq)]
pub(crate) struct Configured {
    /// `None`: it is known only after apply.
    pub(crate) name: Option<DistinguishedName>,
    /// The attribute it comes from.
    pub(crate) attribute: AttributePath,
    /// True when the prior state says the same.
    pub(crate) unchanged: bool,
}

/// Checks the three attributes of a configuration as the user wrote it: exactly one must be set.
///
/// An unknown one may turn out to be null, so it is judged when it is known. Only validation asks this: a plan gets the
/// values of the state beside those of the user where `ignore_changes` holds attributes.
pub(crate) fn check(config: &CertUserState) -> Option<Diagnostic> {
    let forms = forms(config);
    let mut known = forms.iter().filter(|(_, state)| *state == State::Known);
    if let (Some((first, _)), Some((second, _))) = (known.next(), known.next()) {
        return Some(diagnostic(
            second.clone(),
            "Several subjects",
            format!("{first} and {second} are two forms of one value: whom the user is known by. Set one of them."),
        ));
    }
    if forms.iter().all(|(_, state)| *state == State::Null) {
        return Some(diagnostic(
            subject_line::path(),
            "No subject",
            "Nothing says by which certificate subject the user is known. Set certificate_subject (in parts), \
             certificate_subject_line (as text), or certificate_pem (a certificate whose subject it is).",
        ));
    }
    configured(config, None).err()
}

/// The subject of a configuration. Of several forms, the one that says something else than the prior state counts: the
/// others are held by `ignore_changes`.
pub(crate) fn configured(config: &CertUserState, prior: Option<&CertUserState>) -> Result<Configured, Diagnostic> {
    let prior_line = prior.and_then(|prior| prior.certificate_subject_line.as_ref_option());
    let prior_name: Option<DistinguishedName> = prior_line.and_then(|line| line.parse().ok());
    let mut unchanged = None;
    for (attribute, state) in forms(config) {
        if state != State::Known {
            continue;
        }
        let line = config.certificate_subject_line.as_ref_option();
        // What the cluster has may be nothing that a user could write.
        let name = if attribute == subject_line::path() && prior_line.is_some() && line == prior_line {
            prior_name.clone()
        } else {
            let name = parse(config, &attribute)?;
            if prior.is_none() || name.is_none() || name != prior_name {
                return Ok(Configured {
                    name,
                    attribute,
                    unchanged: false,
                });
            }
            name
        };
        unchanged.get_or_insert(Configured {
            name,
            attribute,
            unchanged: true,
        });
    }
    let unknown = || {
        let mut unknown = forms(config).into_iter().filter(|(_, state)| *state == State::Unknown);
        unknown.next().map(|(attribute, _)| attribute)
    };
    Ok(unchanged.unwrap_or_else(|| Configured {
        name: None,
        attribute: unknown().unwrap_or_else(subject_line::path),
        unchanged: false,
    }))
}

fn forms(config: &CertUserState) -> [(AttributePath, State); 3] {
    [
        (subject_line::path(), state(&config.certificate_subject_line)),
        (certificate_subject::path(), state(&config.certificate_subject)),
        (certificate_pem::path(), state(&config.certificate_pem)),
    ]
}

/// The subject of one form. `Ok(None)`: a part of it is not known yet.
fn parse(config: &CertUserState, attribute: &AttributePath) -> Result<Option<DistinguishedName>, Diagnostic> {
    match (
        &config.certificate_subject_line,
        &config.certificate_subject,
        &config.certificate_pem,
    ) {
        (Value::Value(line), ..) if *attribute == subject_line::path() => subject_line::parse(line).map(Some),
        (_, Value::Value(parts), _) if *attribute == certificate_subject::path() => certificate_subject::parse(parts),
        (.., Value::Value(text)) => certificate_pem::parse(text).map(Some),
        _ => Ok(None),
    }
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    Known,
    Unknown,
    Null,
}

fn state<T>(value: &Value<T>) -> State {
    match value {
        Value::Value(_) => State::Known,
        Value::Unknown => State::Unknown,
        Value::Null => State::Null,
    }
}

#[cfg(test)]
mod tests {
    use super::super::model::CertificateSubject;
    use super::*;

    fn config(line: Value<&str>, common_name: Value<&str>) -> CertUserState {
        CertUserState {
            certificate_subject_line: line.map(str::to_owned),
            certificate_subject: common_name.map(|common_name| CertificateSubject {
                common_name: Value::Value(common_name.to_owned()),
                ..CertificateSubject::default()
            }),
            ..CertUserState::default()
        }
    }

    #[test]
    fn one_form_is_taken() {
        let by_line = configured(&config(Value::Value("CN=a"), Value::Null), None).unwrap();
        let by_parts = configured(&config(Value::Null, Value::Value("a")), None).unwrap();
        assert_eq!(by_line.name, by_parts.name);
        assert_eq!(by_line.attribute, subject_line::path());
        assert_eq!(by_parts.attribute, certificate_subject::path());
    }

    #[test]
    fn two_forms_and_none_are_refused() {
        let two = check(&config(Value::Value("CN=a"), Value::Value("a"))).unwrap();
        assert_eq!(
            (&*two.summary, two.attribute),
            ("Several subjects", certificate_subject::path())
        );
        let none = check(&config(Value::Null, Value::Null)).unwrap();
        assert_eq!((&*none.summary, none.attribute), ("No subject", subject_line::path()));
    }

    #[test]
    fn unknown_form_may_turn_out_to_be_null() {
        let both = configured(&config(Value::Unknown, Value::Value("a")), None).unwrap();
        assert_eq!(both.attribute, certificate_subject::path());
        let unknown = configured(&config(Value::Unknown, Value::Null), None).unwrap();
        assert_eq!((unknown.name, unknown.attribute), (None, subject_line::path()));
    }

    #[test]
    fn of_several_forms_the_one_that_has_changed_counts() {
        let prior = config(Value::Value("CN=a"), Value::Value("a"));
        let same = configured(&prior, Some(&prior)).unwrap();
        assert!(same.unchanged);
        for (changed, attribute) in [
            (config(Value::Value("CN=b"), Value::Value("a")), subject_line::path()),
            (
                config(Value::Value("CN=a"), Value::Value("b")),
                certificate_subject::path(),
            ),
        ] {
            let found = configured(&changed, Some(&prior)).unwrap();
            assert_eq!((found.unchanged, found.attribute), (false, attribute));
            assert_eq!(found.name, Some("CN=b".parse().unwrap()));
        }
        // No user could write this, and the cluster has it.
        let odd = config(Value::Value("C=US,CN=a"), Value::Null);
        assert!(configured(&odd, Some(&odd)).unwrap().unchanged);
        assert!(configured(&odd, None).is_err());
    }
}
