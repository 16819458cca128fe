//! The subject of a user, which a configuration gives in one of three forms.

use certward::pki::DistinguishedName;
use tf_provider::value::Value;
use tf_provider::{AttributePath, Diagnostic};

use super::state::CertUserState;
use super::{certificate_pem, certificate_subject, subject_line};
use crate::report::diagnostic;

/// What a configuration says about the subject, and where.
#[derive(Debug, PartialEq)]
pub(crate) struct Configured {
    /// `None`: it is known only after apply.
    pub(crate) name: Option<DistinguishedName>,
    /// The attribute it comes from.
    pub(crate) attribute: AttributePath,
}

/// The subject of a configuration.
///
/// Exactly one of the three attributes is set. An unknown one may turn out to be null, so it is judged when it is known.
pub(crate) fn configured(config: &CertUserState) -> Result<Configured, Diagnostic> {
    let forms = [
        (subject_line::path(), state(&config.certificate_subject_line)),
        (certificate_subject::path(), state(&config.certificate_subject)),
        (certificate_pem::path(), state(&config.certificate_pem)),
    ];
    let set = |wanted: State| {
        let forms = forms.iter().filter(move |(_, state)| *state == wanted);
        forms.map(|(path, _)| path.clone()).collect::<Vec<_>>()
    };
    let (known, unknown) = (set(State::Known), set(State::Unknown));
    if let [first, second, ..] = known.as_slice() {
        return Err(diagnostic(
            second.clone(),
            "Several subjects",
            format!("{first} and {second} are two forms of one value: whom the user is known by. Set one of them."),
        ));
    }
    let Some(attribute) = known.first().or(unknown.first()).cloned() else {
        return Err(diagnostic(
            subject_line::path(),
            "No subject",
            "Nothing says by which certificate subject the user is known. Set certificate_subject (in parts), \
             certificate_subject_line (as text), or certificate_pem (a certificate whose subject it is).",
        ));
    };
    let name = match (
        &config.certificate_subject_line,
        &config.certificate_subject,
        &config.certificate_pem,
    ) {
        (Value::Value(line), _, _) => Some(subject_line::parse(line)?),
        (_, Value::Value(parts), _) => certificate_subject::parse(parts)?,
        (_, _, Value::Value(text)) => Some(certificate_pem::parse(text)?),
        _ => None,
    };
    Ok(Configured { name, attribute })
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
    use super::super::state::CertificateSubject;
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
        let by_line = configured(&config(Value::Value("CN=a"), Value::Null)).unwrap();
        let by_parts = configured(&config(Value::Null, Value::Value("a"))).unwrap();
        assert_eq!(by_line.name, by_parts.name);
        assert_eq!(by_line.attribute, subject_line::path());
        assert_eq!(by_parts.attribute, certificate_subject::path());
    }

    #[test]
    fn two_forms_and_none_are_refused() {
        let two = configured(&config(Value::Value("CN=a"), Value::Value("a"))).unwrap_err();
        assert_eq!(
            (&*two.summary, two.attribute),
            ("Several subjects", certificate_subject::path())
        );
        let none = configured(&config(Value::Null, Value::Null)).unwrap_err();
        assert_eq!((&*none.summary, none.attribute), ("No subject", subject_line::path()));
    }

    #[test]
    fn unknown_form_may_turn_out_to_be_null() {
        let both = configured(&config(Value::Unknown, Value::Value("a"))).unwrap();
        assert_eq!(both.attribute, certificate_subject::path());
        let unknown = configured(&config(Value::Unknown, Value::Null)).unwrap();
        assert_eq!((unknown.name, unknown.attribute), (None, subject_line::path()));
    }
}
