//! The cluster as answers show it: its settings among the members that a real cluster has.

use super::super::timestamp::timestamp;
use super::super::wire::Cluster;
use certward_redis_model::named_certificate::CertificateName;
use certward_redis_model::settings::ClusterSettings;
use certward_redis_model::state::ClusterState;

/// The cluster, with these settings.
pub(super) fn shown(state: &ClusterState, settings: &ClusterSettings, server_certificate: &str) -> Cluster {
    let identity = state.identity();
    let certificate = |name| state.certificates().get(name).map(|kept| kept.certificate.as_str());
    let proxy = certificate(CertificateName::Proxy).unwrap_or(server_certificate);
    Cluster {
        name: Some(identity.name.clone()),
        created_time: Some(timestamp(identity.created_at)),
        proxy_certificate: Some(proxy.to_owned()),
        syncer_certificate: Some(certificate(CertificateName::Syncer).unwrap_or_default().to_owned()),
        password_hashing_algorithm: Some(settings.password_hashing_algorithm),
        ..Cluster::showing(settings)
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use serde_json::{Map, Value};

    use super::super::super::answer;
    use super::super::super::json::{Access, Body as _, Kind};
    use super::*;
    use certward_redis_model::state::ClusterIdentity;

    fn fresh() -> Map<String, Value> {
        let state = ClusterState::fresh(ClusterIdentity {
            name: "house.test".to_owned(),
            created_at: datetime!(2026-11-22 12:00 UTC),
        });
        answer::members(&shown(&state, state.settings(), ""))
    }

    #[test]
    fn the_schema_has_every_member_that_is_shown_and_no_other() {
        let mut shown: Vec<String> = fresh().keys().cloned().collect();
        let mut described: Vec<String> = Cluster::SCHEMA.members().map(|member| member.name.to_owned()).collect();
        shown.sort();
        described.sort();
        assert_eq!(shown, described);
    }

    #[test]
    fn a_fresh_cluster_shows_what_was_captured_from_a_real_one() {
        let captured: Value = serde_json::from_str(include_str!(
            "../../../../../acceptance-tests/contract/redis_enterprise/cluster/read.answer.json"
        ))
        .unwrap();
        // Of this cluster itself; and what this server does not have.
        let own = [
            "name",
            "created_time",
            "proxy_certificate",
            "syncer_certificate",
            "cluster_ssh_public_key",
            "http_support",
            "data_cipher_list",
        ];
        let shown = fresh();
        for (name, value) in captured["body"].as_object().unwrap() {
            if !own.contains(&name.as_str()) {
                assert_eq!(shown.get(name), Some(value), "{name}");
            }
        }
    }

    #[test]
    fn members_that_can_be_changed_have_values_of_their_kind() {
        let shown = fresh();
        for member in Cluster::SCHEMA.members() {
            let value = &shown[member.name];
            if member.access == Access::Optional {
                let right = match member.kind {
                    Kind::Boolean => value.is_boolean(),
                    Kind::Integer { min, max } => value.as_i64().is_some_and(|number| (min..=max).contains(&number)),
                    Kind::Text { .. } | Kind::CheckedLater { .. } => value.is_string(),
                    Kind::OneOf(words) => value.as_str().is_some_and(|word| words.contains(&word)),
                    Kind::Texts | Kind::TextsOf(_) | Kind::Objects(_) => value.is_array(),
                    _ => false,
                };
                assert!(right, "{}: {value}", member.name);
            }
        }
    }
}
