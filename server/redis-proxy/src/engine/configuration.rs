//! Engine configuration: written to a file at start, and applied with commands while the engine runs.

use std::fmt::Write as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use super::command::Command;
use super::login::CONTROL_USER;
use super::program::{EngineVersion, SELECTORS};
use super::secrets::EngineSecret;
use certward_redis_model::database::{AofPolicy, Database, EvictionPolicy, Persistence};

/// The part of an engine's configuration that follows from its database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EngineConfiguration {
    /// Limit of the data in bytes; 0 means unlimited.
    pub memory: u64,
    /// Selects the keys to evict when the memory limit is reached.
    pub eviction: EvictionPolicy,
    /// Selects the form in which the data is kept on disk.
    pub persistence: Persistence,
}

/// Parameters of an engine's start, in addition to the configuration of its database.
pub(super) struct Start<'a> {
    pub(super) version: EngineVersion,
    /// Directory of the engine's files, and its working directory.
    pub(super) directory: &'a Path,
    /// The name of the socket in that directory.
    pub(super) socket: &'a str,
    /// The password of the control user.
    pub(super) control: &'a EngineSecret,
    /// True if the engine loads the append-only file and continues it.
    pub(super) append_only: bool,
}

impl EngineConfiguration {
    /// The configuration that follows from `database`.
    pub fn of(database: &Database) -> Self {
        Self {
            memory: database.memory_size,
            eviction: database.eviction_policy,
            persistence: database.persistence.clone(),
        }
    }

    /// The text of `redis.conf`. Every value is quoted, so that it cannot inject further directives.
    pub(super) fn file(&self, start: &Start<'_>) -> String {
        let mut file = File(String::new());
        file.line("port", &["0"]);
        file.line("unixsocket", &[start.socket]);
        file.line("unixsocketperm", &["700"]);
        file.line("tcp-backlog", &[BACKLOG]);
        file.line("maxclients", &[MAX_CLIENTS]);
        file.line("daemonize", &["no"]);
        file.line("supervised", &["no"]);
        file.line("always-show-logo", &["no"]);
        file.line("crash-memcheck-enabled", &["no"]);
        file.line_of_bytes("dir", start.directory.as_os_str().as_bytes());
        if start.version >= SELECTORS {
            file.line("enable-protected-configs", &["no"]);
            file.line("enable-debug-command", &["no"]);
            file.line("enable-module-command", &["no"]);
        }
        // Payloads of `RESTORE` are checked, and so is what is loaded: a crafted one would end the engine at each start.
        file.line("sanitize-dump-payload", &["yes"]);
        file.line("proto-max-bulk-len", &[MAX_BULK]);
        // The name that every version knows; since 7.0 it is `busy-reply-threshold`.
        file.line("lua-time-limit", &[BUSY_AFTER_MILLISECONDS]);
        for (name, value) in self.client_limits(start.version) {
            file.line(name, &value.split(' ').collect::<Vec<_>>());
        }
        file.line(
            "client-output-buffer-limit",
            &PUBSUB_LIMIT.split(' ').collect::<Vec<_>>(),
        );
        file.line("maxmemory", &[&self.memory.to_string()]);
        file.line("maxmemory-policy", &[policy(self.eviction)]);
        file.line("appendonly", &[if start.append_only { "yes" } else { "no" }]);
        file.line("appendfsync", &[self.fsync()]);
        file.line("save", &[""]);
        if let Persistence::Snapshot(policies) = &self.persistence {
            for policy in policies {
                file.line("save", &[&policy.seconds.to_string(), &policy.writes.to_string()]);
            }
        }
        let password = start.control.rule();
        file.line("user", &[CONTROL_USER, "on", &password, "~*", "&*", "+@all"]);
        // Who may come in without a user of the cluster is the proxy's business: it logs in by a secret, as for any user.
        file.line("user", &["default", "off", "resetpass", "-@all"]);
        file.0
    }

    /// The commands that apply everything except persistence to a running engine.
    pub(super) fn commands(&self, version: EngineVersion) -> Vec<Command> {
        let set = |(name, value): (&str, String)| Command::new("CONFIG SET", [name, &value]);
        let limits = self.client_limits(version).into_iter().map(set);
        limits
            .chain([
                Command::new("CONFIG SET", ["maxmemory-policy", policy(self.eviction)]),
                Command::new("CONFIG SET", ["maxmemory", &self.memory.to_string()]),
            ])
            .collect()
    }

