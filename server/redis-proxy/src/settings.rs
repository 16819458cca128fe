//! Settings of Redis databases: `Certward.Redis.*`.

use std::ffi::{OsStr, OsString};
use std::io;
use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use certward_pki::{Certificate, ErrorChain, certificates_from_pem};
use rustls_pki_types::CertificateDer;
use secrecy::{ExposeSecret as _, SecretString};
use url::{Host, Url};

use super::engine::{EngineAccount, EngineProgram, EngineProgramError, ExternalRedis};
use certward_redis_model::database::DatabaseName;
use certward_system::files::TrustedFile;

/// The settings of Redis databases.
#[derive(Debug)]
pub struct Settings {
    /// `DataDir`: the engines keep their data in a folder of it.
    pub data_dir: PathBuf,
    /// True if databases can be created: `Certward.RedisEnterprise.ServerUrl` is set.
    pub serves_api: bool,
    /// `Certward.Redis.EngineUser`: the system's user that databases run as. None: the server's own.
    pub engine_user: Option<EngineAccount>,
    /// `Certward.Redis.ServerPath`: the program that databases are. None: `redis-server`, else `valkey-server`, in
    /// [`Self::search_path`].
    pub server_path: Option<PathBuf>,
    /// `PATH`.
    pub search_path: OsString,
    /// `Certward.Redis.Upstream`: Redis servers that are there already. At most one is for no database in particular.
    pub upstreams: Vec<UpstreamSetting>,
    /// `Certward.Redis.UpstreamCa`: what the certificates of `rediss://` servers must chain to.
    pub upstream_authorities: Vec<Certificate>,
    /// `Certward.Redis.ListenAddress`: where clients reach databases.
    pub listen_address: Host,
    /// `Certward.Redis.Ports`: for databases that name no port of their own.
    pub ports: RangeInclusive<u16>,
}

/// A Redis server that is there already, to be put behind a database.
#[derive(Debug)]
pub struct UpstreamSetting {
    /// The database that it is put behind; none for the first that none is named for.
    pub database: Option<DatabaseName>,
    /// Its URL, which may hold a password.
    pub url: SecretString,
}

impl Settings {
    /// Parses the URL of an upstream.
    pub fn upstream(&self, setting: &UpstreamSetting) -> Result<ExternalRedis, String> {
        read_upstream(setting.url.expose_secret(), &self.upstream_authorities)
    }
}

/// `URL`, or `NAME=URL`. The text is never shown: it holds a password.
pub fn upstream(text: &str) -> Result<UpstreamSetting, String> {
    // A URL may hold `=` too, but its scheme comes before.
    let (database, url) = match text.split_once('=') {
        Some((name, url)) if !name.contains(':') => {
            let name: DatabaseName = name.trim().parse().map_err(|error| format!("{error}"))?;
            (Some(name), url.trim())
        }
        _ => (None, text),
    };
    Ok(UpstreamSetting {
        database,
        url: SecretString::from(url),
    })
}

/// Refuses URLs that name no Redis server, and two servers for one database.
pub fn check_upstreams(upstreams: &[UpstreamSetting], authorities: &[Certificate]) -> Result<(), String> {
    for (place, upstream) in upstreams.iter().enumerate() {
        read_upstream(upstream.url.expose_secret(), authorities)?;
        let is_same = |other: &UpstreamSetting| other.database == upstream.database;
        if upstreams[..place].iter().any(is_same) {
            return Err(match &upstream.database {
                Some(name) => format!("names two servers for the database {name}; a database has one"),
                None => "names several servers without the names of their databases; write NAME=URL".to_owned(),
            });
        }
    }
    Ok(())
}

fn read_upstream(url: &str, authorities: &[Certificate]) -> Result<ExternalRedis, String> {
    let url = Url::parse(url).map_err(|error| format!("holds no URL such as redis://127.0.0.1:6379: {error}"))?;
    let authorities: Vec<CertificateDer<'_>> = authorities.iter().map(|ca| ca.der().clone()).collect();
    ExternalRedis::new(&url, &authorities).map_err(|error| format!("is refused: {error}"))
}

/// The certificates of a PEM file.
pub fn authorities(path: &Path) -> Result<Vec<Certificate>, String> {
    let bytes = TrustedFile::open(path)
        .and_then(|file| file.read(MAX_FILE_BYTES))
        .map_err(|error| ErrorChain::new(&error).to_string())?;
    let text = str::from_utf8(&bytes).map_err(|_| format!("{} is not text", path.display()))?;
    certificates_from_pem(text).map_err(|error| format!("{} holds no certificates in PEM: {error}", path.display()))
}

