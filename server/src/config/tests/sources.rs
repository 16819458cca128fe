//! The precedence of the sources, and the forms that each takes.

use super::*;

#[test]
fn the_command_line_wins_over_the_file_and_that_over_the_environment_and_what_loses_there_is_told() {
    let folder = Folder::new(
        r#"{"Security.Certificate.Path": "server.pfx", "ServerUrl": "https://127.0.0.1:1", "DataDir": "a", "Setup.Mode": "Secured"}"#,
    );
    let environment = [
        ("RAVEN_ServerUrl", "https://127.0.0.1:2"),
        ("raven_datadir", "b"),
        ("RAVEN_Setup_Mode", "Secured"),
        ("RAVEN_PublicServerUrl", "https://db.example"),
    ];
    let settings = folder
        .load(&environment, &["--serverurl", "https://127.0.0.1:3"])
        .unwrap();
    assert_eq!(settings.server_url.port(), Some(3));
    assert_eq!(settings.data_dir, folder.0.path().join("a"));
    assert_eq!(settings.setup_mode, SetupMode::Secured);
    assert!(settings.public_server_url.is_some());
    let warned: Vec<&str> = settings.warnings.iter().map(|warning| &*warning.key).collect();
    assert_eq!(warned, ["ServerUrl", "DataDir"], "the same value is nothing to tell");
    let text = settings.warnings[1].to_string();
    assert!(
        text.starts_with("DataDir (in the environment variable raven_datadir): has no effect: "),
        "{text}"
    );
}

#[test]
fn an_empty_value_brings_the_default_back() {
    let folder = Folder::new(r#"{"Security.Certificate.Path": "server.pfx", "DataDir": "a", "PublicServerUrl": null}"#);
    let settings = folder.load(&[], &["--DataDir="]).unwrap();
    assert_eq!(settings.data_dir, folder.0.path().join("Databases"));
    assert!(settings.public_server_url.is_none());
}

#[test]
fn a_settings_file_may_have_comments_last_commas_and_lists() {
    let settings = r#"{ // RavenDB's own
        "Security.Certificate.Path": "server.pfx", /* two
        lines */ "Security.Csrf.TrustedOrigins": ["https://a.example", "https://b.example:8443",],
        "Security.WellKnownCertificates.Admin": [],
    }"#;
    let settings = load(settings).unwrap();
    assert_eq!(
        settings.csrf.trusted_origins,
        ["https://a.example", "https://b.example:8443"]
    );
    assert!(settings.well_known_administrators.is_empty());
    let nested = r#"{"Security.Certificate.Path": "server.pfx", "DataDir": [["a", "b"]]}"#;
    let refused = load(nested).unwrap_err().to_string();
    assert!(
        refused.contains("DataDir") && refused.contains("a list of more than texts"),
        "{refused}"
    );
}

#[test]
fn what_ravendbs_wizard_and_image_write_is_taken_and_what_means_nothing_here_is_told() {
    let folder = Folder::new(
        r#"{"Security.Certificate.Path": "server.pfx", "ServerUrl.Tcp": "tcp://0.0.0.0:38888",
            "PublicServerUrl.Tcp": "tcp://a.example:38888", "ExternalIp": "203.0.113.7", "License.Path": "license.json",
            "License.Eula.Accepted": true, "Logs.Mode": "Operations", "Security.UnsecuredAccessAllowed": ""}"#,
    );
    let environment = [
        ("RAVEN_ARGS", "--log-to-console"),
        ("RAVEN_SETTINGS", "{}"),
        ("RAVEN_IN_DOCKER", "true"),
        ("RAVEN_DataDri", "/data"),
    ];
    let settings = folder.load(&environment, &[]).unwrap();
    let warnings: Vec<String> = settings.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(warnings.len(), 4 + 6, "{warnings:#?}");
    assert!(
        warnings
            .iter()
            .any(|warning| warning.contains("RAVEN_DataDri") && warning.contains("did you mean 'DataDir'?")),
        "{warnings:#?}"
    );
    assert!(warnings.iter().any(|warning| warning.starts_with("ExternalIp (in ")));
}

