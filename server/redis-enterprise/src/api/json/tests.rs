use super::*;

const ENTRY: Schema = Schema {
    name: "entry",
    summary: "an entry",
    members: &[member("CN", Kind::Text { max: 8 }, "").required()],
    unknown: Unknown::Refused,
    fixed: None,
};

const THING: Schema = Schema {
    name: "thing",
    summary: "a thing",
    members: &[
        member("name", Kind::Text { max: 4 }, "").required(),
        member("ttl", Kind::Integer { min: 1, max: 10 }, ""),
        member("on", Kind::Boolean, ""),
        member("kind", Kind::OneOf(&["one", "two"]), ""),
        member("role_uids", Kind::Uids, ""),
        member("alerts", Kind::Texts, ""),
        member("units", Kind::TextList, ""),
        member("entries", Kind::Objects(&ENTRY), ""),
        member(
            "email",
            Kind::Pattern {
                is_right: |text| text.contains('@'),
                wanted: "an address",
                regex: "@",
                max: 64,
            },
            "",
        ),
        member("secret", Kind::Text { max: 64 }, "").write_only(),
        member("uid", Kind::Integer { min: 1, max: 9 }, "").fixed(),
        member("status", Kind::Text { max: 9 }, "").read_only(),
    ],
    unknown: Unknown::Refused,
    fixed: None,
};

