//! The engine's program: `redis-server` or `valkey-server`.

use std::ffi::OsStr;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::str::FromStr;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::{Child, Command};

use super::account::EngineAccount;
use certward_redis_model::redis_acl_rules::DatabaseVersion;
use certward_system::files::closed_to;
use certward_system::shell::ShellWord;

/// A program that can be started as an engine: it exists, and has printed its version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EngineProgram {
    path: PathBuf,
    version: EngineVersion,
    /// The user to run it as; none for the server's own.
    account: Option<EngineAccount>,
}

/// The version of an engine. Valkey's versions continue Redis 7.2's, so they have one order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct EngineVersion {
    major: u16,
    minor: u16,
    patch: u16,
}

/// No engine can be started.
#[derive(Debug, thiserror::Error)]
pub enum EngineProgramError {
    /// None of the programs is installed.
    #[error(
        "neither redis-server nor valkey-server is installed; install one of them (Debian and Ubuntu: apt-get install \
         redis-server; Fedora: dnf install valkey), or name one in Certward.Redis.ServerPath"
    )]
    NotInstalled,
    /// The program of the setting cannot be run.
    #[error("{} cannot be run; name a redis-server or valkey-server in Certward.Redis.ServerPath", path.display())]
    NotRunnable {
        /// The program.
        path: PathBuf,
        /// The cause.
        #[source]
        source: io::Error,
    },
    /// It runs, but is not an engine.
    #[error("{} is neither redis-server nor valkey-server: it does not say its version", path.display())]
    NotAnEngine {
        /// The program.
        path: PathBuf,
    },
    /// It cannot be run as the user of `Certward.Redis.EngineUser`.
    #[error(
        "{} cannot be run as {name} in {}; the user needs the right to run it, and to go through every directory above \
         DataDir (chmod o+x)",
        path.display(), directory.display()
    )]
    Account {
        /// The program.
        path: PathBuf,
        /// The user.
        name: String,
        /// The directory that holds the engines' directories.
        directory: PathBuf,
        /// The cause.
        #[source]
        source: io::Error,
    },
    /// The user of `Certward.Redis.EngineUser` cannot traverse a directory.
    #[error(
        "databases run as {name} (Certward.Redis.EngineUser), who cannot go through {}; run: chmod o+x {}, or choose \
         a DataDir that is open for all users, such as one below /var/lib",
        folder.display(),
        ShellWord::of(folder)
    )]
    Closed {
        /// The user.
        name: String,
        /// The topmost such directory.
        folder: PathBuf,
    },
    /// The engines' directories cannot be created, or not be opened to the user of `Certward.Redis.EngineUser`.
    #[error("the directory of databases in DataDir cannot be opened for the user of Certward.Redis.EngineUser")]
    Directory(#[source] io::Error),
    /// It is too old.
    #[error(
        "{} is version {version}; databases need Redis {OLDEST} or newer, or Valkey; install one, or name one in \
         Certward.Redis.ServerPath",
        path.display()
    )]
    TooOld {
        /// The program.
        path: PathBuf,
        /// The version that it prints.
        version: EngineVersion,
    },
}

impl EngineProgram {
    /// Finds the program of the setting; without a setting `redis-server`, then `valkey-server`. A bare name is
    /// searched in `search_path`, which has the form of `PATH`. The program is run once, to print its version.
    ///
    /// # Errors
    ///
    /// [`EngineProgramError`], which names the packages to install.
    pub async fn find(setting: Option<&Path>, search_path: &OsStr) -> Result<Self, EngineProgramError> {
        let installed = |name: &OsStr| {
            std::env::split_paths(search_path)
                .map(|directory| directory.join(name))
                .find(|path| path.is_file())
        };
        if let Some(setting) = setting {
            let is_name = setting.file_name() == Some(setting.as_os_str());
            let found = is_name.then(|| installed(setting.as_os_str())).flatten();
            return Self::at(found.unwrap_or_else(|| setting.to_owned())).await;
        }
        let mut refusal = EngineProgramError::NotInstalled;
        for name in NAMES {
            let Some(path) = installed(OsStr::new(name)) else {
                continue;
            };
            match Self::at(path).await {
                Ok(program) => return Ok(program),
                Err(error) => refusal = error,
            }
        }
        Err(refusal)
    }

