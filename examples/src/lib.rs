//! Small programs over the Certward SDK, in `src/bin`: copy one and change it.
//!
//! They read the same four variables: `CERTWARD_ENDPOINT`, and the files `CERTWARD_CLIENT_CERTIFICATE_FILE`,
//! `CERTWARD_CLIENT_PRIVATE_KEY_FILE` and `CERTWARD_CA_CERTIFICATE_FILE`.

use std::error::Error;

use certward::{Identity, TrustAnchors, ravendb, redis_enterprise};

/// A client of RavenDB's API from the environment.
///
/// # Errors
/// A variable that is not set, a file that cannot be read, or settings that do not fit each other.
pub fn client_from_environment() -> Result<ravendb::Client, Box<dyn Error>> {
    let login = Login::from_environment()?;
    let builder = ravendb::Client::builder().endpoint(&login.endpoint)?;
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
    let builder = redis_enterprise::Client::builder().endpoint(&login.endpoint)?;
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
        let file = |name: &str| -> Result<String, Box<dyn Error>> {
            let path = variable(name)?;
            Ok(std::fs::read_to_string(&path)
                .map_err(|error| format!("cannot read {path}, named by {name}: {error}"))?)
        };
        Ok(Self {
            endpoint: variable("CERTWARD_ENDPOINT")?,
            trust_anchors: TrustAnchors::from_pem(&file("CERTWARD_CA_CERTIFICATE_FILE")?)?,
            identity: Identity::from_pem(
                &file("CERTWARD_CLIENT_CERTIFICATE_FILE")?,
                &file("CERTWARD_CLIENT_PRIVATE_KEY_FILE")?,
            )?,
        })
    }
}
