//! Each mistake, the nearest key, and which source wins.

use std::os::unix::fs::PermissionsExt;

use secrecy::ExposeSecret;

use super::*;

/// A folder with a certificate file that may be read, and a settings file.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new(settings: &str) -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        folder.write("server.pfx", "not looked into here", 0o600);
        folder.write("settings.json", settings, 0o600);
        folder
    }

    fn write(&self, name: &str, text: impl AsRef<[u8]>, mode: u32) {
        let path = self.0.path().join(name);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    }

    fn sources(&self, environment: &[(&str, &str)], arguments: &[&str]) -> Result<Sources, Mistakes> {
        let settings = self.0.path().join("settings.json").display().to_string();
        let arguments = ["--settings".to_owned(), settings]
            .into_iter()
            .chain(arguments.iter().map(|&argument| argument.into()));
        let environment = environment
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Sources::read(&CommandLine::parse(arguments), environment)
    }

    fn load(&self, environment: &[(&str, &str)], arguments: &[&str]) -> Result<Settings, Mistakes> {
        Settings::from_sources(&self.sources(environment, arguments)?)
    }
}

const GOOD: &str = r#"{"Security.Certificate.Path": "server.pfx"}"#;

fn load(settings: &str) -> Result<Settings, Mistakes> {
    Folder::new(settings).load(&[], &[])
}

/// Loads the certificate path and one more key, and gives back the one mistake there must be.
fn mistake(key: &str, value: &str) -> Mistake {
    let folder = Folder::new(GOOD);
    let mistakes = folder.load(&[], &[&format!("--{key}={value}")]).expect_err(key);
    let all: Vec<_> = mistakes.iter().cloned().collect();
    assert_eq!(all.len(), 1, "{mistakes}");
    all[0].clone()
}

#[test]
fn the_certificate_alone_is_enough_and_the_defaults_do_the_rest() {
    let folder = Folder::new(GOOD);
    let settings = folder.load(&[], &[]).unwrap();
    assert_eq!(settings.server_url.as_str(), "https://127.0.0.1:8443/");
    assert_eq!(settings.data_dir, folder.0.path().join("Databases"));
    assert_eq!(settings.certificate_path, folder.0.path().join("server.pfx"));
    assert_eq!(settings.setup_mode, SetupMode::None);
    assert_eq!(settings.limits, Limits::default());
    assert_eq!(settings.key_algorithm, KeyAlgorithm::Rsa4096);
    assert_eq!(
        settings.two_factor,
        TwoFactorSettings {
            default_session_minutes: 120,
            max_session_minutes: 1440
        }
    );
    assert!(settings.certificate_validate_key_usages);
    assert!(!settings.licensed_read_only_access);
    assert!(settings.operations_url.is_none() && settings.redis_enterprise_url.is_none());
}

#[test]
fn databases_listen_where_the_api_does_unless_they_are_told_to_listen_elsewhere() {
    for (arguments, expected) in [
        (&[][..], "127.0.0.1"),
        (
            &["--Certward.RedisEnterprise.ServerUrl=https://10.0.0.1:9443"],
            "10.0.0.1",
        ),
        (
            &[
                "--Certward.RedisEnterprise.ServerUrl=https://10.0.0.1:9443",
                "--Certward.Redis.ListenAddress=::",
            ],
            "[::]",
        ),
    ] {
        let settings = Folder::new(GOOD).load(&[], arguments).unwrap();
        assert_eq!(settings.redis.listen_address.to_string(), expected);
        assert_eq!(settings.redis.ports, 10_000..=19_999);
    }
}

#[test]
fn an_upstream_with_tls_needs_its_cas_and_no_mistake_shows_its_password() {
    let with_tls = mistake("Certward.Redis.Upstream", "rediss://:hunter2@h");
    assert!(with_tls.problem.contains("Certward.Redis.UpstreamCa"), "{with_tls}");
    let twice = mistake("Certward.Redis.Upstream", "a=redis://:hunter2@b;a=redis://:hunter2@c");
    let wrong = mistake("Certward.Redis.Upstream", "redis://:hunter2@h/7");
    for mistake in [with_tls, twice, wrong] {
        assert!(!mistake.to_string().contains("hunter2"), "{mistake}");
    }
    mistake("Certward.Redis.UpstreamCa", "server.pfx");
    mistake("Certward.Redis.Ports", "19999-10000");
    // For root there is no such user, and nobody else may name one.
    mistake("Certward.Redis.EngineUser", "no-such-user");
    mistake("Certward.Redis.ListenAddress", "h:1");
}