    async fn at(path: PathBuf) -> Result<Self, EngineProgramError> {
        let run = Command::new(&path)
            .arg("--version")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn();
        let output = match run.map(output_in_time) {
            Ok(output) => output.await,
            Err(error) => Err(error),
        };
        let output = match output {
            Ok(output) => output,
            Err(error) if error.kind() == io::ErrorKind::TimedOut => {
                return Err(EngineProgramError::NotAnEngine { path });
            }
            Err(source) => return Err(EngineProgramError::NotRunnable { path, source }),
        };
        match version_of(&String::from_utf8_lossy(&output.stdout)) {
            None => Err(EngineProgramError::NotAnEngine { path }),
            Some(version) if version < OLDEST => Err(EngineProgramError::TooOld { path, version }),
            Some(version) => Ok(Self {
                path,
                version,
                account: None,
            }),
        }
    }

    /// The same program, run as `account`. It is run once in `directory`, the parent of the engines' directories, to
    /// check that the account may enter it and run the program.
    ///
    /// # Errors
    ///
    /// [`EngineProgramError::Closed`], [`EngineProgramError::Account`].
    pub async fn run_as(self, account: EngineAccount, directory: &Path) -> Result<Self, EngineProgramError> {
        let refused = |source| EngineProgramError::Account {
            path: self.path.clone(),
            name: account.name().to_owned(),
            directory: directory.to_owned(),
            source,
        };
        if let Some(folder) =
            closed_to(directory, account.uid(), account.gid()).map_err(EngineProgramError::Directory)?
        {
            let name = account.name().to_owned();
            return Err(EngineProgramError::Closed { name, folder });
        }
        let run = Command::new(&self.path)
            .arg("--version")
            .current_dir(directory)
            .uid(account.uid())
            .gid(account.gid())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .map_err(refused)?;
        let status = output_in_time(run).await.map_err(refused)?.status;
        if !status.success() {
            return Err(refused(io::Error::other(status.to_string())));
        }
        Ok(Self {
            account: Some(account),
            ..self
        })
    }

    /// The user that it runs as; none for the server's own.
    pub(super) fn account(&self) -> Option<&EngineAccount> {
        self.account.as_ref()
    }

    /// Path of the program.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The version of the program.
    pub fn version(&self) -> EngineVersion {
        self.version
    }
}

impl EngineVersion {
    /// True if the engine knows the rules of `needed`. Redis Enterprise has selectors, `%R~` and denied subcommands
    /// since its databases of version 7.2; Redis has them since 7.0.
    pub fn takes(self, needed: DatabaseVersion) -> bool {
        match needed {
            DatabaseVersion::V6_0 | DatabaseVersion::V6_2 => true,
            DatabaseVersion::V7_2 => self >= SELECTORS,
        }
    }
}

impl fmt::Display for EngineVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

impl FromStr for EngineVersion {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let mut parts = text.split('.').map(|part| {
            let digits = part.split(|c: char| !c.is_ascii_digit()).next().unwrap_or_default();
            digits.parse().map_err(|_| ())
        });
        Ok(Self {
            major: parts.next().ok_or(())??,
            minor: parts.next().ok_or(())??,
            patch: parts.next().unwrap_or(Ok(0))?,
        })
    }
}

/// `Redis server v=7.0.15 sha=…` or `Valkey server v=8.1.0 sha=…`.
fn version_of(line: &str) -> Option<EngineVersion> {
    let mut words = line.split_whitespace();
    words.next().filter(|name| ["Redis", "Valkey"].contains(name))?;
    words.find_map(|word| word.strip_prefix("v="))?.parse().ok()
}

/// Waits for a program that leads its own process group. After [`ANSWER_TIMEOUT`] the error is
/// [`io::ErrorKind::TimedOut`], and the whole group is killed, because a script's children would continue.
async fn output_in_time(program: Child) -> io::Result<Output> {
    let group = program.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
    let output = program.wait_with_output();
    tokio::pin!(output);
    match tokio::time::timeout(ANSWER_TIMEOUT, &mut output).await {
        Ok(output) => output,
        Err(elapsed) => {
            if let Some(group) = group {
                // An error says that nobody is left.
                _ = kill_process_group(group, Signal::KILL);
            }
            Err(elapsed.into())
        }
    }
}

