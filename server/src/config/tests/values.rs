//! Each value, each mistake and the nearest key.

use secrecy::ExposeSecret as _;

use super::*;

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
        SessionLength {
            default_minutes: 120,
            max_minutes: 1440
        }
    );
    assert!(settings.certificate_validate_key_usages);
    assert_eq!(settings.warn_days, WarnDays::default());
    assert!(!settings.licensed_read_only_access);
    assert!(settings.operations_url.is_none() && settings.redis_enterprise_url.is_none());
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
    let mut followed: Vec<_> = table::FOLLOWED.iter().map(|key| key.name).collect();
    followed.sort_unstable();
    assert_eq!(asked, followed);
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
