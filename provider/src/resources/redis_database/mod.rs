//! The resource `certward_redis_database`.

mod client_certificates;
mod definition;
mod lifecycle;
pub(crate) mod model;
mod mtls;
#[cfg(test)]
mod own_setting_tests;
mod persistence;
mod plan;
mod roles_permissions;
mod schema;
#[cfg(test)]
mod testing;
mod validate;

use certward::pki::DistinguishedName;
use certward::redis_enterprise::{DatabaseUid, Removal, TrustScope};
use tf_provider::schema::Schema;
use tf_provider::{AttributePath, Diagnostics};
use time::OffsetDateTime;

pub(crate) use lifecycle::endpoint;
pub(crate) use model::RedisDatabaseState;

use crate::resources::redis_object::Planned;
use crate::session::Kind;

/// `certward_redis_database`: a Redis database on a Redis Enterprise cluster.
pub(crate) enum RedisDatabase {}

impl Planned for RedisDatabase {
    fn schema() -> Schema {
        schema::redis_database()
    }

    fn write_only() -> Vec<AttributePath> {
        vec![AttributePath::new(PASSWORD)]
    }

    fn validate(diags: &mut Diagnostics, config: &RedisDatabaseState) {
        validate::validate(diags, config);
    }

    fn plan_create(_diags: &mut Diagnostics, config: RedisDatabaseState) -> Option<RedisDatabaseState> {
        Some(plan::create(config))
    }

    fn plan_update(
        _diags: &mut Diagnostics,
        prior: &RedisDatabaseState,
        config: RedisDatabaseState,
        _own: Option<&DistinguishedName>,
    ) -> Option<RedisDatabaseState> {
        Some(plan::update(prior, config))
    }

    fn check_plan(
        diags: &mut Diagnostics,
        prior: Option<&RedisDatabaseState>,
        planned: &RedisDatabaseState,
        now: OffsetDateTime,
    ) {
        diags
            .errors
            .extend(roles_permissions::check_ids(&planned.roles_permissions));
        plan::check(diags, prior, planned, now);
    }

    fn upgrade(state: &mut serde_json::Value) {
        if let Some(permissions) = state.get_mut("roles_permissions") {
            roles_permissions::upgrade(permissions);
        }
    }

    fn left_out(
        uid: u64,
        prior: &RedisDatabaseState,
        planned: &RedisDatabaseState,
    ) -> Option<(AttributePath, Vec<Removal>)> {
        let scope = TrustScope::Database(DatabaseUid::from(uid));
        let removal = |fingerprint| Removal::TrustedCertificate(fingerprint, scope);
        let left_out = plan::left_out(prior, planned)?.into_iter().map(removal);
        Some((client_certificates::path(), left_out.collect()))
    }

    fn guard_removal(diags: &mut Diagnostics, prior: &RedisDatabaseState, _own: Option<&DistinguishedName>) {
        plan::guard_removal(diags, prior);
    }
}

pub(crate) const KIND: Kind = Kind {
    type_name: "certward_redis_database",
    elsewhere: "RavenDB has databases of another kind, and which of them a certificate may use stands in \
                certward_client_certificate (database_permissions).",
};
/// The write-only attribute.
const PASSWORD: &str = "default_user_password_wo";
/// The attribute that says when it has changed.
const PASSWORD_VERSION: &str = "default_user_password_wo_version";
