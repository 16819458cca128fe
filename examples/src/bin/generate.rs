//! Has the server make a certificate for one database and writes `<name>.crt` and `<name>.key`, the key for its owner only.
//!
//! `generate NAME DATABASE`
#![expect(clippy::print_stdout, reason = "a program that prints its answer")]

use std::error::Error;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;

use certward::ravendb::{DatabaseAccess, GenerateCertificate, SecurityClearance};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(name), Some(database)) = (arguments.next(), arguments.next()) else {
        return Err("usage: generate NAME DATABASE".into());
    };
    let client = certward_examples::client_from_environment()?;

    // Opened first, and never over an existing file: a key that cannot be written would be lost.
    let mut key_file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(format!("{name}.key"))?;
    let request = GenerateCertificate::new(&name, SecurityClearance::ValidUser)
        .permissions([(database, DatabaseAccess::ReadWrite)].into_iter().collect());
    let generated = client
        .generate_certificate(&request)
        .await
        .map_err(|error| error.report().to_string())?;
    key_file.write_all(generated.private_key.expose().as_bytes())?;
    std::fs::write(format!("{name}.crt"), generated.certificate.to_pem())?;
    println!(
        "{} ends at {}",
        generated.certificate.thumbprint(),
        generated.certificate.validity().not_after
    );
    Ok(())
}
