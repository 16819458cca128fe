//! The resource `certward_cluster_mtls_settings`.

pub(crate) mod authorized_subjects;
mod change;
mod lifecycle;
mod plan;
mod schema;
mod settings;
pub(crate) mod state;
mod validate;

use async_trait::async_trait;
use tf_provider::schema::Schema;
use tf_provider::value::{StructEmpty, Value};
use tf_provider::{AttributePath, Diagnostics, Resource};

pub(crate) use authorized_subjects::AuthorizedSubjectState;
pub(crate) use state::ClusterMtlsSettingsState;

use settings::MtlsSettings;
use terraform_plugin::{Configured, PluginResource};

use crate::provider::session::{Kind, Session};
use crate::run::interruption::until_stopped;
use crate::run::{Key, Release};

/// `certward_cluster_mtls_settings`: how a Redis Enterprise cluster decides about client certificates.
pub(crate) struct ClusterMtlsSettings {
    session: Configured<Session>,
}

/// What was found before Terraform's first change of each setting; kept in the private state, beside the state.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct EarlierSettings(MtlsSettings);

impl ClusterMtlsSettings {
    pub(crate) fn new(session: Configured<Session>) -> Self {
        Self { session }
    }
}

impl PluginResource for ClusterMtlsSettings {}

#[async_trait]
impl Resource for ClusterMtlsSettings {
    type State<'a> = ClusterMtlsSettingsState;
    type PrivateState<'a> = Option<EarlierSettings>;
    type ProviderMetaState<'a> = Option<StructEmpty>;

    fn schema(&self, _diags: &mut Diagnostics) -> Option<Schema> {
        Some(schema::cluster_mtls_settings())
    }