/// The value of the other may be a default, which nobody has written and nobody can find.
#[test]
fn of_two_settings_that_do_not_go_together_the_one_that_was_set_is_named() {
    const DEFAULT: &str = "Security.TwoFactor.DefaultSessionDurationInMin";
    const MAX: &str = "Security.TwoFactor.MaxSessionDurationInMin";
    for (key, value, other) in [(DEFAULT, "100000", MAX), (MAX, "1", DEFAULT)] {
        let mistake = mistake(key, value);
        assert_eq!(mistake.key, key, "{mistake}");
        assert!(mistake.problem.contains(other), "{mistake}");
    }
}

#[test]
fn cas_that_cannot_be_read_are_the_one_mistake_about_a_server_with_tls() {
    let folder = Folder::new(GOOD);
    let arguments = [
        "--Certward.Redis.Upstream=rediss://:hunter2@h",
        "--Certward.Redis.UpstreamCa=missing.pem",
    ];
    let mistakes = folder.load(&[], &arguments).unwrap_err();
    let keys: Vec<_> = mistakes.iter().map(|mistake| mistake.key.as_str()).collect();
    assert_eq!(keys, ["Certward.Redis.UpstreamCa"], "{mistakes}");
}

#[test]
fn a_program_is_a_path_from_the_settings_folder_or_a_name() {
    for (value, expected) in [
        ("redis-server-7", None),
        ("bin/redis-server", Some("bin/redis-server")),
        ("/opt/redis-server", Some("/opt/redis-server")),
    ] {
        let folder = Folder::new(GOOD);
        let path = folder
            .load(&[], &[&format!("--Certward.Redis.ServerPath={value}")])
            .unwrap()
            .redis
            .server_path
            .unwrap();
        let expected = expected.map_or(value.into(), |expected| folder.0.path().join(expected));
        assert_eq!(path, expected);
    }
}

#[test]
fn days_of_warnings_are_a_list_and_a_wrong_one_says_what_would_be_right() {
    const KEY: &str = "Certward.Expiry.WarnDaysBefore";
    let settings = Folder::new(GOOD).load(&[], &[&format!("--{KEY}=60;7")]).unwrap();
    assert!(settings.warn_days.iter().eq([7, 60]));
    let wrong = mistake(KEY, "30,14").to_string();
    let expected = "Certward.Expiry.WarnDaysBefore (on the command line): holds \"30,14\" and must be whole numbers of days from \
                    1 to 3650, with ; between them, such as 30;14;7;1, or none";
    assert_eq!(wrong, expected);
}

