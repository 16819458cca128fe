//! Changes of the policy, of OCSP's settings and of the licence, which this server keeps for its clients.

use std::sync::Arc;

use super::access::ClusterPermit;
use super::access::action::{InstallLicense, UpdateCluster, UpdateOcspSettings};
use super::{Asked, Cluster, ClusterError, Plan, Run};
use certward_redis_model::policy::{OcspSettings, OcspUpdate, PolicyUpdate};
use certward_redis_model::settings::ClusterSettings;
use certward_redis_model::state::Change;

impl Cluster {
    /// Changes the resource policy.
    ///
    /// # Errors
    ///
    /// [`ClusterError::CallerLostRights`]; [`ClusterError::Store`].
    pub async fn update_policy(
        &self,
        permit: &ClusterPermit<UpdateCluster>,
        update: PolicyUpdate,
    ) -> Result<(), ClusterError> {
        let edit = move |settings: &mut ClusterSettings| {
            let policy = &mut settings.policy;
            set(&mut policy.acl_pubsub_default, update.acl_pubsub_default);
            set(&mut policy.db_conns_auditing, update.db_conns_auditing);
            set(
                &mut policy.default_non_sharded_proxy_policy,
                update.default_non_sharded_proxy_policy,
            );
            set(
                &mut policy.default_provisioned_redis_version,
                update.default_provisioned_redis_version,
            );
            set(
                &mut policy.default_sharded_proxy_policy,
                update.default_sharded_proxy_policy,
            );
            set(&mut policy.default_shards_placement, update.default_shards_placement);
            set(&mut policy.redis_upgrade_policy, update.redis_upgrade_policy);
            set(&mut policy.resp3_default, update.resp3_default);
        };
        self.edit(Asked::by(permit, "policy"), "changed the policy", edit)
            .await?;
        Ok(())
    }

    /// Changes the OCSP settings, and returns them.
    ///
    /// # Errors
    ///
    /// [`ClusterError::CallerLostRights`]; [`ClusterError::Store`].
    pub async fn update_ocsp(
        &self,
        permit: &ClusterPermit<UpdateOcspSettings>,
        update: OcspUpdate,
    ) -> Result<OcspSettings, ClusterError> {
        let edit = move |settings: &mut ClusterSettings| {
            let ocsp = &mut settings.ocsp;
            set(&mut ocsp.query_frequency, update.query_frequency);
            set(&mut ocsp.recovery_frequency, update.recovery_frequency);
            set(&mut ocsp.recovery_max_tries, update.recovery_max_tries);
            set(&mut ocsp.response_timeout, update.response_timeout);
        };
        let settings = self
            .edit(Asked::by(permit, "OCSP"), "changed the settings of OCSP", edit)
            .await?;
        Ok(settings.ocsp.clone())
    }

    /// Replaces the text of the licence.
    ///
    /// # Errors
    ///
    /// [`ClusterError::CallerLostRights`]; [`ClusterError::Store`].
    pub async fn install_license(
        &self,
        permit: &ClusterPermit<InstallLicense>,
        license: String,
    ) -> Result<(), ClusterError> {
        let edit = move |settings: &mut ClusterSettings| settings.license = Some(license);
        self.edit(Asked::by(permit, "licence"), "replaced the licence", edit)
            .await?;
        Ok(())
    }

    /// Changes settings that nothing else depends on. Nothing is recorded if nothing changes.
    async fn edit(
        &self,
        asked: Asked,
        detail: &'static str,
        edit: impl FnOnce(&mut ClusterSettings) + Send + 'static,
    ) -> Result<Arc<ClusterSettings>, ClusterError> {
        self.change(asked, Run::Apply, move |planning| {
            let mut settings = ClusterSettings::clone(planning.state.settings());
            edit(&mut settings);
            let changes = if settings == **planning.state.settings() {
                Vec::new()
            } else {
                vec![Change::PutSettings(Arc::new(settings.clone()))]
            };
            Ok(Plan {
                changes,
                detail: detail.to_owned(),
                outcome: Arc::new(settings),
            })
        })
        .await
    }
}

fn set<T>(place: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *place = value;
    }
}