    async fn validate<'a>(&self, diags: &mut Diagnostics, config: ClusterMtlsSettingsState) -> Option<()> {
        validate::validate(diags, &config);
        diags.errors.is_empty().then_some(())
    }

    async fn read<'a>(
        &self,
        diags: &mut Diagnostics,
        state: ClusterMtlsSettingsState,
        earlier: Option<EarlierSettings>,
        _meta: Option<StructEmpty>,
    ) -> Option<(ClusterMtlsSettingsState, Option<EarlierSettings>)> {
        let session = self.session.get(diags)?;
        let answer = until_stopped(lifecycle::read(diags, &session, state)).await;
        let state = answer.or_interrupted(diags)?;
        Some((state, earlier))
    }

    async fn plan_create<'a>(
        &self,
        diags: &mut Diagnostics,
        _proposed: ClusterMtlsSettingsState,
        config: ClusterMtlsSettingsState,
        _meta: Option<StructEmpty>,
    ) -> Option<(ClusterMtlsSettingsState, Option<EarlierSettings>)> {
        let session = self.session.get(diags)?;
        session.check_redis_enterprise(diags, KIND)?;
        let planned = plan::create(config);
        session.run.plans.note(diags, &keys(), None);
        self.rehearse(diags, &session, &planned, &planned.settings()).await?;
        Some((planned, None))
    }

    async fn plan_update<'a>(
        &self,
        diags: &mut Diagnostics,
        prior: ClusterMtlsSettingsState,
        _proposed: ClusterMtlsSettingsState,
        config: ClusterMtlsSettingsState,
        earlier: Option<EarlierSettings>,
        _meta: Option<StructEmpty>,
    ) -> Option<(ClusterMtlsSettingsState, Option<EarlierSettings>, Vec<AttributePath>)> {
        let session = self.session.get(diags)?;
        session.check_redis_enterprise(diags, KIND)?;
        let planned = plan::update(&prior, config);
        session.run.plans.note(diags, &keys(), Some(&key()));
        let changes = planned.settings().changes(&prior.settings());
        if !changes.is_empty() {
            self.rehearse(diags, &session, &planned, &changes).await?;
        }
        Some((planned, earlier, Vec::new()))
    }

    async fn plan_destroy<'a>(
        &self,
        diags: &mut Diagnostics,
        _prior: ClusterMtlsSettingsState,
        earlier: Option<EarlierSettings>,
        _meta: Option<StructEmpty>,
    ) -> Option<Option<EarlierSettings>> {
        if let Some(session) = self.session.peek() {
            if session.run.objects.is_held(&key()) {
                return Some(earlier);
            }
            session.run.plans.note_removal(diags, &key(), &keys());
        }
        diags.errors.is_empty().then_some(earlier)
    }

    async fn create<'a>(
        &self,
        diags: &mut Diagnostics,
        planned: ClusterMtlsSettingsState,
        _config: ClusterMtlsSettingsState,
        _earlier: Option<EarlierSettings>,
        _meta: Option<StructEmpty>,
    ) -> Option<(ClusterMtlsSettingsState, Option<EarlierSettings>)> {
        let session = self.session.get(diags)?;
        let objects = &session.run.objects;
        let working = objects.working();
        let _turn = objects.turn(&working, key()).await;
        let what = "the settings of the cluster";
        objects.claim(diags, &key(), what, AttributePath::root())?;
        let (state, earlier) = lifecycle::write(diags, &session, planned, MtlsSettings::default()).await?;
        Some((state, Some(EarlierSettings(earlier))))
    }

    async fn update<'a>(
        &self,
        diags: &mut Diagnostics,
        _prior: ClusterMtlsSettingsState,
        planned: ClusterMtlsSettingsState,
        _config: ClusterMtlsSettingsState,
        earlier: Option<EarlierSettings>,
        _meta: Option<StructEmpty>,
    ) -> Option<(ClusterMtlsSettingsState, Option<EarlierSettings>)> {
        let session = self.session.get(diags)?;
        let working = session.run.objects.working();
        session.run.objects.turn(&working, key()).await.hold();
        let EarlierSettings(earlier) = earlier.unwrap_or_default();
        let (state, earlier) = lifecycle::write(diags, &session, planned, earlier).await?;
        Some((state, Some(EarlierSettings(earlier))))
    }

    async fn destroy<'a>(
        &self,
        diags: &mut Diagnostics,
        prior: ClusterMtlsSettingsState,
        earlier: Option<EarlierSettings>,
        _meta: Option<StructEmpty>,
    ) -> Option<()> {
        let session = self.session.get(diags)?;
        let EarlierSettings(earlier) = earlier.unwrap_or_default();
        let working = session.run.objects.working();
        let turn = session.run.objects.turn(&working, key()).await;
        if turn.release(diags, "The settings of the cluster") == Release::Keep {
            return Some(());
        }
        lifecycle::destroy(diags, &session, &prior, &earlier).await
    }

    async fn import<'a>(
        &self,
        diags: &mut Diagnostics,
        id: String,
    ) -> Option<(ClusterMtlsSettingsState, Option<EarlierSettings>)> {
        let session = self.session.get(diags)?;
        let answer = until_stopped(lifecycle::import(diags, &session, &id)).await;
        let state = answer.or_interrupted(diags)?;
        Some((state, None))
    }
}

impl ClusterMtlsSettings {
    /// Has a planned change looked at by the cluster, once everything about it is known.
    async fn rehearse(
        &self,
        diags: &mut Diagnostics,
        session: &Session,
        planned: &ClusterMtlsSettingsState,
        changes: &MtlsSettings,
    ) -> Option<()> {
        if !planned.is_partly_unknown() && !planned.allow_lockout.is_unknown() {
            let allow_lockout = planned.allow_lockout == Value::Value(true);
            let rehearsed = until_stopped(async {
                change::rehearse(diags, session, changes, allow_lockout).await;
                Some(())
            });
            rehearsed.await.or_interrupted(diags)?;
        }
        diags.errors.is_empty().then_some(())
    }
}

/// The key of the only settings of a cluster in the table of the run.
fn key() -> Key {
    Key::new(KIND.type_name, "id", "cluster")
}

fn keys() -> [(Key, AttributePath); 1] {
    [(key(), AttributePath::root())]
}

const KIND: Kind = Kind {
    type_name: "certward_cluster_mtls_settings",
    elsewhere: "RavenDB has no such settings: there a certificate is let in when it is registered \
                (certward_client_certificate), or by the server's own settings.",
};
/// The default of `on_destroy`.
const KEEP: &str = "keep";
/// The other way to destroy.
const RESTORE: &str = "restore";
