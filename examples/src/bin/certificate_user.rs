//! Lets the holder of a certificate into Redis Enterprise: its CA is trusted, and a user with its subject made.
//!
//! `certificate_user NAME ROLE CA.crt CERTIFICATE.crt`, where ROLE is the name of a role of the cluster.
#![expect(clippy::print_stdout, reason = "a program that prints its answer")]

use std::error::Error;
use std::process::ExitCode;

use certward::pki::Certificate;
use certward::redis_enterprise::{CreateUser, NewCertificate, UpdateCluster};

#[tokio::main]
async fn main() -> ExitCode {
    certward_examples::exit_code(run().await)
}

async fn run() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [name, role, ca, certificate] = arguments.as_slice() else {
        return Err("usage: certificate_user NAME ROLE CA.crt CERTIFICATE.crt".into());
    };
    let first = |path: &str| -> Result<Certificate, Box<dyn Error>> {
        let mut certificates = certward_examples::certificates(path)?;
        Ok(certificates.swap_remove(0)) // a file without any is an error above
    };
    let (ca, certificate) = (first(ca)?, first(certificate)?);
    let client = certward_examples::redis_enterprise_client_from_environment()?;

    let roles = client.roles().list().await?;
    let role = roles
        .iter()
        .find(|candidate| candidate.name == *role)
        .ok_or_else(|| format!("the cluster has no role {role}"))?;
    let mut trusted = client.certificates().list().await?.trusted_ca()?;
    if !trusted.contains(&ca) {
        trusted.push(ca); // installing replaces all of them, so the others go along
        client
            .certificates()
            .update(&[NewCertificate::trusted_ca(&trusted)])
            .await?;
    }
    let switch_on = UpdateCluster::new().mtls_certificate_authentication(true);
    client.cluster().update(&switch_on).send().await?;
    let user = CreateUser::certificate(name, certificate.subject().to_string()).role_uids([role.uid]);
    let user = client.users().create(&user).send().await?;
    println!("{} logs in as user {}, {name}", certificate.subject(), user.uid);
    Ok(())
}
