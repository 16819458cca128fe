//! The resource `certward_cluster_mtls_settings`.

pub(crate) mod authorized_subjects;
mod change;
mod lifecycle;
mod plan;
mod schema;
mod settings;
pub(crate) mod state;
mod validate;

use tf_provider::schema::Schema;
use tf_provider::value::Value;
use tf_provider::{AttributePath, Diagnostics};

pub(crate) use authorized_subjects::AuthorizedSubjectState;
pub(crate) use state::ClusterMtlsSettingsState;

use settings::MtlsSettings;

use crate::provider::session::{Kind, Session};
use crate::resources::managed::{Change, ManagedResource};
use crate::run::interruption::until_stopped;
use crate::run::{Key, Release};

/// `certward_cluster_mtls_settings`: how a Redis Enterprise cluster decides about client certificates.
pub(crate) enum ClusterMtlsSettings {}

/// Values of the settings before Terraform first changed each; stored in the resource's private state.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct EarlierSettings(MtlsSettings);

impl ManagedResource for ClusterMtlsSettings {
    type State = ClusterMtlsSettingsState;
    type Private = EarlierSettings;

    const KIND: Kind = KIND;
    const NOUN: &'static str = "cluster's settings";
    const IS_INTERRUPTIBLE: bool = false;

    fn schema() -> Schema {
        schema::cluster_mtls_settings()
    }

    fn validate(diags: &mut Diagnostics, config: &ClusterMtlsSettingsState) {
        validate::validate(diags, config);
    }

    fn id(_: &ClusterMtlsSettingsState) -> Option<Key> {
        Some(key())
    }

    fn unique(_: &ClusterMtlsSettingsState) -> Vec<(Key, AttributePath)> {
        vec![(key(), AttributePath::root())]
    }

    async fn read(
        diags: &mut Diagnostics,
        session: &Session,
        state: ClusterMtlsSettingsState,
        _: &mut Option<EarlierSettings>,
    ) -> Option<ClusterMtlsSettingsState> {
        lifecycle::read(diags, session, state).await
    }

    fn plan_create(
        _: &mut Diagnostics,
        _: &Session,
        config: ClusterMtlsSettingsState,
    ) -> Option<ClusterMtlsSettingsState> {
        Some(plan::create(config))
    }

    fn plan_update(
        _: &mut Diagnostics,
        _: &Session,
        prior: &ClusterMtlsSettingsState,
        config: ClusterMtlsSettingsState,
    ) -> Option<(ClusterMtlsSettingsState, Vec<AttributePath>)> {
        Some((plan::update(prior, config), Vec::new()))
    }

    /// Has a planned change looked at by the cluster, once everything about it is known.
    async fn preview(diags: &mut Diagnostics, session: &Session, change: Change<'_, ClusterMtlsSettingsState>) {
        let planned = change.planned;
        let settings = planned.settings();
        let changes = match change.prior {
            Some(prior) => settings.changes(&prior.settings()),
            None => settings,
        };
        let is_same = change.prior.is_some() && changes.is_empty();
        if is_same || planned.is_partly_unknown() || planned.allow_lockout.is_unknown() {
            return;
        }
        let allow_lockout = planned.allow_lockout == Value::Value(true);
        let rehearsed = until_stopped(async {
            change::rehearse(diags, session, &changes, allow_lockout).await;
            Some(())
        });
        rehearsed.await.or_interrupted(diags);
    }

    async fn preview_removal(
        _: &mut Diagnostics,
        _: &Session,
        _: &ClusterMtlsSettingsState,
        _: &mut Option<EarlierSettings>,
    ) {
    }

    async fn create(
        diags: &mut Diagnostics,
        session: &Session,
        planned: ClusterMtlsSettingsState,
        _: &ClusterMtlsSettingsState,
        earlier: &mut Option<EarlierSettings>,
    ) -> Option<ClusterMtlsSettingsState> {
        let objects = &session.run.objects;
        let working = objects.working();
        let _turn = objects.turn(&working, key()).await;
        objects.claim(diags, &key(), "the settings of the cluster", AttributePath::root())?;
        write(diags, session, planned, MtlsSettings::default(), earlier).await
    }

    async fn update(
        diags: &mut Diagnostics,
        session: &Session,
        _: ClusterMtlsSettingsState,
        planned: ClusterMtlsSettingsState,
        _: &ClusterMtlsSettingsState,
        earlier: &mut Option<EarlierSettings>,
    ) -> Option<ClusterMtlsSettingsState> {
        let working = session.run.objects.working();
        session.run.objects.turn(&working, key()).await.hold();
        let EarlierSettings(before) = earlier.take().unwrap_or_default();
        write(diags, session, planned, before, earlier).await
    }

    async fn destroy(
        diags: &mut Diagnostics,
        session: &Session,
        prior: &ClusterMtlsSettingsState,
        earlier: Option<EarlierSettings>,
    ) -> Option<()> {
        let EarlierSettings(earlier) = earlier.unwrap_or_default();
        let working = session.run.objects.working();
        let turn = session.run.objects.turn(&working, key()).await;
        if turn.release(diags, "The settings of the cluster") == Release::Keep {
            return Some(());
        }
        lifecycle::destroy(diags, session, prior, &earlier).await
    }

    async fn import(
        diags: &mut Diagnostics,
        session: &Session,
        id: &str,
        _: &mut Option<EarlierSettings>,
    ) -> Option<ClusterMtlsSettingsState> {
        lifecycle::import(diags, session, id).await
    }
}

async fn write(
    diags: &mut Diagnostics,
    session: &Session,
    planned: ClusterMtlsSettingsState,
    before: MtlsSettings,
    earlier: &mut Option<EarlierSettings>,
) -> Option<ClusterMtlsSettingsState> {
    let (state, found) = lifecycle::write(diags, session, planned, before).await?;
    *earlier = Some(EarlierSettings(found));
    Some(state)
}

/// The key of the only settings of a cluster in the table of the run.
fn key() -> Key {
    Key::new(KIND.type_name, "id", "cluster")
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
