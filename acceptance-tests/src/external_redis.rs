//! A Redis that the server did not start: the test is its operator, and can speak to it past the server.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};

use serde_json::json;
use tempfile::TempDir;

use crate::redis_database::{RedisDatabase, Session};
use crate::reference_server::ReferenceServer;
use crate::team::Team;
use crate::test_pki::TestCa;

/// A `redis-server` on loopback. It ends when this is dropped.
pub struct ExternalRedis {
    process: Child,
    /// Its port on loopback.
    pub port: u16,
    /// Its folder.
    pub directory: TempDir,
}

impl ExternalRedis {
    /// One that lets anybody in.
    #[must_use]
    pub fn start() -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        Self::start_in(directory, |port| vec!["--port".to_owned(), port.to_string()])
    }

    /// One in this folder, with these arguments for its port.
    ///
    /// # Panics
    ///
    /// If it cannot be started.
    pub fn start_in(directory: TempDir, arguments: impl FnOnce(u16) -> Vec<String>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("loopback has ports");
        let port = listener.local_addr().expect("a bound socket has an address").port();
        drop(listener);
        let process = Command::new("redis-server")
            .current_dir(directory.path())
            .args(["--bind", "127.0.0.1", "--save", ""])
            .args(arguments(port))
            .stdout(Stdio::null())
            .spawn()
            .expect("redis-server starts");
        Self {
            process,
            port,
            directory,
        }
    }

    /// A reference server with a database that is this one, which it reaches by these settings.
    pub async fn behind_a_server(&self, settings: &[&str]) -> RedisDatabase {
        let team = Team {
            server: ReferenceServer::start_with(settings),
            ca: TestCa::new("Example Team CA"),
        };
        RedisDatabase::start_on(team, &json!({})).await
    }

    /// The same for one that lets anybody in.
    pub async fn behind_a_plain_server(&self) -> RedisDatabase {
        let upstream = format!("--Certward.Redis.Upstream=redis://127.0.0.1:{}", self.port);
        self.behind_a_server(&[&upstream]).await
    }

    /// Its operator's connection, which does not pass the server. For one that lets anybody in.
    ///
    /// # Panics
    ///
    /// If it cannot be reached.
    pub async fn operator(&self) -> Session {
        Session::plain(self.port).await.expect("the external Redis listens")
    }

    /// A connection as a user that the server has created there, which does not pass the server: the operator gives the
    /// user another password for it.
    ///
    /// # Panics
    ///
    /// If there is no such user.
    pub async fn session_as(&self, user: &str) -> Session {
        let mut session = self.operator().await;
        let told = session.command(&["ACL", "SETUSER", user, ">direct"]).await;
        assert_eq!(told.expect("it answers"), "+OK\r\n");
        let logged_in = session.command(&["AUTH", user, "direct"]).await;
        assert_eq!(logged_in.expect("it answers"), "+OK\r\n");
        session
    }
}

impl Drop for ExternalRedis {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
