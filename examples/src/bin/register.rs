//! Registers a certificate that was made elsewhere, by cert-manager or a company's CA. Its private key stays there.
//!
//! `register NAME CERTIFICATE.crt`
#![expect(clippy::print_stdout, reason = "a program that prints its answer")]

use std::error::Error;
use std::process::ExitCode;

use certward::ravendb::{RegisterCertificate, SecurityClearance};

#[tokio::main]
async fn main() -> ExitCode {
    certward_examples::exit_code(run().await)
}

async fn run() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(name), Some(path)) = (arguments.next(), arguments.next()) else {
        return Err("usage: register NAME CERTIFICATE.crt".into());
    };
    let certificates = certward_examples::certificates(&path)?;
    let certificate = &certificates[0]; // the first is the client's own; a file without any is an error above
    // One that has issued itself is a client's that openssl has marked as a CA: its key is nobody else's.
    if certificate.is_ca() && !certificate.is_self_issued() {
        return Err(format!(
            "{path}: {} is a CA certificate; whoever holds its key could log in",
            certificate.subject()
        )
        .into());
    }
    let client = certward_examples::client_from_environment()?;
    let request = RegisterCertificate::new(&name, SecurityClearance::Operator, certificate);
    client.certificates().register(&request).await?;
    println!("{} is registered as {name}", certificate.thumbprint());
    Ok(())
}
