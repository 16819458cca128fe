//! Engines that run as a user of their own.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};

use super::super::{Engine, EngineAccount, EngineLogin};
use super::world::{ALWAYS, World, administer, ask, bulk, configuration, log_in, process_id, ready};

/// The numbers of a line of `/proc/PID/status`.
fn ids(status: &str, name: &str) -> Vec<u32> {
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    line.split_ascii_whitespace().map(|id| id.parse().unwrap()).collect()
}

#[tokio::test]
async fn an_engine_runs_as_its_user_without_the_groups_of_the_server_and_may_change_nothing_of_the_servers() {
    if !rustix::process::geteuid().is_root() {
        // Nobody else can start it so, which the setting says.
        assert!(EngineAccount::find("nobody").is_err());
        return;
    }
    let world = World::new().await.expect("make test installs redis-server");
    let account = EngineAccount::find("nobody").unwrap();
    let directory = world.directory();
    // Data that an engine of the server's own user has left is taken over.
    let engine = world.engine(configuration(ALWAYS)).await;
    let mut connection = log_in(&engine, &EngineLogin::DefaultUser).await;
    ask(&mut connection, "SET", ["kept", "1"]).await.unwrap();
    engine.stop().await;

    let above = directory.parent().unwrap();
    fs::set_permissions(above, fs::Permissions::from_mode(0o700)).unwrap();
    let refused = world.program.clone().run_as(account.clone(), above).await.unwrap_err();
    assert!(refused.to_string().contains("chmod o+x"), "{refused}");
    account.let_through(above).unwrap();
    assert_eq!(fs::metadata(above).unwrap().permissions().mode() & 0o777, 0o710);
    let program = world.program.clone().run_as(account.clone(), above).await.unwrap();
    let engine = Engine::supervise(&program, directory.clone(), configuration(ALWAYS), &world.tasks);
    ready(&engine).await;
    let mut connection = log_in(&engine, &EngineLogin::DefaultUser).await;
    assert_eq!(ask(&mut connection, "GET", ["kept"]).await.unwrap(), bulk("1"));
    ask(&mut connection, "SET", ["new", "1"]).await.unwrap();

    let pid = process_id(&engine).await.as_raw_nonzero();
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    assert_eq!(ids(&status, "Uid:"), [account.uid(); 4]);
    assert_eq!(ids(&status, "Gid:"), [account.gid(); 4]);
    assert_eq!(ids(&status, "Groups:"), [] as [u32; 0]);

    let metadata = |name: &str| fs::symlink_metadata(directory.join(name)).unwrap();
    assert_eq!(
        (metadata("").uid(), metadata("").permissions().mode() & 0o7777),
        (0, 0o1770)
    );
    for (name, mode) in [("redis.conf", 0o640), ("engine.log", 0o600), ("lock", 0o600)] {
        assert_eq!(
            (metadata(name).uid(), metadata(name).permissions().mode() & 0o777),
            (0, mode),
            "{name}"
        );
    }
    assert_eq!(metadata("engine.sock").uid(), account.uid());
    assert_eq!(metadata("engine.sock").permissions().mode() & 0o077, 0);

    // What the engine puts in the place of a file of the server's is not followed.
    let victim = above.join("victim");
    fs::write(&victim, "untouched").unwrap();
    symlink(&victim, directory.join("engine.log.1")).unwrap();
    let log = fs::OpenOptions::new()
        .write(true)
        .open(directory.join("engine.log"))
        .unwrap();
    log.set_len(2 * 1024 * 1024).unwrap();
    tokio::time::sleep(std::time::Duration::from_millis(2500)).await;
    assert_eq!(fs::read_to_string(&victim).unwrap(), "untouched");

    administer(&engine, "CONFIG REWRITE", []).await.unwrap_err();
    engine.remove().await.unwrap();
    assert!(!directory.exists());
}