#[test]
fn every_followed_key_is_read_and_no_other() {
    let folder = Folder::new(GOOD);
    let sources = folder.sources(&[], &[]).unwrap();
    let mut reader = Reader::new(&sources);
    reader.read().unwrap();
    let mut asked = reader.asked;
    asked.sort_unstable();
    asked.dedup();
    let mut followed: Vec<_> = key::KEYS
        .iter()
        .filter(|key| matches!(key.treatment, key::Treatment::Followed { .. }))
        .map(|key| key.name)
        .collect();
    followed.sort_unstable();
    assert_eq!(asked, followed);
}

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
fn every_mistake_is_reported_with_its_key_and_where_it_was_made() {
    let folder = Folder::new(r#"{"ServerUrl": "ftp://x", "Setup.Mode": "Unsecured", "SeverUrl": 1}"#);
    let environment = [("RAVEN_Security_TwoFactor_MaxSessionDurationInMin", "soon")];
    let mistakes = folder
        .load(&environment, &["--Certward.Log.Level=loud", "stray"])
        .unwrap_err();
    let text = mistakes.to_string();
    for part in [
        "ServerUrl (in /",
        "must start with https://",
        "Setup.Mode (in /",
        "SeverUrl (in /",
        "no such key; did you mean 'ServerUrl'?",
        "(in the environment variable RAVEN_Security_TwoFactor_MaxSessionDurationInMin): is \"soon\" and must be a whole number from 1 to 525600",
        "Certward.Log.Level (on the command line): is \"loud\" and must be one of error, warn, info, debug, trace",
        "on the command line: an argument that does not start with --",
        "Security.Certificate.Path (not set): must name the server certificate",
    ] {
        assert!(text.contains(part), "{part:?} is not in:\n{text}");
    }
    assert_eq!(mistakes.iter().count(), 7, "{text}");
}

#[test]
fn each_wrong_value_is_refused_with_what_would_have_been_right() {
    for (key, value, problem) in [
        (
            "ServerUrl",
            "http://127.0.0.1:8080",
            "must be https, because Security.Certificate.Path is set",
        ),
        ("ServerUrl", "https://127.0.0.1:1;https://127.0.0.1:2", "listens on one"),
        (
            "ServerUrl",
            "https://127.0.0.1:8443/studio",
            "a scheme, a host and a port only",
        ),
        ("ServerUrl", "https://127.0.0.1:99999", "is not a URL"),
        ("ServerUrl", "127.0.0.1:8443", "is not a URL"),
        ("PublicServerUrl", "https://a.example:0", "port 0"),
        ("PublicServerUrl", "http://a.example", "must start with https://"),
        ("Setup.Mode", "Initial", "run certward-server setup"),
        ("Setup.Mode", "LetsEncrypt", "Let's Encrypt"),
        ("Setup.Mode", "secure", "one of None, Secured"),
        ("Security.Certificate.Validation.KeyUsages", "no", "one of true, false"),
        ("Security.Certificate.ExpiringThresholdInDays", "0", "from 1 to 3650"),
        ("Security.WellKnownCertificates.Admin", "99B3", "is not a thumbprint"),
        (
            "Security.WellKnownIssuers.Admin",
            "99b3ef11dcb8d3ff7ee99bf6e1c5ea7fa2e2c0bb",
            "is a thumbprint",
        ),
        (
            "Security.WellKnownIssuers.Admin",
            "nowhere.crt",
            "nor a file that can be opened",
        ),
        (
            "Security.WellKnownIssuers.Admin",
            "bm90IGEgY2VydA==",
            "is not a certificate",
        ),
        (
            "Security.TwoFactor.DefaultSessionDurationInMin",
            "1441",
            "must not be above",
        ),
        ("Security.Certificate.Load.Exec", "/bin/true", "runs no programs"),
        (
            "Security.Certificate.Validation.Exec",
            "/bin/true",
            "would let in what the program keeps out",
        ),
        ("Security.TlsCipherSuites", "TLS_AES_128_GCM_SHA256", "are fixed"),
        ("Security.Csrf.Enabled", "perhaps", "one of true, false"),
        ("Security.Csrf.TrustedOrigins", "studio.example", "is not an origin"),
        (
            "Security.Csrf.AdditionalOriginHeaders",
            "X-Origin",
            "the header Origin alone",
        ),
        (
            "Security.WellKnownIssuerHashes.Admin",
            "ab",
            "use Security.WellKnownIssuers.Admin",
        ),
        ("Certward.Store", "postgres://u:p@h/d", "not built into this version"),
        ("Certward.Store", "mysql", "must be sqlite"),
        ("Certward.Operations.ServerUrl", "http://0.0.0.0:9080", "loopback"),
        (
            "Certward.Operations.ServerUrl",
            "https://127.0.0.1:9080",
            "must start with http://",
        ),
        (
            "Certward.RedisEnterprise.ServerUrl",
            "http://127.0.0.1:9443",
            "must start with https://",
        ),
        (
            "Certward.RedisEnterprise.ServerUrl",
            "https://127.0.0.1:8443",
            "and ServerUrl is https://127.0.0.1:8443/: the port is the same",
        ),
        (
            "Certward.RedisEnterprise.ServerUrl",
            "https://0.0.0.0:8443",
            "the port is the same",
        ),
        (
            "Certward.RedisEnterprise.ServerUrl",
            "https://[::]:8443",
            "the port is the same",
        ),
        (
            "Certward.Operations.ServerUrl",
            "http://127.0.0.1:8443",
            "the port is the same",
        ),
        (
            "Certward.ClientCertificate.KeyAlgorithm",
            "RSA_1024",
            "RSA_2048, RSA_3072, RSA_4096, ECDSA_P256",
        ),
        ("Certward.ClientCertificate.KeyPoolSize", "-1", "from 0 to 1024"),
        ("Certward.Limits.MaxIntermediateCertificates", "5", "from 0 to 4"),
        ("Certward.Log.Format", "xml", "one of text, json"),
    ] {
        let mistake = mistake(key, value);
        assert_eq!(mistake.key, key);
        assert_eq!(mistake.origin, Origin::CommandLine);
        assert!(mistake.problem.contains(problem), "{key}={value}: {}", mistake.problem);
    }
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

#[test]
fn a_settings_file_that_others_can_write_is_refused_and_an_issuer_too() {
    let folder = Folder::new(GOOD);
    for mode in [0o666, 0o602, 0o622] {
        folder.write("settings.json", GOOD, mode);
        let text = folder.load(&[], &[]).unwrap_err().to_string();
        assert!(text.contains("settings.json") && text.contains("chmod go-w"), "{text}");
    }
    folder.write("settings.json", GOOD, 0o644);
    for key in ["Security.WellKnownIssuers.Admin", "Certward.Redis.UpstreamCa"] {
        folder.write("ca.crt", "x", 0o646);
        let text = folder.load(&[], &[&format!("--{key}=ca.crt")]).unwrap_err().to_string();
        assert!(text.contains(key) && text.contains("chmod go-w"), "{text}");
    }
}

#[test]
fn a_settings_file_that_is_named_must_exist() {
    let missing = CommandLine::parse(["--settings=/nowhere/settings.json".to_owned()]);
    let text = Sources::read(&missing, []).unwrap_err().to_string();
    assert!(text.contains("/nowhere/settings.json: cannot be opened"), "{text}");
}

#[test]
fn without_a_certificate_http_is_refused_for_what_it_is() {
    let text = load(r#"{"ServerUrl": "http://127.0.0.1:8080"}"#)
        .unwrap_err()
        .to_string();
    assert!(text.contains("serves nobody without TLS"), "{text}");
}

#[test]
fn secrets_are_in_no_message_and_no_debug_text() {
    const CANARY: &str = "s3cr7t-canary";
    let folder = Folder::new(GOOD);
    for arguments in [
        vec![format!("--Certward.Store=postgres://user:{CANARY}@h/d")],
        vec![format!("--Security.Certificate.Pasword={CANARY}")],
        vec![format!("--ServerUrl=https://user:{CANARY}@127.0.0.1:1")],
    ] {
        let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
        let mistakes = folder.load(&[], &arguments).unwrap_err();
        assert!(!format!("{mistakes}{mistakes:?}").contains(CANARY), "{mistakes}");
    }
    let settings = folder
        .load(
            &[("RAVEN_License", CANARY), ("RAVEN_Security_Pasword", CANARY)],
            &[&format!("--Security.Certificate.Password={CANARY}")],
        )
        .unwrap();
    assert_eq!(settings.certificate_password.as_ref().unwrap().expose_secret(), CANARY);
    assert!(!format!("{settings:?}").contains(CANARY));
}

#[test]
fn a_certificate_file_that_others_can_read_is_refused() {
    let folder = Folder::new(GOOD);
    folder.write("server.pfx", "x", 0o644);
    let text = folder.load(&[], &[]).unwrap_err().to_string();
    assert!(
        text.contains("Security.Certificate.Path") && text.contains("chmod 600"),
        "{text}"
    );
}

#[test]
fn a_settings_file_with_a_password_that_others_can_read_is_refused_and_without_one_is_not() {
    let folder = Folder::new(GOOD);
    folder.write("settings.json", GOOD, 0o644);
    folder.load(&[], &[]).unwrap();
    let with_password = r#"{"Security.Certificate.Path": "server.pfx", "Security.Certificate.Password": "x"}"#;
    folder.write("settings.json", with_password, 0o644);
    let text = folder.load(&[], &[]).unwrap_err().to_string();
    assert!(text.contains("settings.json") && text.contains("chmod 600"), "{text}");
}

#[test]
fn a_well_known_issuer_is_taken_as_text_or_file_when_it_is_a_ca_without_its_key() {
    let key = rcgen::KeyPair::generate().unwrap();
    let make = |is_ca| {
        let mut parameters = rcgen::CertificateParams::new(Vec::new()).unwrap();
        parameters.is_ca = is_ca;
        parameters.self_signed(&key).unwrap()
    };
    let ca = make(rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained));
    let leaf = make(rcgen::IsCa::NoCa);
    let folder = Folder::new(GOOD);
    folder.write("ca.crt", ca.pem(), 0o644);
    folder.write("ca.der", ca.der(), 0o644);
    folder.write("both.pem", format!("{}{}", ca.pem(), key.serialize_pem()), 0o600);
    let load = |value: &str| folder.load(&[], &[&format!("--Security.WellKnownIssuers.Admin={value}")]);

    let base64 = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, ca.der());
    let (start, end) = base64.split_at(64);
    let settings = load(&format!("ca.crt; ca.der;{base64};{start}\r\n {end}\n")).unwrap();
    assert_eq!(settings.well_known_issuers.len(), 4);
    assert!(
        settings
            .well_known_issuers
            .iter()
            .all(|issuer| issuer.der() == ca.der())
    );

    folder.write("leaf.crt", leaf.pem(), 0o644);
    assert!(load("leaf.crt").unwrap_err().to_string().contains("is not a CA's"));
    let text = load("both.pem").unwrap_err().to_string();
    assert!(text.contains("private key") && !text.contains("BEGIN"), "{text}");
}
