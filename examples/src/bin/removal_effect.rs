//! Says what would end if a Redis Enterprise cluster trusted a CA no more: before a rotation, and to know when it is done.
//!
//! `removal_effect CA.crt`. Only Certward's server can tell.
#![expect(clippy::print_stdout, reason = "a program that prints its answer")]

use std::error::Error;
use std::process::ExitCode;

use certward::redis_enterprise::{Removal, TrustScope};

#[tokio::main]
async fn main() -> ExitCode {
    certward_examples::exit_code(run().await)
}

async fn run() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [ca] = arguments.as_slice() else {
        return Err("usage: removal_effect CA.crt".into());
    };
    let client = certward_examples::redis_enterprise_client_from_environment()?;
    for ca in certward_examples::certificates(ca)? {
        let removal = Removal::TrustedCertificate(ca.fingerprint(), TrustScope::Everywhere);
        let effect = client
            .removal_effect(&removal)
            .await?
            .ok_or("the server cannot tell: it is not Certward's")?;
        println!("{}: {} connections would end", ca.subject(), effect.connections_total);
        for connection in &effect.connections {
            println!("  {connection}");
        }
        println!("{} identities would lose access or rights", effect.identities_total);
        for identity in &effect.identities {
            println!("  {identity}");
        }
    }
    Ok(())
}
