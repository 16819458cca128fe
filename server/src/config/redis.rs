//! What Redis databases are made of: `Certward.Redis.*`.

use std::net::IpAddr;
use std::num::NonZeroU16;
use std::ops::RangeInclusive;
use std::path::PathBuf;

use secrecy::SecretString;
use url::{Host, Url};

use crate::cluster::database::DatabaseName;

/// The settings of Redis databases.
#[derive(Debug)]
pub struct RedisSettings {
    /// `Certward.Redis.ServerPath`: the program that databases are. None: `redis-server`, else `valkey-server`, in PATH.
    pub server_path: Option<PathBuf>,
    /// `Certward.Redis.Upstream`: Redis servers that are there already.
    pub upstreams: Vec<RedisUpstream>,
    /// `Certward.Redis.UpstreamCa`: what the certificates of `rediss://` servers must chain to. Set when
    /// one of them is named.
    pub upstream_ca_path: Option<PathBuf>,
    /// `Certward.Redis.ListenAddress`: where clients reach databases.
    pub listen_address: Host,
    /// `Certward.Redis.Ports`: for databases that name no port of their own.
    pub ports: RangeInclusive<u16>,
}

/// A Redis server that is there already, to be put behind a database.
#[derive(Debug)]
pub struct RedisUpstream {
    /// The database that it is put behind; none for the first that none is named for.
    pub database: Option<DatabaseName>,
    /// Whether TLS is spoken to it.
    pub tls: bool,
    /// Its host.
    pub host: Host,
    /// Its port; 6379 unless the URL names another.
    pub port: NonZeroU16,
    /// The ACL user to log in as; none for `default`.
    pub user: Option<String>,
    /// The password of that user, if it needs one.
    pub password: Option<SecretString>,
}

/// `URL`, or `NAME=URL`. The text is never shown: it holds a password.
pub(super) fn upstream(text: &str) -> Result<RedisUpstream, String> {
    // A URL may hold `=` too, but its scheme comes before.
    let (database, url) = match text.split_once('=') {
        Some((name, url)) if !name.contains(':') => {
            let name: DatabaseName = name.trim().parse().map_err(|error| format!("{error}"))?;
            (Some(name), url.trim())
        }
        _ => (None, text),
    };
    let url = Url::parse(url).map_err(|error| format!("is not a URL such as redis://127.0.0.1:6379: {error}"))?;
    let tls = match url.scheme() {
        "redis" => false,
        "rediss" => true,
        _ => return Err("must start with redis:// or rediss://".to_owned()),
    };
    if !matches!(url.path(), "" | "/" | "/0") || url.query().is_some() || url.fragment().is_some() {
        return Err("must be a scheme, user:password@ if needed, a host and a port only; clients select databases by number themselves".to_owned());
    }
    let host = url.host().filter(|host| !host.to_string().is_empty());
    Ok(RedisUpstream {
        database,
        tls,
        host: host
            .ok_or("has no host; expected one such as redis://127.0.0.1:6379")?
            .to_owned(),
        port: NonZeroU16::new(url.port().unwrap_or(REDIS_PORT)).ok_or("has port 0")?,
        user: Some(decoded(url.username())?).filter(|user| !user.is_empty()),
        password: url.password().map(decoded).transpose()?.map(SecretString::from),
    })
}

/// Refuses two upstreams for one database.
pub(super) fn check_upstreams(upstreams: &[RedisUpstream]) -> Result<(), String> {
    for (place, upstream) in upstreams.iter().enumerate() {
        let Some(name) = &upstream.database else { continue };
        if upstreams[..place]
            .iter()
            .any(|other| other.database.as_ref() == Some(name))
        {
            return Err(format!("names two servers for the database {name}; a database has one"));
        }
    }
    Ok(())
}

/// An address of this machine, or a name of one.
pub(super) fn listen_address(text: &str) -> Result<Host, String> {
    if let Ok(address) = text.parse::<IpAddr>() {
        return Ok(match address {
            IpAddr::V4(address) => Host::Ipv4(address),
            IpAddr::V6(address) => Host::Ipv6(address),
        });
    }
    Host::parse(text).map_err(|_| format!("is \"{text}\" and must be an address or the name of a host, without a port"))
}

/// `10000-19999`.
pub(super) fn ports(text: &str) -> Result<RangeInclusive<u16>, String> {
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

/// Resolves `%XX` (RFC 3986, section 2.1), in which a password's `@`, `:` and `/` must be written.
fn decoded(text: &str) -> Result<String, String> {
    let wrong = || "has a user or password whose %XX are no UTF-8".to_owned();
    let mut octets = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, others @ ..] = rest {
        rest = others;
        if *first != b'%' {
            octets.push(*first);
            continue;
        }
        let digits = others.get(..2).ok_or_else(wrong)?;
        let octet = data_encoding::HEXLOWER_PERMISSIVE.decode(digits).map_err(|_| wrong())?;
        octets.extend(octet);
        rest = &others[2..];
    }
    String::from_utf8(octets).map_err(|_| wrong())
}

const REDIS_PORT: u16 = 6379;

/// Ports below are the system's; the API gives databases none of them either.
const LEAST_PORT: u16 = 1024;

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    #[test]
    fn an_upstream_is_a_url_for_one_database_or_for_any() {
        let any = upstream("redis://127.0.0.1").unwrap();
        assert_eq!(
            (any.database, any.tls, any.port.get(), any.user),
            (None, false, 6379, None)
        );
        let named = upstream("cache=rediss://certward:p%40ss%3D@redis.example:6390/").unwrap();
        assert_eq!(named.database.unwrap().as_str(), "cache");
        assert_eq!(
            (named.host.to_string().as_str(), named.port.get()),
            ("redis.example", 6390)
        );
        assert_eq!(named.user.as_deref(), Some("certward"));
        assert_eq!(named.password.unwrap().expose_secret(), "p@ss=");
        let without_user = upstream("redis://:secret=@[::1]:1").unwrap();
        assert!(without_user.database.is_none() && without_user.user.is_none());
        assert_eq!(without_user.password.unwrap().expose_secret(), "secret=");
    }

    #[test]
    fn what_is_no_upstream_is_refused_without_being_shown() {
        for text in [
            "hunter2",
            "http://hunter2@h",
            "redis://hunter2@h/1",
            "redis://:hunter2@h?a=b",
            "redis://:hunter2@h:0",
            "redis://:hunter2%zz@h",
            "redis://",
            "a b=redis://hunter2@h",
        ] {
            let problem = upstream(text).unwrap_err();
            assert!(!problem.contains("hunter2"), "{problem}");
        }
        let twice = [upstream("a=redis://b").unwrap(), upstream("a=redis://c").unwrap()];
        assert!(check_upstreams(&twice).is_err());
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
