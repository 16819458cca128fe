//! The values of settings, from text.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use certward_pki::{ErrorChain, Thumbprint};
use tracing::level_filters::LevelFilter;
use url::{Host, Url};

use super::key::Kind;
use super::{SetupMode, StoreSetting};
use certward_certificates::issuer::KeyAlgorithm;
use certward_system::files::check_entry;
use certward_system::telemetry::LogFormat;

pub(super) fn number<T: TryFrom<u64>>(text: &str, kind: Kind, _: &Path) -> Result<T, String> {
    let Kind::Number { least, most, .. } = kind else {
        unreachable!("only numbers are read so");
    };
    let number: Option<u64> = text.parse().ok();
    number
        .filter(|number| (least..=most).contains(number))
        .and_then(|number| T::try_from(number).ok())
        .ok_or_else(|| format!("is \"{text}\" and must be a whole number from {least} to {most}"))
}

pub(super) fn seconds(text: &str, kind: Kind, folder: &Path) -> Result<Duration, String> {
    number(text, kind, folder).map(Duration::from_secs)
}

/// In bytes.
pub(super) fn kibibytes(text: &str, kind: Kind, folder: &Path) -> Result<usize, String> {
    number::<usize>(text, kind, folder).map(|kibibytes| kibibytes * 1024)
}

pub(super) fn boolean(text: &str, _: Kind, _: &Path) -> Result<bool, String> {
    choice(text, &["true", "false"], [true, false])
}

pub(super) fn log_level(text: &str, kind: Kind, _: &Path) -> Result<LevelFilter, String> {
    let levels = [
        LevelFilter::ERROR,
        LevelFilter::WARN,
        LevelFilter::INFO,
        LevelFilter::DEBUG,
        LevelFilter::TRACE,
    ];
    choice(text, kind.words(), levels)
}

pub(super) fn log_format(text: &str, kind: Kind, _: &Path) -> Result<LogFormat, String> {
    choice(text, kind.words(), [LogFormat::Text, LogFormat::Json])
}

pub(super) fn key_algorithm(text: &str, kind: Kind, _: &Path) -> Result<KeyAlgorithm, String> {
    choice(text, kind.words(), KeyAlgorithm::ALL)
}

pub(super) fn setup_mode(text: &str, kind: Kind, _: &Path) -> Result<SetupMode, String> {
    let problem = match text.to_ascii_lowercase().as_str() {
        "initial" => "is Initial: the wizard has not been run; run certward-server setup",
        "letsencrypt" => {
            "is LetsEncrypt, and Certward gets no certificates from Let's Encrypt; put yours at \
             Security.Certificate.Path and set None"
        }
        "unsecured" => "is Unsecured, and Certward serves nobody without TLS; set None or Secured",
        _ => return choice(text, kind.words(), [SetupMode::None, SetupMode::Secured]),
    };
    Err(problem.to_owned())
}

/// The value is not shown: the URL of a database holds a password.
pub(super) fn store(text: &str, _: Kind, _: &Path) -> Result<StoreSetting, String> {
    match text {
        "sqlite" => Ok(StoreSetting::Sqlite),
        _ if text.starts_with("postgres://") || text.starts_with("postgresql://") => {
            Err("names a PostgreSQL database, which is not built into this version; set sqlite".to_owned())
        }
        _ => Err("must be sqlite".to_owned()),
    }
}

/// The value that stands where its word does among all words.
fn choice<T, const N: usize>(text: &str, words: &[&str], values: [T; N]) -> Result<T, String> {
    debug_assert_eq!(words.len(), N, "{words:?}");
    words
        .iter()
        .zip(values)
        .find_map(|(word, value)| word.eq_ignore_ascii_case(text).then_some(value))
        .ok_or_else(|| format!("is \"{text}\" and must be one of {}", words.join(", ")))
}

pub(super) fn thumbprint(text: &str, _: Kind, _: &Path) -> Result<Thumbprint, String> {
    Thumbprint::from_str(text)
        .map_err(|error| format!("\"{text}\" is not a thumbprint, 40 hexadecimal digits: {error}"))
}

pub(super) fn path(text: &str, _: Kind, folder: &Path) -> Result<PathBuf, String> {
    Ok(folder.join(text))
}

/// A program: a path, or a name that is looked for in `PATH`.
pub(super) fn program(text: &str, _: Kind, folder: &Path) -> Result<PathBuf, String> {
    if !text.contains('/') {
        return Ok(PathBuf::from(text));
    }
    let path = folder.join(text);
    // It runs as the server's user.
    match check_entry(&path) {
        Ok(_) => Ok(path),
        Err(error) => Err(ErrorChain::new(&error).to_string()),
    }
}

/// The origin of a site (RFC 6454), in the form browsers send it.
pub(super) fn web_origin(text: &str, _: Kind, _: &Path) -> Result<String, String> {
    let wrong = || format!("\"{text}\" is not an origin, such as https://studio.example:8443");
    let url = Url::parse(text).map_err(|_| wrong())?;
    let is_bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
    let origin = url.origin();
    if origin.is_tuple() && is_bare {
        Ok(origin.ascii_serialization())
    } else {
        Err(wrong())
    }
}

/// The address to listen on; port 0 takes a free port.
pub(super) fn listening_url(text: &str, _: Kind, _: &Path) -> Result<Url, String> {
    if text.contains(';') {
        return Err(
            "names several URLs, and Certward listens on one; 0.0.0.0 or [::] stand for every address".to_owned(),
        );
    }
    let url = plain_url(text)?;
    if url.scheme() != "https" {
        return Err("must start with https://".to_owned());
    }
    Ok(url)
}

pub(super) fn public_url(text: &str, kind: Kind, folder: &Path) -> Result<Url, String> {
    let url = listening_url(text, kind, folder)?;
    if url.port() == Some(0) {
        return Err("has port 0, where no client can reach the server".to_owned());
    }
    Ok(url)
}

pub(super) fn operations_url(text: &str, _: Kind, _: &Path) -> Result<Url, String> {
    let url = plain_url(text)?;
    if url.scheme() != "http" {
        return Err("must start with http://".to_owned());
    }
    let is_loopback = match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        _ => false,
    };
    if !is_loopback {
        return Err("must name a loopback address, 127.0.0.1 or [::1]: it asks nobody for a certificate".to_owned());
    }
    Ok(url)
}

/// A URL of a scheme, a host and a port. The text is shown only when it can hold no password.
fn plain_url(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| format!("is not a URL such as https://127.0.0.1:8443: {error}"))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err("must not hold a user name or password".to_owned());
    }
    if url.host().is_none() || url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
        return Err(format!(
            "is \"{text}\" and must be a scheme, a host and a port only, such as https://127.0.0.1:8443"
        ));
    }
    Ok(url)
}
