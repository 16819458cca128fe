//! Small programs over the Certward SDK, in `src/bin`: copy one and change it.
//!
//! They read the same four variables: `CERTWARD_ENDPOINT`, and the files `CERTWARD_CLIENT_CERTIFICATE_FILE`,
//! `CERTWARD_CLIENT_PRIVATE_KEY_FILE` and `CERTWARD_CA_CERTIFICATE_FILE`.

mod new_file;

use std::error::Error;
use std::process::ExitCode;

use certward::pki::{Certificate, ErrorChain, certificates_from_pem};
use certward::{Identity, TrustAnchors, ravendb, redis_enterprise};

pub use new_file::NewFile;

/// The outcome of a program: an error is printed on one line with its causes, and exits with 1.
pub fn exit_code(outcome: Result<(), Box<dyn Error>>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {}", ErrorChain::new(error.as_ref()));
            ExitCode::FAILURE
        }
    }
}

/// Reads a text file.
///
/// # Errors
/// The file cannot be read; the error names it.
pub fn read(path: &str) -> Result<String, Box<dyn Error>> {
    Ok(std::fs::read_to_string(path).map_err(|error| format!("cannot read {path}: {error}"))?)
}

/// Reads the certificates of a PEM file, of which there is at least one.
///
/// # Errors
/// The file cannot be read, or holds no certificate; the error names it.
pub fn certificates(path: &str) -> Result<Vec<Certificate>, Box<dyn Error>> {
    let text = read(path)?;
    Ok(certificates_from_pem(&text).map_err(|error| format!("{path}: {}", ErrorChain::new(&error)))?)
}

/// A client of RavenDB's API from the environment.
///
/// # Errors
/// A variable that is not set, a file that cannot be read, or settings that do not fit each other.
pub fn client_from_environment() -> Result<ravendb::Client, Box<dyn Error>> {
    let login = Login::from_environment()?;
    let builder = ravendb::Client::builder().endpoint(&login.endpoint);
    Ok(builder
        .trust_anchors(login.trust_anchors)
        .identity(login.identity)
        .build()?)
}

/// A client of Redis Enterprise's API from the environment.
///
/// # Errors
/// As [`client_from_environment`].
pub fn redis_enterprise_client_from_environment() -> Result<redis_enterprise::Client, Box<dyn Error>> {
    let login = Login::from_environment()?;
    let builder = redis_enterprise::Client::builder().endpoint(&login.endpoint);
    Ok(builder
        .trust_anchors(login.trust_anchors)
        .identity(login.identity)
        .build()?)
}

struct Login {
    endpoint: String,
    trust_anchors: TrustAnchors,
    identity: Identity,
}

impl Login {
    fn from_environment() -> Result<Self, Box<dyn Error>> {
        let variable = |name: &str| std::env::var(name).map_err(|_| format!("set {name}"));
        let file = |name: &str| -> Result<(String, String), Box<dyn Error>> {
            let path = variable(name)?;
            let text = read(&path).map_err(|error| format!("{name}: {error}"))?;
            Ok((path, text))
        };
        let (ca_path, ca) = file("CERTWARD_CA_CERTIFICATE_FILE")?;
        let (certificate_path, certificate) = file("CERTWARD_CLIENT_CERTIFICATE_FILE")?;
        let (key_path, key) = file("CERTWARD_CLIENT_PRIVATE_KEY_FILE")?;
        Ok(Self {
            endpoint: variable("CERTWARD_ENDPOINT")?,
            trust_anchors: TrustAnchors::from_pem(&ca).map_err(|error| format!("{ca_path}: {}", error.report()))?,
            identity: Identity::from_pem(&certificate, &key)
                .map_err(|error| format!("{certificate_path} and {key_path}: {}", error.report()))?,
        })
    }
}