fn object(text: &str) -> Object {
    read(text.as_bytes()).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn new(text: &str) -> Result<(), String> {
    check(&object(text), &THING, Request::New).map_err(|error| error.to_string())
}

fn change(text: &str, current: &str) -> Result<(), String> {
    let current: serde_json::Map<_, _> = serde_json::from_str(current).unwrap();
    check(&object(text), &THING, Request::Change(&current)).map_err(|error| error.to_string())
}

#[test]
fn a_body_is_one_object_and_nothing_else() {
    for (body, expected) in [
        ("", ReadError::Empty),
        (" \n", ReadError::Empty),
        ("[]", ReadError::NotAnObject { found: "an array" }),
        ("\"x\"", ReadError::NotAnObject { found: "a string" }),
        ("null", ReadError::NotAnObject { found: "null" }),
        ("{\"a\":", ReadError::Truncated),
        ("{\"a\":1", ReadError::Truncated),
        ("{\"a\":1}x", ReadError::Trailing { line: 1, column: 8 }),
        ("{\"a\":1}{}", ReadError::Trailing { line: 1, column: 8 }),
        ("{\"a\":1}\0", ReadError::Trailing { line: 1, column: 8 }),
        ("[]{}", ReadError::Trailing { line: 1, column: 3 }),
        (
            "{a:1}",
            ReadError::Syntax {
                line: 1,
                column: 2,
                member: None,
            },
        ),
        ("{\"a\":1,\"a\":1}", ReadError::Repeated { name: "a".to_owned() }),
        (
            "{\"a\":{\"b\":1,\"b\":2}}",
            ReadError::Repeated { name: "b".to_owned() },
        ),
        ("{\"a\":1,\"\\u0061\":1}", ReadError::Repeated { name: "a".to_owned() }),
    ] {
        assert_eq!(read(body.as_bytes()).err(), Some(expected), "{body}");
    }
}

#[test]
fn a_fault_names_the_member_it_was_met_at() {
    for body in [
        &b"{\"a\":1,\"name\":\"\\ud800\"}"[..],
        b"{\"name\":\"\\udc00\\ud800\"}",
        b"{\"name\":\"\xff\"}",
        b"{\"name\":\"\xed\xa0\x80\"}",
        b"{\"name\":\"a\nb\"}",
        b"{\"a\":[{\"name\":1e999}]}",
        b"{\"name\":-1e999}",
        b"{\"name\":NaN}",
        b"{\"name\":01}",
    ] {
        let error = read(body).err().unwrap();
        let shown = String::from_utf8_lossy(body);
        assert!(error.to_string().ends_with("at the member 'name'"), "{shown}: {error}");
    }
    for body in ["{\"name\":\"a\\u0000b\"}", "{\"a\":{\"name\":[\"\\u0000\"]}}"] {
        let name = "name".to_owned();
        assert_eq!(read(body.as_bytes()).err(), Some(ReadError::Nul { name }), "{body}");
    }
    let byte_order_mark = read("\u{feff}{}".as_bytes()).err();
    assert!(matches!(byte_order_mark, Some(ReadError::Syntax { .. })));
}

#[test]
fn a_body_is_at_most_32_levels_deep() {
    let nested = |depth: usize| format!("{{\"a\":{}1{}}}", "[".repeat(depth), "]".repeat(depth));
    assert!(read(nested(31).as_bytes()).is_ok());
    assert_eq!(read(nested(32).as_bytes()).err(), Some(ReadError::TooDeep));
    assert_eq!(read("[".repeat(100_000).as_bytes()).err(), Some(ReadError::TooDeep));
}

#[test]
fn no_error_shows_a_value() {
    for body in [
        "{\"name\":\"hunter2-hunter2\"}",
        "{\"name\":{\"x\":\"hunter2\"}}",
        "{\"name\":\"a\",\"secret\":[\"hunter2\"]}",
        "{\"name\":\"a\",\"email\":\"hunter2\"}",
        "{\"name\":\"a\",\"kind\":\"hunter2\"}",
    ] {
        let error = new(body).unwrap_err();
        assert!(!error.contains("hunter2"), "{error}");
    }
    let error = read(b"{\"secret\":\"hunter2\" \"hunter2\"}").err().unwrap();
    assert!(!error.to_string().contains("hunter2"), "{error}");
}

#[test]
fn every_kind_takes_what_it_should() {
    for body in [
        "{\"name\":\"abcd\"}",
        "{\"name\":\"\",\"ttl\":1,\"on\":false,\"kind\":\"two\"}",
        "{\"name\":\"a\",\"ttl\":10,\"role_uids\":[1,2147483647],\"alerts\":[],\"units\":[\"a\",\"a\"]}",
        "{\"name\":\"a\",\"entries\":[{\"CN\":\"x\"},{\"CN\":\"\"}],\"email\":\"a@b\",\"uid\":3}",
    ] {
        assert_eq!(new(body), Ok(()), "{body}");
    }
}

#[test]
fn an_error_names_the_field_what_is_wrong_and_what_would_be_right() {
    for (body, expected) in [
        ("{}", "the field 'name' is missing"),
        (
            "{\"name\":1}",
            "the field 'name' is a number; it must be a string of at most 4 characters",
        ),
        (
            "{\"name\":null}",
            "the field 'name' is null; it must be a string of at most 4 characters",
        ),
        (
            "{\"name\":\"a\",\"ttl\":0}",
            "the field 'ttl' is a number; it must be a whole number from 1 to 10",
        ),
        (
            "{\"name\":\"a\",\"ttl\":1.5}",
            "the field 'ttl' is a number; it must be a whole number from 1 to 10",
        ),
        (
            "{\"name\":\"a\",\"ttl\":\"5\"}",
            "the field 'ttl' is a string; it must be a whole number from 1 to 10",
        ),
        (
            "{\"name\":\"a\",\"on\":\"true\"}",
            "the field 'on' is a string; it must be true or false",
        ),
        (
            "{\"name\":\"a\",\"kind\":\"three\"}",
            "the field 'kind' is an unknown word; it must be one of \"one\", \"two\"",
        ),
        (
            "{\"name\":\"a\",\"role_uids\":[]}",
            "the field 'role_uids' is an array; it must be an array of at least one uid, no two alike; a uid is a whole \
             number from 1",
        ),
        (
            "{\"name\":\"a\",\"alerts\":[\"1\",\"1\"]}",
            "the field 'alerts' is an array; it must be an array of strings, no two alike",
        ),
        (
            "{\"name\":\"a\",\"entries\":[{\"CN\":\"x\"},{}]}",
            "the field 'entries[1].CN' is missing",
        ),
        (
            "{\"name\":\"a\",\"entries\":[{\"CN\":\"x\",\"DC\":\"y\"}]}",
            "there is no field 'entries[0].DC'",
        ),
        (
            "{\"name\":\"a\",\"email\":\"x\"}",
            "the field 'email' is a string; it must be an address",
        ),
        ("{\"nmae\":\"a\"}", "there is no field 'nmae'; did you mean 'name'?"),
        (
            "{\"name\":\"a\",\"something_else\":1}",
            "there is no field 'something_else'",
        ),
        (
            "{\"name\":\"a\",\"status\":\"active\"}",
            "the field 'status' cannot be changed; leave it out",
        ),
    ] {
        assert_eq!(new(body), Err(expected.to_owned()), "{body}");
    }
    for uids in ["[0]", "[1,1]", "[\"1\"]", "[2147483648]", "[-1]", "1"] {
        assert!(
            new(&format!("{{\"name\":\"a\",\"role_uids\":{uids}}}")).is_err(),
            "{uids}"
        );
    }
}

#[test]
fn a_change_may_hold_what_only_the_server_writes_when_it_says_the_same() {
    let current = "{\"uid\":3,\"status\":\"active\",\"name\":\"a\"}";
    assert_eq!(change("{}", current), Ok(()));
    assert_eq!(change("{\"uid\":3,\"status\":\"active\",\"ttl\":4}", current), Ok(()));
    for body in [
        "{\"uid\":4}",
        "{\"status\":\"locked\"}",
        "{\"status\":null}",
        "{\"uid\":\"3\"}",
    ] {
        assert!(change(body, current).is_err(), "{body}");
    }
    assert!(change("{\"status\":\"active\"}", "{}").is_err());
}

#[test]
fn a_long_name_is_repeated_in_part() {
    let name = "x".repeat(500_000);
    let error = new(&format!("{{\"{name}\":1}}")).unwrap_err();
    assert_eq!(error, format!("there is no field '{}'", "x".repeat(80)));
    let error = read(format!("{{\"{name}\":1,\"{name}\":2}}").as_bytes()).err().unwrap();
    assert!(error.to_string().len() < 200, "{error}");
}
