//! Each mistake, the nearest key, and which source wins.

use std::os::unix::fs::PermissionsExt;

use super::*;

mod files;
mod page;
mod redis;
mod sources;
mod values;

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
