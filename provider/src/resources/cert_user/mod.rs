//! The resource `certward_cert_user`.

mod certificate_pem;
pub(crate) mod certificate_subject;
mod fitness;
pub(crate) mod lifecycle;
pub(crate) mod model;
mod plan;
pub(crate) mod roles;
mod schema;
mod subject;
pub(crate) mod subject_line;
mod validate;

use certward::pki::DistinguishedName;
use tf_provider::Diagnostics;
use tf_provider::schema::Schema;
use time::OffsetDateTime;

pub(crate) use model::{CertUserState, CertificateSubject};

use crate::resources::redis_object::Planned;
use crate::session::Kind;
use crate::values::uid;

/// `certward_cert_user`: a user of Redis Enterprise who is known by the subject of a certificate.
pub(crate) enum CertUser {}

impl Planned for CertUser {
    fn schema() -> Schema {
        schema::cert_user()
    }

    fn validate(diags: &mut Diagnostics, config: &CertUserState) {
        validate::validate(diags, config);
    }

    fn plan_create(diags: &mut Diagnostics, config: CertUserState) -> Option<CertUserState> {
        plan::create(diags, config)
    }

    fn plan_update(
        diags: &mut Diagnostics,
        prior: &CertUserState,
        config: CertUserState,
        own: Option<&DistinguishedName>,
    ) -> Option<CertUserState> {
        plan::update(diags, prior, config, own)
    }

    fn check_plan(
        diags: &mut Diagnostics,
        _prior: Option<&CertUserState>,
        planned: &CertUserState,
        _now: OffsetDateTime,
    ) {
        diags.errors.extend(roles::check_ids(planned));
    }

    fn upgrade(state: &mut serde_json::Value) {
        if let Some(ids) = state.get_mut("role_ids") {
            uid::upgrade(ids);
        }
    }

    fn guard_removal(diags: &mut Diagnostics, prior: &CertUserState, own: Option<&DistinguishedName>) {
        plan::guard_removal(diags, prior, own);
    }
}

pub(crate) const KIND: Kind = Kind {
    type_name: "certward_cert_user",
    elsewhere: "RavenDB registers each certificate, and that is the user: use certward_client_certificate.",
};
