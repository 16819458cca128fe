//! The resource `certward_redis_role`.

mod lifecycle;
pub(crate) mod model;
mod plan;
pub(crate) mod resources;
mod schema;

use certward::pki::DistinguishedName;
use tf_provider::Diagnostics;
use tf_provider::schema::Schema;
use time::OffsetDateTime;

pub(crate) use model::{RedisRoleState, RoleResource};

use crate::resources::redis_object::Planned;
use crate::session::Kind;

/// `certward_redis_role`: a role on a Redis Enterprise cluster.
pub(crate) enum RedisRole {}

impl Planned for RedisRole {
    fn schema() -> Schema {
        schema::redis_role()
    }

    fn validate(diags: &mut Diagnostics, config: &RedisRoleState) {
        plan::validate(diags, config);
    }

    fn plan_create(_diags: &mut Diagnostics, config: RedisRoleState) -> Option<RedisRoleState> {
        Some(plan::create(config))
    }

    fn plan_update(
        _diags: &mut Diagnostics,
        prior: &RedisRoleState,
        config: RedisRoleState,
        _own: Option<&DistinguishedName>,
    ) -> Option<RedisRoleState> {
        Some(plan::update(prior, config))
    }

    fn check_plan(
        diags: &mut Diagnostics,
        _prior: Option<&RedisRoleState>,
        planned: &RedisRoleState,
        _now: OffsetDateTime,
    ) {
        diags.errors.extend(resources::check_uids(&planned.resources));
    }
}

pub(crate) const KIND: Kind = Kind {
    type_name: "certward_redis_role",
    elsewhere: "RavenDB has no roles: what a certificate may do stands in certward_client_certificate \
                (security_clearance, database_permissions).",
};