/// Fails unless the program can be started as an engine. It is run once, to print its version.
pub fn try_program(path: &Path, search_path: &OsStr) -> Result<(), String> {
    // Settings are read where there is no runtime, or on a thread of one, which must not wait for another.
    let find = || -> io::Result<Result<EngineProgram, EngineProgramError>> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        Ok(runtime.block_on(EngineProgram::find(Some(path), search_path)))
    };
    match std::thread::scope(|scope| scope.spawn(find).join()) {
        Ok(Ok(Ok(_))) => Ok(()),
        Ok(Ok(Err(error))) => Err(ErrorChain::new(&error).to_string()),
        Ok(Err(error)) => Err(format!("cannot be tried: {error}")),
        Err(panic) => std::panic::resume_unwind(panic),
    }
}

/// A user of the system, by name or number.
pub fn engine_user(text: &str) -> Result<EngineAccount, String> {
    EngineAccount::find(text).map_err(|error| error.to_string())
}

/// An address of this machine, or a name of one.
pub fn listen_address(text: &str) -> Result<Host, String> {
    if let Ok(address) = text.parse::<IpAddr>() {
        return Ok(match address {
            IpAddr::V4(address) => Host::Ipv4(address),
            IpAddr::V6(address) => Host::Ipv6(address),
        });
    }
    Host::parse(text).map_err(|_| format!("is \"{text}\" and must be an address or the name of a host, without a port"))
}

/// `10000-19999`.
pub fn ports(text: &str) -> Result<RangeInclusive<u16>, String> {
    let port = |text: &str| text.trim().parse::<u16>().ok().filter(|port| *port >= LEAST_PORT);
    let range = text
        .split_once('-')
        .and_then(|(first, last)| Some((port(first)?, port(last)?)));
    match range {
        Some((first, last)) if first <= last => Ok(first..=last),
        _ => Err(format!(
            "is \"{text}\" and must be two ports from {LEAST_PORT} to 65535 with a hyphen between them, the lower first, such as 10000-19999"
        )),
    }
}

/// Ports below are the system's; the API gives databases none of them either.
const LEAST_PORT: u16 = 1024;

/// The bundle of all public CAs has about 250 kilobytes.
const MAX_FILE_BYTES: usize = 4 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_upstream_is_a_url_for_one_database_or_for_any() {
        let any = upstream("redis://:p=w@127.0.0.1").unwrap();
        assert_eq!(any.database, None);
        assert_eq!(any.url.expose_secret(), "redis://:p=w@127.0.0.1");
        let named = upstream("cache = redis://certward:p%40ss%3D@redis.example:6390/").unwrap();
        assert_eq!(named.database.as_ref().map(DatabaseName::as_str), Some("cache"));
        assert_eq!(check_upstreams(&[any, named], &[]), Ok(()));
    }

    #[test]
    fn what_is_no_upstream_is_refused_without_being_shown() {
        for text in [
            "hunter2",
            "http://hunter2@h",
            "redis://:hunter2@h/1",
            "redis://:hunter2@h?a=b",
            "redis://:hunter2%zz@h",
            "rediss://:hunter2@h",
            "redis://",
            "a b=redis://:hunter2@h",
            "redis://:hunter2@h;redis://:hunter2@i",
            "a=redis://:hunter2@h;a=redis://:hunter2@i",
        ] {
            let read: Result<Vec<_>, _> = text.split(';').map(upstream).collect();
            let problem = read.and_then(|read| check_upstreams(&read, &[])).unwrap_err();
            assert!(!problem.contains("hunter2"), "{problem}");
        }
    }

    #[test]
    fn a_range_of_ports_has_its_lower_port_first() {
        assert_eq!(ports("10000-19999"), Ok(10_000..=19_999));
        assert_eq!(ports(" 1024 - 1024 "), Ok(1024..=1024));
        for text in ["", "10000", "2000-1999", "80-90", "10000-70000", "a-b", "1-2-3"] {
            assert!(ports(text).is_err(), "{text}");
        }
    }

    #[test]
    fn databases_listen_on_an_address_or_a_name() {
        for (text, shown) in [
            ("0.0.0.0", "0.0.0.0"),
            ("::", "[::]"),
            ("[::1]", "[::1]"),
            ("db.example", "db.example"),
        ] {
            assert_eq!(listen_address(text).unwrap().to_string(), shown);
        }
        for text in ["db.example:1", "redis://h", "a b"] {
            assert!(listen_address(text).is_err(), "{text}");
        }
    }
}
