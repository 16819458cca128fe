//! Says what would end if a Redis Enterprise cluster trusted a CA no more: before a rotation, and to know when it is done.
//!
//! `removal_effect CA.crt`. Only Certward's server can tell.
#![expect(clippy::print_stdout, reason = "a program that prints its answer")]

use std::error::Error;

use certward::pki::certificates_from_pem;
use certward::redis_enterprise::{Removal, TrustScope};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [ca] = arguments.as_slice() else {
        return Err("usage: removal_effect CA.crt".into());
    };
    let client = certward_examples::redis_enterprise_client_from_environment()?;
    for ca in certificates_from_pem(&std::fs::read_to_string(ca)?)? {
        let removal = Removal::TrustedCertificate(ca.fingerprint(), TrustScope::Everywhere);
        let effect = client
            .removal_effect(&removal)
            .await
            .map_err(|error| error.report().to_string())?
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