    /// Limits of the client output buffers: as large as the data limit, so that the largest value can be sent and
    /// received. The engine closes a client that exceeds its limit; if all clients together exceed theirs, it closes
    /// the largest ones.
    fn client_limits(&self, version: EngineVersion) -> Vec<(&'static str, String)> {
        let memory = match self.memory {
            0 => MAX_CLIENT_MEMORY,
            memory => memory.clamp(MIN_CLIENT_MEMORY, MAX_CLIENT_MEMORY),
        };
        let mut limits = vec![
            ("client-output-buffer-limit", format!("normal {memory} 0 0")),
            ("client-query-buffer-limit", memory.to_string()),
        ];
        if version >= SELECTORS {
            limits.push(("maxmemory-clients", memory.max(MIN_ALL_CLIENTS).to_string()));
        }
        limits
    }

    /// `appendfsync`, which has an effect only with an append-only file.
    pub(super) fn fsync(&self) -> &'static str {
        match self.persistence {
            Persistence::Aof(AofPolicy::Always) => "always",
            _ => "everysec",
        }
    }

    /// `save` as an argument of `CONFIG SET`; empty if no snapshots are wanted.
    pub(super) fn save(&self) -> String {
        let Persistence::Snapshot(policies) = &self.persistence else {
            return String::new();
        };
        let pairs: Vec<String> = policies
            .iter()
            .map(|policy| format!("{} {}", policy.seconds, policy.writes))
            .collect();
        pairs.join(" ")
    }
}

/// The lines of a configuration file, quoted for Redis's `sdssplitargs`.
struct File(String);

impl File {
    fn line(&mut self, directive: &str, values: &[&str]) {
        self.0.push_str(directive);
        for value in values {
            self.value(value.as_bytes());
        }
        self.0.push('\n');
    }

    fn line_of_bytes(&mut self, directive: &str, value: &[u8]) {
        self.0.push_str(directive);
        self.value(value);
        self.0.push('\n');
    }

    fn value(&mut self, value: &[u8]) {
        self.0.push_str(" \"");
        for &byte in value {
            if byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\') || byte == b' ' {
                self.0.push(char::from(byte));
            } else {
                write!(self.0, "\\x{byte:02x}").expect("writing to a String does not fail");
            }
        }
        self.0.push('"');
    }
}

/// Redis's name of a policy.
fn policy(policy: EvictionPolicy) -> &'static str {
    match policy {
        EvictionPolicy::NoEviction => "noeviction",
        EvictionPolicy::AllkeysLru => "allkeys-lru",
        EvictionPolicy::AllkeysLfu => "allkeys-lfu",
        EvictionPolicy::AllkeysRandom => "allkeys-random",
        EvictionPolicy::VolatileLru => "volatile-lru",
        EvictionPolicy::VolatileLfu => "volatile-lfu",
        EvictionPolicy::VolatileRandom => "volatile-random",
        EvictionPolicy::VolatileTtl => "volatile-ttl",
    }
}

/// Backlog of connections; the system limits it to `net.core.somaxconn`.
const BACKLOG: &str = "4096";
/// The largest string, which is Redis's default: clients may rely on it.
const MAX_BULK: &str = "536870912";
/// Redis's default. After this time a script can be killed, and other clients get `BUSY`.
const BUSY_AFTER_MILLISECONDS: &str = "5000";
/// Redis's default.
const PUBSUB_LIMIT: &str = "pubsub 33554432 8388608 60";
/// Enough for pipelines in a database of any size.
const MIN_CLIENT_MEMORY: u64 = 64 * 1024 * 1024;
/// Enough for ten thousand connections that are idle.
const MIN_ALL_CLIENTS: u64 = 256 * 1024 * 1024;
/// Enough for the largest string; used in a database without a limit.
const MAX_CLIENT_MEMORY: u64 = 1024 * 1024 * 1024;
/// More than the proxy accepts. The engine reduces it to its limit of open files.
const MAX_CLIENTS: &str = "65000";

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;

    use super::super::secrets::EngineSecrets;
    use super::*;

    #[test]
    fn no_value_of_the_file_can_be_read_as_more_than_a_value() {
        let configuration = EngineConfiguration {
            memory: 0,
            eviction: EvictionPolicy::default(),
            persistence: Persistence::Disabled,
        };
        let file = configuration.file(&Start {
            version: "7.0.0".parse().unwrap(),
            directory: Path::new(OsStr::from_bytes(b"/tmp/a b\"\xff\r\nport 1")),
            socket: "~a\"\nport 6379\n# \\",
            control: &EngineSecrets::new().of("certward"),
            append_only: false,
        });
        assert_eq!(
            file.lines().filter(|line| line.starts_with("port")).collect::<Vec<_>>(),
            ["port \"0\""]
        );
        assert!(file.contains("dir \"/tmp/a b\\x22\\xff\\x0d\\x0aport 1\"\n"), "{file}");
        assert!(
            file.contains("user \"default\" \"off\" \"resetpass\" \"-@all\"\n"),
            "{file}"
        );
        assert!(file.is_ascii(), "{file}");
    }
}
