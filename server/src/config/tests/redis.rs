//! `Certward.Redis.*`.

use super::*;

#[test]
fn databases_listen_where_the_api_does_unless_they_are_told_to_listen_elsewhere() {
    for (arguments, expected) in [
        (&[][..], "127.0.0.1"),
        (
            &["--Certward.RedisEnterprise.ServerUrl=https://10.0.0.1:9443"],
            "10.0.0.1",
        ),
        (
            &[
                "--Certward.RedisEnterprise.ServerUrl=https://10.0.0.1:9443",
                "--Certward.Redis.ListenAddress=::",
            ],
            "[::]",
        ),
    ] {
        let settings = Folder::new(GOOD).load(&[], arguments).unwrap();
        assert_eq!(settings.redis.listen_address.to_string(), expected);
        assert_eq!(settings.redis.ports, 10_000..=19_999);
    }
}

#[test]
fn an_upstream_with_tls_needs_its_cas_and_no_mistake_shows_its_password() {
    let with_tls = mistake("Certward.Redis.Upstream", "rediss://:hunter2@h");
    assert!(with_tls.problem.contains("Certward.Redis.UpstreamCa"), "{with_tls}");
    let twice = mistake("Certward.Redis.Upstream", "a=redis://:hunter2@b;a=redis://:hunter2@c");
    let wrong = mistake("Certward.Redis.Upstream", "redis://:hunter2@h/7");
    for mistake in [with_tls, twice, wrong] {
        assert!(!mistake.to_string().contains("hunter2"), "{mistake}");
    }
    mistake("Certward.Redis.UpstreamCa", "server.pfx");
    mistake("Certward.Redis.Ports", "19999-10000");
    // For root there is no such user, and nobody else may name one.
    mistake("Certward.Redis.EngineUser", "no-such-user");
    mistake("Certward.Redis.ListenAddress", "h:1");
}

#[test]
fn cas_that_cannot_be_read_are_the_one_mistake_about_a_server_with_tls() {
    let folder = Folder::new(GOOD);
    let arguments = [
        "--Certward.Redis.Upstream=rediss://:hunter2@h",
        "--Certward.Redis.UpstreamCa=missing.pem",
    ];
    let mistakes = folder.load(&[], &arguments).unwrap_err();
    let keys: Vec<_> = mistakes.iter().map(|mistake| mistake.key.as_str()).collect();
    assert_eq!(keys, ["Certward.Redis.UpstreamCa"], "{mistakes}");
}

#[test]
fn a_program_is_a_path_from_the_settings_folder_or_a_name() {
    for (value, expected) in [
        ("redis-server-7", None),
        ("bin/redis-server", Some("bin/redis-server")),
        ("/opt/redis-server", Some("/opt/redis-server")),
    ] {
        let folder = Folder::new(GOOD);
        let path = folder
            .load(&[], &[&format!("--Certward.Redis.ServerPath={value}")])
            .unwrap()
            .redis
            .server_path
            .clone()
            .unwrap();
        let expected = expected.map_or(value.into(), |expected| folder.0.path().join(expected));
        assert_eq!(path, expected);
    }
}
