//! `redis-cli` as the vendor's page calls it, `redis-benchmark`, redis-py and node-redis.

use std::path::{Path, PathBuf};
use std::process::Command;

use certward_acceptance_tests::programs::{installed, succeed};
use certward_acceptance_tests::published_clients::{node_modules, program, python_environment};
use certward_acceptance_tests::redis_database::{RedisDatabase, change};
use serde_json::json;

/// A database, a user who may only read, and the files of both her and an administrator of the data.
struct World {
    database: RedisDatabase,
    reader: (PathBuf, PathBuf),
    writer: (PathBuf, PathBuf),
}

impl World {
    async fn new() -> Self {
        let database = RedisDatabase::start().await;
        let mut admin = database.admin().await;
        database.create_user(&mut admin, "writer").await;
        let role = change(
            &mut admin,
            "POST",
            "/v1/roles",
            &json!({ "name": "readers", "management": "none" }),
        )
        .await;
        let acl = change(
            &mut admin,
            "POST",
            "/v1/redis_acls",
            &json!({ "name": "reading", "acl": "+@read ~*" }),
        )
        .await;
        let permissions = json!({ "roles_permissions": [
            { "role_uid": database.role, "redis_acl_uid": database.redis_acl },
            { "role_uid": role["uid"], "redis_acl_uid": acl["uid"] },
        ] });
        change(&mut admin, "PUT", &format!("/v1/bdbs/{}", database.uid), &permissions).await;
        let reader = json!({
            "name": "reader", "auth_method": "certificate", "certificate_subject_line": "CN=reader",
            "role_uids": [role["uid"]],
        });
        change(&mut admin, "POST", "/v1/users", &reader).await;
        let ca = &database.team.ca;
        let reader = database.files_of("reader", &ca.issue("reader"));
        let writer = database.files_of("writer", &ca.issue("writer"));
        Self {
            database,
            reader,
            writer,
        }
    }

    fn ca(&self) -> PathBuf {
        self.database.team.server.path("ca.crt")
    }

    /// As the page has it: `-h`, `-p`, `--tls`, `--cacert`, `--cert`, `--key`.
    fn command(&self, program: &str, (certificate, key): &(PathBuf, PathBuf)) -> Command {
        let mut command = Command::new(program);
        command.args(["-h", "127.0.0.1", "-p", &self.database.port.to_string(), "--tls"]);
        command.arg("--cacert").arg(self.ca());
        command.arg("--cert").arg(certificate).arg("--key").arg(key);
        command
    }

    fn redis_cli(&self, identity: &(PathBuf, PathBuf), words: &[&str]) -> String {
        let output = succeed(self.command("redis-cli", identity).args(words));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// Runs a client program of ours, which finds everything in its environment.
    fn check(&self, command: &mut Command) {
        command
            .env("PORT", self.database.port.to_string())
            .env("CA", self.ca())
            .envs([("READER_CERTIFICATE", &self.reader.0), ("READER_KEY", &self.reader.1)])
            .envs([("WRITER_CERTIFICATE", &self.writer.0), ("WRITER_KEY", &self.writer.1)]);
        let steps = String::from_utf8_lossy(&succeed(command).stdout).into_owned();
        println!("{steps}");
        assert!(
            steps.ends_with("ok: every call was made\n"),
            "the program did not reach its end"
        );
    }
}

#[tokio::test]
async fn redis_cli_of_the_page_is_the_user_of_its_certificate() {
    if !installed("redis-server") || !installed("redis-cli") {
        return;
    }
    let world = World::new().await;
    assert_eq!(world.redis_cli(&world.writer, &["ACL", "WHOAMI"]), "writer");
    assert_eq!(world.redis_cli(&world.writer, &["SET", "greeting", "hello"]), "OK");
    assert_eq!(world.redis_cli(&world.reader, &["ACL", "WHOAMI"]), "reader");
    assert_eq!(world.redis_cli(&world.reader, &["GET", "greeting"]), "hello");
    let refused = world.redis_cli(&world.reader, &["SET", "greeting", "bye"]);
    assert!(refused.starts_with("NOPERM"), "{refused}");
}

#[tokio::test]
async fn redis_benchmark_runs_through_the_front() {
    if !installed("redis-server") || !installed("redis-benchmark") {
        return;
    }
    let world = World::new().await;
    let mut command = world.command("redis-benchmark", &world.writer);
    let output = succeed(command.args(["-n", "2000", "-c", "20", "-P", "4", "-q"]));
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    for test in ["SET", "GET", "LPUSH", "ZADD", "MSET (10 keys)"] {
        assert!(printed.contains(&format!("{test}:")), "{printed}");
    }
}

#[tokio::test]
async fn redis_py_runs_its_calls() {
    if !installed("redis-server") || !installed("python3") {
        return;
    }
    let python = python_environment();
    World::new()
        .await
        .check(Command::new(python).arg(program("python/redis_calls.py")));
}

#[tokio::test]
async fn node_redis_runs_its_calls() {
    if !installed("redis-server") || !installed("node") || !installed("npm") {
        return;
    }
    let modules: &Path = &node_modules();
    World::new().await.check(
        Command::new("node")
            .current_dir(modules)
            .arg(modules.join("redis_calls.mjs")),
    );
}
