//! Small programs over the Certward SDK, in `src/bin`: copy one and change it.
//!
//! They read the same four variables: `CERTWARD_ENDPOINT`, and the files `CERTWARD_CLIENT_CERTIFICATE_FILE`,
//! `CERTWARD_CLIENT_PRIVATE_KEY_FILE` and `CERTWARD_CA_CERTIFICATE_FILE`.

use std::error::Error;

use certward::Identity;
use certward::ravendb::Client;

/// A client from the environment.
///
/// # Errors
/// A variable that is not set, a file that cannot be read, or settings that do not fit each other.
pub fn client_from_environment() -> Result<Client, Box<dyn Error>> {
    let variable = |name: &str| std::env::var(name).map_err(|_| format!("set {name}"));
    let file = |name: &str| -> Result<String, Box<dyn Error>> {
        let path = variable(name)?;
        Ok(std::fs::read_to_string(&path).map_err(|error| format!("cannot read {path}, named by {name}: {error}"))?)
    };
    let identity = Identity::from_pem(
        &file("CERTWARD_CLIENT_CERTIFICATE_FILE")?,
        &file("CERTWARD_CLIENT_PRIVATE_KEY_FILE")?,
    )?;
    let client = Client::builder()
        .endpoint(&variable("CERTWARD_ENDPOINT")?)?
        .trust_anchors_pem(&file("CERTWARD_CA_CERTIFICATE_FILE")?)?
        .identity(identity)
        .build()?;
    Ok(client)
}
