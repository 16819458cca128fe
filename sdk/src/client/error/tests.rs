use super::*;
use crate::pki::Printable;

#[test]
fn no_text_of_a_server_or_file_prints_hidden_characters() {
    const HOSTILE: &str = "a\u{202e}b\u{1b}[2J\u{9b}c\u{200b}\nd\u{2028}\u{e0041}\u{feff}";
    const ESCAPED: &str = "a\\u{202e}b\\u{1b}[2J\\u{9b}c\\u{200b} d\\u{2028}\\u{e0041}\\u{feff}";
    let owned = || Some(HOSTILE.to_owned());
    for cause in [
        Cause::Tls(TlsFailure {
            explanation: HOSTILE.to_owned(),
            client_certificate: false,
            after_handshake: false,
        }),
        Cause::Connect(HOSTILE.to_owned()),
        Cause::Broken(HOSTILE.to_owned()),
        Cause::Decode(HOSTILE.to_owned()),
        Cause::TooLarge(HOSTILE.to_owned()),
        Cause::Answer(Answer {
            error_type: owned(),
            message: owned(),
            ..Answer::of_status(500)
        }),
        Cause::Action(ActionFailure {
            status: HOSTILE.to_owned(),
            error_code: owned(),
            message: owned(),
        }),
    ] {
        let error = Error::new(HOSTILE, cause).with_source(Error::configuration(HOSTILE));
        let (shown, report) = (error.to_string(), error.report().to_string());
        assert!(shown.starts_with(&format!("{ESCAPED}: ")), "{shown}");
        assert!(
            shown.ends_with(ESCAPED) && report.ends_with(ESCAPED),
            "{shown}\n{report}"
        );
        for text in [shown, report, format!("{error:?}")] {
            assert_eq!(Printable::lines(&text).at_most(usize::MAX).to_string(), text);
        }
    }
    let endless = Error::configuration("x".repeat(1_000_000)).to_string();
    assert!(endless.len() < 9_000 && endless.contains("more characters"));
}

#[test]
fn a_report_tells_each_cause_once() {
    let inner = Error::configuration("no such file");
    let outer = Error::configuration("cannot read the key").with_source(inner);
    assert_eq!(outer.to_string(), "cannot read the key");
    assert_eq!(outer.report().to_string(), "cannot read the key: no such file");
}
