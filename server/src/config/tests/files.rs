//! The files that the settings are and name.

use super::*;

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
