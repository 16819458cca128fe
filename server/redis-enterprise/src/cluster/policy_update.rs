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
        let edit = move |settings: &mut ClusterSettings| update.apply_to(&mut settings.policy);
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
        let edit = move |settings: &mut ClusterSettings| update.apply_to(&mut settings.ocsp);
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
