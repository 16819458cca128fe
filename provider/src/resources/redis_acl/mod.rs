//! The resource `certward_redis_acl`.

mod lifecycle;
pub(crate) mod model;
mod plan;
mod rules;
mod schema;

use certward::pki::DistinguishedName;
use tf_provider::Diagnostics;
use tf_provider::schema::Schema;

pub(crate) use model::RedisAclState;

use crate::resources::redis_object::Planned;
use crate::session::Kind;

/// `certward_redis_acl`: an ACL on a Redis Enterprise cluster.
pub(crate) enum RedisAcl {}

impl Planned for RedisAcl {
    fn schema() -> Schema {
        schema::redis_acl()
    }

    fn validate(diags: &mut Diagnostics, config: &RedisAclState) {
        plan::validate(diags, config);
    }

    fn plan_create(_diags: &mut Diagnostics, config: RedisAclState) -> Option<RedisAclState> {
        Some(plan::create(config))
    }

    fn plan_update(
        _diags: &mut Diagnostics,
        prior: &RedisAclState,
        config: RedisAclState,
        _own: Option<&DistinguishedName>,
    ) -> Option<RedisAclState> {
        Some(plan::update(prior, config))
    }
}

pub(crate) const KIND: Kind = Kind {
    type_name: "certward_redis_acl",
    elsewhere: "RavenDB has no ACLs: what a certificate may do stands in certward_client_certificate \
                (security_clearance, database_permissions).",
};
