//! The SDK's suite for whole clusters, run against the reference server.

#[path = "../../../sdk/tests/it/redis_enterprise/live.rs"]
mod live;

use certward_acceptance_tests::reference_server::ReferenceServer;

use self::live::Server;

/// A reference server for one test. Its ClusterAdmin certificate is an admin on both APIs.
async fn server() -> Option<Server> {
    let server = tokio::task::spawn_blocking(ReferenceServer::start).await.unwrap();
    Some(Server {
        endpoint: server.redis_enterprise_endpoint(),
        ca: server.read("ca.crt"),
        identity: Some((server.read("admin.crt"), server.read("admin.key"))),
        login: None,
        guard: Box::new(server),
    })
}
