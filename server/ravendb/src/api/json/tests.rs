//! Bodies as clients send them, and as they should not.

use time::OffsetDateTime;

use super::*;
use crate::model::clearance::SecurityClearance;

fn error(body: &str) -> ReadError {
    match read(body.as_bytes()) {
        Err(error) => error,
        Ok(_) => panic!("{body} was read"),
    }
}

fn object(body: &str) -> Object {
    read(body.as_bytes()).unwrap_or_else(|error| panic!("{body}: {error}"))
}

#[test]
fn content_behind_the_object_is_refused() {
    for (body, column) in [
        (r#"{"Name":"a"} xyz"#, 14),
        (r#"{"Name":"a"}{"Name":"b"}"#, 13),
        (r#"{"Name":"a"},"#, 13),
        (r#"{"Name":"a"}]"#, 13),
        ("{\"Name\":\"a\"}\0", 13),
        ("{\"Name\":\"a\"}\u{feff}", 13),
    ] {
        assert_eq!(error(body), ReadError::Trailing { line: 1, column }, "{body}");
    }
    assert_eq!(object(" {\"Name\":\"a\"} \r\n\t ").text("Name"), Some("a"));
    assert_eq!(object("\u{feff}{\"Name\":\"a\"}").text("Name"), Some("a"));
}

#[test]
fn a_body_that_ends_too_early_is_truncated() {
    for body in [
        "",
        "  ",
        "{",
        r#"{"Name": "#,
        r#"{"Thumb"#,
        r#"{"a":tr"#,
        r#"{"a":[1,"#,
        "\"abc",
    ] {
        assert_eq!(error(body), ReadError::Truncated, "{body}");
    }
}

#[test]
fn a_body_that_is_no_object_says_what_it_starts_with() {
    for (body, found) in [
        ("[]", "an array"),
        ("[1", "an array"),
        ("\"a\"", "text"),
        ("5", "a number"),
        ("-1.5", "a number"),
        ("null", "null"),
        ("true", "a boolean"),
    ] {
        assert_eq!(error(body), ReadError::NotAnObject { found }, "{body}");
    }
}

#[test]
fn a_body_that_is_not_json_is_a_syntax_error() {
    for body in [
        "xyz",
        "{a:1}",
        r#"{"a" 1}"#,
        r#"{"a":1,}"#,
        r#"{"a":"\ud800"}"#,
        "{\"a\":\"\u{0}\"}",
    ] {
        assert!(
            matches!(error(body), ReadError::Syntax { .. }),
            "{body}: {:?}",
            error(body)
        );
    }
}

#[test]
fn a_syntax_error_names_the_property_it_was_met_at() {
    for body in [
        &b"{\"a\":1,\"Name\":\"\\ud800\"}"[..],
        b"{\"a\":1,\"Name\":\"\\udc00\\ud800\"}",
        b"{\"Name\":\"\xff\"}",
        b"{\"Name\":\"\xed\xa0\x80\"}",
        b"{\"Name\":\"a\nb\"}",
        b"{\"a\":{\"Name\":1e999}}",
        b"{\"Name\":NaN}",
        b"{\"Name\":01}",
        b"{\"Name\":0x1}",
    ] {
        let error = read(body).err().unwrap();
        let shown = String::from_utf8_lossy(body);
        assert!(matches!(&error, ReadError::Syntax { .. }), "{shown}: {error:?}");
        assert!(
            error.to_string().ends_with("at the property 'Name'"),
            "{shown}: {error}"
        );
    }
}

#[test]
fn a_nul_is_refused_in_a_text_and_in_a_name() {
    for (body, name) in [
        (r#"{"Name":"a\u0000b"}"#, "Name"),
        (r#"{"x":{"Name":["\u0000"]}}"#, "Name"),
        (r#"{"Na\u0000me":1}"#, "Na\0me"),
    ] {
        assert_eq!(error(body), ReadError::Nul { name: name.to_owned() }, "{body}");
    }
}

#[test]
fn a_repeated_property_is_refused_at_any_depth() {
    let name = "Name".to_owned();
    assert_eq!(
        error(r#"{"Name":"a","Name":"b"}"#),
        ReadError::Repeated { name: name.clone() }
    );
    assert_eq!(
        error(r#"{"Permissions":{"Name":1,"Name":1}}"#),
        ReadError::Repeated { name: name.clone() }
    );
    assert_eq!(
        error(r#"{"x":[{"Name":1,"\u004eame":1}]}"#),
        ReadError::Repeated { name }
    );
}

#[test]
fn nesting_beyond_the_limit_is_refused() {
    let nested = |depth: usize| format!("{}1{}", r#"{"a":"#.repeat(depth), "}".repeat(depth));
    assert!(read(nested(32).as_bytes()).is_ok());
    assert_eq!(error(&nested(33)), ReadError::TooDeep);
    assert_eq!(error(&nested(100_000)), ReadError::TooDeep);
    assert_eq!(error(&format!(r#"{{"a":{}"#, "[".repeat(10_000))), ReadError::TooDeep);
}

#[test]
fn what_is_not_text_counts_as_no_text() {
    for value in ["5", "true", "null", "[\"a\"]", "{}"] {
        assert_eq!(object(&format!(r#"{{"Name":{value}}}"#)).text("Name"), None, "{value}");
    }
    assert_eq!(object(r#"{"name":"a"}"#).text("Name"), None);
}

#[test]
fn a_clearance_is_a_name_or_a_number() {
    use SecurityClearance::*;
    for (value, expected) in [
        ("\"Operator\"", Ok(Some(Operator))),
        ("\" ValidUser \"", Ok(Some(ValidUser))),
        ("0", Ok(Some(UnauthenticatedClients))),
        ("2", Ok(Some(ClusterNode))),
        ("\"2\"", Ok(Some(ClusterNode))),
        ("null", Ok(None)),
        ("\"\"", Err(())),
        ("\"operator\"", Err(())),
        ("\"SuperAdmin\"", Err(())),
        ("5", Err(())),
        ("-1", Err(())),
        ("2.0", Err(())),
        ("2.5", Err(())),
        ("99999999999999999999", Err(())),
        ("true", Err(())),
        ("[]", Err(())),
        ("{}", Err(())),
    ] {
        let read = object(&format!(r#"{{"C":{value}}}"#)).clearance("C");
        assert_eq!(read.map_err(|_| ()), expected, "{value}");
    }
}

#[test]
fn a_date_needs_its_time_of_day() {
    let read = |text: &str| object(&format!(r#"{{"D":"{text}"}}"#)).date("D").ok().flatten();
    let seconds = |text: &str| read(text).map(OffsetDateTime::unix_timestamp);
    assert_eq!(seconds("2027-06-01T12:34:56"), Some(1_811_853_296));
    assert_eq!(seconds("2027-06-01T12:34:56Z"), Some(1_811_853_296));
    assert_eq!(seconds("2027-06-01T12:34:56.0000000Z"), Some(1_811_853_296));
    assert_eq!(seconds("2027-06-01T14:34:56.000+02:00"), Some(1_811_853_296));
    assert_eq!(
        read("2027-06-01T12:34:56.1234567Z").map(|date| date.nanosecond()),
        Some(123_456_700)
    );
    for bad in [
        "",
        "next tuesday",
        "2027-06-01",
        "01/06/2027",
        "2027-06-01 12:34:56",
        "2027-13-01T00:00:00",
        "2027-02-30T00:00:00Z",
        "2027-06-01T24:00:00Z",
        "2027-06-01T12:60:00Z",
        "2027-06-01T12:34",
        "1811853296",
        "2027-06-01T12:34:56.",
        "2027-06-01T12:34:56.12345678Z",
        "2027-06-01T12:34:56X",
        "2027-06-01T12:34:56+2",
        "2027-06-01T12:34:56+25:00",
        "+027-06-01T12:34:56",
        "２027-06-01T12:34:56",
    ] {
        assert_eq!(read(bad), None, "{bad}");
    }
    assert!(object(r#"{"D":5}"#).date("D").is_err());
}

#[test]
fn a_truth_value_is_taken_from_its_usual_spellings() {
    for (value, expected) in [
        ("true", Ok(Some(true))),
        ("\"False\"", Ok(Some(false))),
        ("1", Ok(Some(true))),
        ("0", Ok(Some(false))),
        ("null", Ok(None)),
        ("\"yes\"", Err(())),
        ("[]", Err(())),
    ] {
        let read = object(&format!(r#"{{"B":{value}}}"#)).boolean("B");
        assert_eq!(read.map_err(|_| ()), expected, "{value}");
    }
}

#[test]
fn a_number_may_be_written_as_text() {
    for (value, expected) in [
        ("12", Ok(Some(12))),
        ("\"012345\"", Ok(Some(12345))),
        ("\"abc\"", Err(())),
        ("1.5", Err(())),
        ("3000000000", Err(())),
    ] {
        let read = object(&format!(r#"{{"N":{value}}}"#)).integer("N");
        assert_eq!(read.map_err(|_| ()), expected, "{value}");
    }
}

#[test]
fn no_error_tells_a_value() {
    let body = object(r#"{"D":"-----BEGIN PRIVATE KEY-----","C":"hunter2"}"#);
    let errors = [
        body.date("D").unwrap_err().to_string(),
        body.clearance("C").unwrap_err().to_string(),
    ];
    assert!(
        errors
            .iter()
            .all(|error| !error.contains("PRIVATE") && !error.contains("hunter2")),
        "{errors:?}"
    );
}
