//! `certward::redis_enterprise` from outside.

mod contract;
mod databases;
mod exchange;
mod live;
mod mutual_tls;
mod repetition;
mod waiting;

use std::path::Path;

use self::live::Server;

/// The cluster that the environment names, for the tests of [`live`].
///
/// `CERTWARD_ACC_REDIS_ENTERPRISE_ENDPOINT` is the cluster, and `…_CA_CERTIFICATE` the file of whom to trust. An admin logs
/// in with the files `…_CLIENT_CERTIFICATE` and `…_CLIENT_PRIVATE_KEY`, or with `…_USERNAME` and `…_PASSWORD`, or with
/// both. Without the first the tests say so and end; the acceptance tests run them against the reference server.
async fn server() -> Option<Server> {
    let variable = |name: &str| std::env::var(format!("CERTWARD_ACC_REDIS_ENTERPRISE_{name}")).ok();
    let Some(endpoint) = variable("ENDPOINT") else {
        println!("skipped: CERTWARD_ACC_REDIS_ENTERPRISE_ENDPOINT names no cluster");
        return None;
    };
    let file = |name: &str| {
        variable(name)
            .map(|path| std::fs::read_to_string(Path::new(&path)).unwrap_or_else(|error| panic!("{path}: {error}")))
    };
    Some(Server {
        endpoint,
        ca: file("CA_CERTIFICATE").expect("CERTWARD_ACC_REDIS_ENTERPRISE_CA_CERTIFICATE names a file"),
        identity: file("CLIENT_CERTIFICATE").zip(file("CLIENT_PRIVATE_KEY")),
        login: variable("USERNAME").zip(variable("PASSWORD")),
        guard: Box::new(()),
    })
}
