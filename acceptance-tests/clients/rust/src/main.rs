//! The calls of the published Rust client `redis-enterprise` that concern users, roles, ACLs, the cluster, its
//! certificates, nodes, licence and bootstrap, unchanged, against a server that has no user yet.
//!
//! Environment: ENDPOINT, CA (file), USERNAME and PASSWORD of the administrator to be made, TRUSTED_CA (PEM file of a CA
//! to be trusted). Prints a line a step; any surprise is a non-zero exit.

mod access;
mod cluster;
mod defects;

use std::process::ExitCode;

use redis_enterprise::{EnterpriseClient, RestError};

/// Environment of such a program: endpoint, credentials and files.
pub struct Site {
    endpoint: String,
    ca: Vec<u8>,
    username: String,
    password: String,
    trusted_ca: String,
}

impl Site {
    fn from_environment() -> Self {
        let variable = |name: &str| std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set"));
        let read = |name: &str| {
            let path = variable(name);
            std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{name}: cannot read {path}: {error}"))
        };
        Self {
            endpoint: variable("ENDPOINT"),
            ca: read("CA").into_bytes(),
            username: variable("USERNAME"),
            password: variable("PASSWORD"),
            trusted_ca: read("TRUSTED_CA"),
        }
    }

    fn client(&self, username: &str, password: &str) -> EnterpriseClient {
        EnterpriseClient::builder()
            .base_url(&self.endpoint)
            .username(username)
            .password(password)
            .ca_cert_pem(self.ca.clone())
            .build()
            .expect("the settings are complete")
    }
}

/// Tells a step, and ends the program when it failed.
pub fn step(sentence: &str, holds: bool) {
    if !holds {
        eprintln!("FAILED: {sentence}");
        std::process::exit(1);
    }
    println!("ok: {sentence}");
}

/// Tells a step that must be answered with this status, as far as the client lets it through.
pub fn refused<T: std::fmt::Debug>(sentence: &str, answer: Result<T, RestError>, status: u16) {
    let found = match &answer {
        Err(RestError::Unauthorized) => 401,
        Err(RestError::NotFound) => 404,
        Err(RestError::Conflict(_)) => 409,
        Err(RestError::ApiError { code, .. }) => *code,
        _ => 0,
    };
    if found != status {
        eprintln!("expected {status}: {answer:?}");
    }
    step(&format!("{sentence}: {status}"), found == status);
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), RestError> {
    let site = Site::from_environment();
    let client = site.client(&site.username, &site.password);
    cluster::bootstrap(&site, &client).await?;
    cluster::settings(&client).await?;
    cluster::certificates(&site, &client).await?;
    cluster::nodes_and_license(&client).await?;
    access::roles(&client).await?;
    access::redis_acls(&client).await?;
    access::users(&site, &client).await?;
    defects::all(&site, &client).await?;
    step("every call was made", true);
    Ok(())
}
