//! The sources of certificates: the registry, the cluster, the settings, and the listeners.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use certward_pki::{Certificate, certificates_from_pem};

use super::WarnDays;
use super::{Key, Name, Sighting, Use};
use certward_certificates::server_certificate::ServerCertificates;
use certward_ravendb::model::registry::Registry;
use certward_ravendb::usecases::Authority;
use certward_redis_enterprise::cluster::Cluster;
use certward_redis_model::named_certificate::CertificateName;
use certward_system::clock::Clock;

/// The parts of the server that have certificates in use.
#[derive(Debug)]
pub(crate) struct Sources {
    pub(crate) authority: Arc<Authority>,
    pub(crate) cluster: Arc<Cluster>,
    pub(crate) server_certificates: Arc<ServerCertificates>,
    /// Those of the settings.
    pub(crate) well_known_issuers: Vec<Certificate>,
    /// Those of the settings.
    pub(crate) upstream_authorities: Vec<Certificate>,
    /// The days before the expiry at which warnings are given.
    pub(crate) warn_days: WarnDays,
    pub(crate) clock: Arc<dyn Clock>,
}

/// Visits each certificate in use, once per use. A renewed certificate is omitted: another one with the same key serves
/// the same purpose, and lasts longer.
pub(super) fn each_certificate(sources: &Sources, mut visit: impl FnMut(Sighting<'_>)) {
    each_registered(sources.authority.registry(), &mut visit);

    let server = sources.server_certificates.current();
    let issuers: Vec<_> = server
        .chain()
        .iter()
        .filter_map(|der| Certificate::from_der(der.clone()).ok())
        .collect();
    each_of(Use::Server, None, [server.certificate()], &mut visit);
    each_of(Use::ServerIssuer, None, &issuers, &mut visit);
    each_of(Use::WellKnownIssuer, None, &sources.well_known_issuers, &mut visit);
    each_of(Use::UpstreamCa, None, &sources.upstream_authorities, &mut visit);

    let state = sources.cluster.state();
    let databases: Vec<_> = state.databases().map(Arc::clone).collect();
    let named: Vec<_> = state.certificates().iter().map(Arc::clone).collect();
    let authorities = state.trust_anchors().map(Arc::clone);
    // A change of the cluster meanwhile must not have to copy it.
    drop(state);
    if let Some(authorities) = authorities {
        each_of(Use::ClusterCa, None, authorities.certificates(), &mut visit);
    }
    let others = named
        .iter()
        .filter(|named| named.name != CertificateName::MtlsTrustedCa);
    for named in others {
        let certificates = certificates_from_pem(&named.certificate).unwrap_or_default();
        let name = Some(named.name.as_str());
        let used_as = if named.name.is_in_use() {
            Use::Cluster(named.name)
        } else {
            Use::ClusterUnused(named.name)
        };
        each_of(used_as, name, &certificates, &mut visit);
    }
    for database in databases {
        let trusted = database.tls.client_certificates.certificates();
        each_of(Use::DatabaseTrusted(database.uid), None, trusted, &mut visit);
        if let Some(own) = &database.tls.certificate {
            let chain = certificates_from_pem(&own.chain).unwrap_or_default();
            each_of(Use::DatabaseServer(database.uid), None, &chain, &mut visit);
        }
    }
}

/// Visits the registered certificates that admit clients. Handshakes need the registry too, so it is locked for one
/// page at a time.
pub(super) fn each_registered(registry: &Registry, visit: &mut impl FnMut(Sighting<'_>)) {
    let mut last = None;
    // Asked for once each: a key may be that of many certificates.
    let mut shared_keys = HashMap::new();
    loop {
        let page = registry.page_after(last.as_ref(), PAGE);
        let Some(end) = page.last() else { return };
        last = Some(end.thumbprint);
        for entry in page.iter().filter(|entry| !entry.disabled) {
            let hash = entry.pinning_hash;
            let renewal = shared_keys.get(&hash).copied().or_else(|| {
                let end = registry.last_end_of_shared_key(&hash)?;
                shared_keys.insert(hash, end);
                Some(end)
            });
            if renewal.is_some_and(|renewal| renewal > entry.validity.not_after) {
                continue;
            }
            visit(Sighting {
                key: Key {
                    used_as: Use::Client,
                    thumbprint: entry.thumbprint,
                },
                name: Name::Given(&entry.name),
                not_after: entry.validity.not_after,
            });
        }
    }
}

/// Visits the certificates of one use.
fn each_of<'a>(
    used_as: Use,
    name: Option<&str>,
    certificates: impl IntoIterator<Item = &'a Certificate>,
    visit: &mut impl FnMut(Sighting<'_>),
) {
    let certificates: Vec<_> = certificates.into_iter().collect();
    // The same name and key: the later one stands for the earlier.
    let holder = |certificate: &'a Certificate| (certificate.subject(), certificate.subject_public_key_info_der());
    let mut ends = HashMap::new();
    for &certificate in &certificates {
        let end = certificate.validity().not_after;
        let last = ends.entry(holder(certificate)).or_insert(end);
        *last = end.max(*last);
    }
    let mut seen = HashSet::new();
    for &certificate in &certificates {
        let (thumbprint, not_after) = (certificate.thumbprint(), certificate.validity().not_after);
        let is_renewed = ends.get(&holder(certificate)).is_some_and(|last| *last > not_after);
        // A file may have one twice, and two series must not share their labels.
        if !is_renewed && seen.insert(thumbprint) {
            visit(Sighting {
                key: Key { used_as, thumbprint },
                name: name.map_or(Name::Subject(certificate.subject()), Name::Given),
                not_after,
            });
        }
    }
}

/// Number of certificates per lock of the registry, which takes some microseconds.
const PAGE: usize = 1000;

#[cfg(test)]
mod tests {
    use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, KeyPair};
    use time::macros::datetime;
    use time::{Duration, OffsetDateTime};

    use super::*;
    use certward_ravendb::model::clearance::{Permissions, SecurityClearance};
    use certward_ravendb::model::definition::{Grant, RegisteredCertificate};

    const NOW: OffsetDateTime = datetime!(2026-11-30 12:00 UTC);

    fn certificate(name: &str, key: &KeyPair, days: i64) -> Certificate {
        let mut parameters = CertificateParams::default();
        parameters.distinguished_name = rcgen::DistinguishedName::new();
        parameters.distinguished_name.push(DnType::CommonName, name);
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        parameters.not_before = NOW - Duration::DAY;
        parameters.not_after = NOW + Duration::days(days);
        Certificate::from_der(parameters.self_signed(key).unwrap().der().clone()).unwrap()
    }

    fn entry(name: &str, key: &KeyPair, days: i64, disabled: bool) -> RegisteredCertificate {
        let grant = Grant {
            name: name.to_owned(),
            clearance: SecurityClearance::ValidUser,
            permissions: Permissions::default(),
            disabled,
            two_factor_key: None,
        };
        RegisteredCertificate::new(&certificate(name, key, days), grant)
    }

    fn registered(entries: Vec<RegisteredCertificate>) -> Vec<(String, i64)> {
        let mut shown = Vec::new();
        each_registered(&Registry::new(entries), &mut |sighting: Sighting<'_>| {
            shown.push((sighting.name.to_string(), (sighting.not_after - NOW).whole_days()));
        });
        shown.sort();
        shown
    }

    #[test]
    fn a_registered_certificate_counts_unless_it_is_disabled_or_renewed() {
        let (one, other) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
        let shown = registered(vec![
            entry("renewed", &one, 3, false),
            entry("renewal", &one, 90, false),
            entry("kept", &other, 5, false),
            entry("switched off", &other, 6, true),
        ]);
        assert_eq!(shown, [("kept".to_owned(), 5), ("renewal".to_owned(), 90)]);
    }

    #[test]
    fn every_page_of_the_registry_is_shown() {
        let key = KeyPair::generate().unwrap();
        let one = entry("client", &key, 5, false);
        let count = 2 * PAGE + 1;
        let entries = (0..count).map(|number| {
            let mut thumbprint = [0; 20];
            thumbprint[..8].copy_from_slice(&(number as u64).to_be_bytes());
            RegisteredCertificate {
                thumbprint: certward_pki::Thumbprint::from_bytes(thumbprint),
                ..one.clone()
            }
        });
        assert_eq!(registered(entries.collect()).len(), count);
    }

    #[test]
    fn a_ca_that_was_renewed_with_its_key_counts_by_its_renewal_and_one_given_twice_once() {
        let (key, another) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
        let twice = certificate("b", &key, 5);
        let cas = [
            certificate("a", &key, 3),
            certificate("a", &key, 90),
            certificate("a", &another, 4),
            twice.clone(),
            twice,
        ];
        let mut shown = Vec::new();
        each_of(Use::ClusterCa, None, &cas, &mut |sighting: Sighting<'_>| {
            shown.push((sighting.name.to_string(), (sighting.not_after - NOW).whole_days()));
        });
        let expected = [("CN=a", 90), ("CN=a", 4), ("CN=b", 5)].map(|(name, days)| (name.to_owned(), days));
        assert_eq!(shown, expected);
    }
}