#[test]
fn keys_may_be_written_flat_nested_or_with_colons_in_any_case() {
    for settings in [
        r#"{"security.certificate.path": "server.pfx", "SECURITY.CERTIFICATE.VALIDATION.KEYUSAGES": false}"#,
        r#"{"Security": {"Certificate": {"Path": "server.pfx", "Validation.KeyUsages": "False"}}}"#,
        "\u{feff}{\"Security:Certificate:Path\": \"server.pfx\", \"Security:Certificate\": {\"Validation\": {\"KeyUsages\": false}}}",
    ] {
        assert!(!load(settings).unwrap().certificate_validate_key_usages, "{settings}");
    }
}

#[test]
fn the_environment_separates_the_parts_of_a_key_by_one_underscore_or_two() {
    for variable in [
        "RAVEN_Certward_Limits_MaxBodySizeInKb",
        "RAVEN_CERTWARD__LIMITS__MAXBODYSIZEINKB",
    ] {
        assert_eq!(
            Folder::new(GOOD)
                .load(&[(variable, "2")], &[])
                .unwrap()
                .limits
                .body_bytes,
            2048,
            "{variable}"
        );
    }
}

#[test]
fn variables_that_kubernetes_makes_for_a_service_called_raven_are_no_settings() {
    let environment = [
        ("RAVEN_PORT", "tcp://10.0.0.1:443"),
        ("RAVEN_SERVICE_HOST", "10.0.0.1"),
        ("RAVEN_PORT_443_TCP", "x"),
    ];
    Folder::new(GOOD).load(&environment, &[]).unwrap();
}

#[test]
fn a_key_given_twice_in_one_source_is_refused() {
    for settings in [
        r#"{"Security.Certificate.Path": "server.pfx", "DataDir": "a", "DataDir": "b"}"#,
        r#"{"Security.Certificate.Path": "server.pfx", "DataDir": "a", "datadir": "b"}"#,
        r#"{"Security.Certificate.Path": "server.pfx", "Security": {"Certificate": {"Path": "other.pfx"}}}"#,
    ] {
        assert!(
            load(settings).unwrap_err().to_string().contains("is given twice"),
            "{settings}"
        );
    }
}

#[test]
fn a_settings_file_that_is_no_json_object_is_refused_without_showing_it() {
    for settings in [
        "",
        "[]",
        r#"{"Security.Certificate.Password": "s3cr7t p@$$w0rd" "#,
        "\"s3cr7t p@$$w0rd\"",
    ] {
        let text = load(settings).unwrap_err().to_string();
        assert!(text.contains("settings.json"), "{text}");
        assert!(!text.contains("s3cr7t"), "{text}");
    }
}

#[test]
fn a_settings_file_that_two_readers_could_take_for_two_things_is_refused() {
    let good = r#""Security.Certificate.Path": "server.pfx""#;
    for (settings, words) in [
        (format!("{{{good}}} x").into_bytes(), "is not JSON: line 1, column 45"),
        (format!("{{{good}}}{{}}").into_bytes(), "is not JSON"),
        (format!("{{{good}}}\0").into_bytes(), "is not JSON"),
        (
            format!("{{{good}, \"DataDir\": \"\\ud800\"}}").into_bytes(),
            "is not JSON",
        ),
        (
            format!("{{{good}, \"DataDir\": \"a\\u0000b\"}}").into_bytes(),
            "holds a NUL character",
        ),
        (format!("{{{good}, \"DataDir\": 1e999}}").into_bytes(), "is not JSON"),
        (
            format!("{{{good}, \"DataDir\": {}1{}}}", "[".repeat(500), "]".repeat(500)).into_bytes(),
            "is not JSON",
        ),
        (
            [b"{\"DataDir\": \"".as_slice(), b"\xff\"}"].concat(),
            "is not UTF-8 from byte 13 on",
        ),
        (
            "\u{feff}{}".encode_utf16().flat_map(u16::to_le_bytes).collect(),
            "is not UTF-8 from byte 0 on",
        ),
    ] {
        let folder = Folder::new(GOOD);
        folder.write("settings.json", &settings, 0o600);
        let text = folder.load(&[], &[]).unwrap_err().to_string();
        assert!(text.contains(words), "{}: {text}", String::from_utf8_lossy(&settings));
    }
}
