//! Has the server make a certificate for one database and writes `<name>.crt` and `<name>.key`, the key for its owner only.
//!
//! `generate NAME DATABASE`
#![expect(clippy::print_stdout, reason = "a program that prints its answer")]

use std::error::Error;
use std::process::ExitCode;

use certward::ravendb::{DatabaseAccess, GenerateCertificate, SecurityClearance};
use certward_examples::NewFile;

#[tokio::main]
async fn main() -> ExitCode {
    certward_examples::exit_code(run().await)
}

async fn run() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(name), Some(database)) = (arguments.next(), arguments.next()) else {
        return Err("usage: generate NAME DATABASE".into());
    };
    let client = certward_examples::client_from_environment()?;

    // Prepared first, because a key that cannot be written would be lost; they take their names when the server has answered.
    let key_file = NewFile::prepare(format!("{name}.key"), 0o600)?;
    let certificate_file = NewFile::prepare(format!("{name}.crt"), 0o644)?;
    let request = GenerateCertificate::new(&name, SecurityClearance::ValidUser)
        .permissions([(database, DatabaseAccess::ReadWrite)].into_iter().collect());
    let generated = client.certificates().generate(&request).await?;
    key_file.finish(generated.private_key.expose().as_bytes())?;
    certificate_file.finish(generated.certificate.to_pem().as_bytes())?;
    println!(
        "{} ends at {}",
        generated.certificate.thumbprint(),
        generated.certificate.validity().not_after
    );
    Ok(())
}