/// In order of preference.
const NAMES: [&str; 2] = ["redis-server", "valkey-server"];
/// The first version with `RESET`, channels in ACLs, and the used form of `ACL SETUSER`.
const OLDEST: EngineVersion = EngineVersion {
    major: 6,
    minor: 2,
    patch: 0,
};
/// The first version with ACL selectors and protected configuration.
pub(super) const SELECTORS: EngineVersion = EngineVersion {
    major: 7,
    minor: 0,
    patch: 0,
};
/// An engine prints its version immediately.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn versions_are_read_from_what_redis_and_valkey_say_of_themselves() {
        for (line, expected) in [
            (
                "Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64",
                Some("7.0.15"),
            ),
            (
                "Valkey server v=8.1.0 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64",
                Some("8.1.0"),
            ),
            ("Redis server v=7.4.0-rc1 sha=0", Some("7.4.0")),
            ("redis-cli 7.0.15", None),
            ("", None),
        ] {
            let version = version_of(line).map(|version| version.to_string());
            assert_eq!(version.as_deref(), expected, "{line}");
        }
    }

    #[test]
    fn selectors_need_redis_7() {
        for (version, takes) in [("6.2.14", false), ("7.0.0", true), ("7.2.4", true), ("8.1.0", true)] {
            let version: EngineVersion = version.parse().unwrap();
            assert_eq!(version.takes(DatabaseVersion::V7_2), takes, "{version}");
            assert!(version.takes(DatabaseVersion::V6_2), "{version}");
        }
    }

    /// A script named `name` that prints `line`.
    fn program(directory: &Path, name: &str, line: &str) -> PathBuf {
        let path = directory.join(name);
        std::fs::write(&path, format!("#!/bin/sh\necho '{line}'\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700)).unwrap();
        path
    }

    #[tokio::test]
    async fn valkey_is_taken_where_redis_is_not_installed_or_too_old() {
        let directory = tempfile::tempdir().unwrap();
        let search = directory.path().as_os_str();
        let error = EngineProgram::find(None, search).await.unwrap_err();
        assert!(error.to_string().contains("apt-get install redis-server"), "{error}");

        program(directory.path(), "redis-server", "Redis server v=6.0.16 sha=0");
        let error = EngineProgram::find(None, search).await.unwrap_err();
        assert!(matches!(error, EngineProgramError::TooOld { .. }), "{error}");

        let valkey = program(directory.path(), "valkey-server", "Valkey server v=8.1.0 sha=0");
        let found = EngineProgram::find(None, search).await.unwrap();
        assert_eq!(
            (found.path(), found.version().to_string().as_str()),
            (valkey.as_path(), "8.1.0")
        );
        let named = EngineProgram::find(Some(Path::new("valkey-server")), search)
            .await
            .unwrap();
        assert_eq!(named, found);
    }

    #[tokio::test]
    async fn a_setting_that_names_no_engine_is_refused_with_its_own_name() {
        let directory = tempfile::tempdir().unwrap();
        let missing = directory.path().join("nothing");
        let error = EngineProgram::find(Some(&missing), OsStr::new("")).await.unwrap_err();
        assert!(matches!(error, EngineProgramError::NotRunnable { .. }), "{error}");
        assert!(error.to_string().contains("Certward.Redis.ServerPath"), "{error}");

        let other = program(directory.path(), "other", "hello");
        let error = EngineProgram::find(Some(&other), OsStr::new("")).await.unwrap_err();
        assert!(matches!(error, EngineProgramError::NotAnEngine { .. }), "{error}");
    }

    #[tokio::test]
    async fn a_program_that_does_not_end_leaves_nothing_behind() {
        let directory = tempfile::tempdir().unwrap();
        let child = directory.path().join("child");
        let script = format!("'\nsleep 600 & echo $! >'{}'; wait; echo '", child.display());
        let endless = program(directory.path(), "endless", &script);
        let error = EngineProgram::find(Some(&endless), OsStr::new("")).await.unwrap_err();
        assert!(matches!(error, EngineProgramError::NotAnEngine { .. }), "{error}");
        let child = std::fs::read_to_string(child).unwrap();
        let state = || std::fs::read_to_string(format!("/proc/{}/stat", child.trim())).unwrap_or_default();
        // Ended, whether or not somebody has asked for its status yet.
        let is_over = || state().is_empty() || state().contains(") Z ");
        for _ in 0..100 {
            if is_over() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("it runs: {}", state());
    }
}
