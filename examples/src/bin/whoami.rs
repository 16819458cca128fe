//! Asks the server who it takes this client for.
#![expect(clippy::print_stdout, reason = "a program that prints its answer")]

use std::error::Error;
use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    certward_examples::exit_code(run().await)
}

async fn run() -> Result<(), Box<dyn Error>> {
    let client = certward_examples::client_from_environment()?;
    match client.who_am_i().await? {
        Some(who) => {
            let certificate = who.certificate;
            println!("{} ({})", certificate.name, certificate.security_clearance);
            println!("thumbprint {}", certificate.thumbprint);
            // The server tells no dates of a certificate that its settings trust.
            if let Some(end) = certificate.not_after {
                println!("ends at {end}");
            }
        }
        None => println!("the server knows no certificate of this client"),
    }
    Ok(())
}
