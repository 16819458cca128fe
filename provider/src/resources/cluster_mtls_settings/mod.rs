//! The resource `certward_cluster_mtls_settings`.

pub(crate) mod authorized_subjects;
mod change;
mod lifecycle;
pub(crate) mod model;
mod plan;
mod schema;

use tf_provider::schema::Schema;
use tf_provider::value::Value;
use tf_provider::{AttributePath, Diagnostics};

pub(crate) use authorized_subjects::AuthorizedSubjectState;
pub(crate) use model::ClusterMtlsSettingsState;

use model::MtlsSettings;

use crate::resources::managed::{Call, Change, ManagedResource};
use crate::run::interruption::until_stopped;
use crate::run::{Key, Release};
use crate::session::{Kind, Session};

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

    fn validate(diags: &mut Diagnostics, config: &Self::State) {
        plan::validate(diags, config);
    }

    fn id(_: &Self::State) -> Option<Key> {
        Some(key())
    }

    fn unique(_: &Self::State) -> Vec<(Key, AttributePath)> {
        vec![(key(), AttributePath::root())]
    }

    async fn read(call: Call<'_, Self>, state: Self::State) -> Option<Self::State> {
        lifecycle::read(call.diags, call.session, state).await
    }

    fn plan_create(_: Call<'_, Self>, config: Self::State) -> Option<Self::State> {
        Some(plan::create(config))
    }

    fn plan_update(
        _: Call<'_, Self>,
        prior: &Self::State,
        config: Self::State,
    ) -> Option<(Self::State, Vec<AttributePath>)> {
        Some((plan::update(prior, config), Vec::new()))
    }

    /// Has a planned change looked at by the cluster, once everything about it is known.
    async fn preview(call: Call<'_, Self>, change: Change<'_, Self::State>) {
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
            change::rehearse(call.diags, call.session, &changes, allow_lockout).await;
            Some(())
        });
        rehearsed.await.or_interrupted(call.diags);
    }

    async fn preview_removal(_: Call<'_, Self>, _: &Self::State) {}

    async fn create(call: Call<'_, Self>, planned: Self::State, _: &Self::State) -> Option<Self::State> {
        let objects = &call.session.run.objects;
        let working = objects.working();
        let _turn = objects.turn(&working, key()).await;
        objects.claim(call.diags, &key(), "the settings of the cluster", AttributePath::root())?;
        write(call.diags, call.session, planned, MtlsSettings::default(), call.private).await
    }

    async fn update(
        call: Call<'_, Self>,
        _: Self::State,
        planned: Self::State,
        _: &Self::State,
    ) -> Option<Self::State> {
        let working = call.session.run.objects.working();
        call.session.run.objects.turn(&working, key()).await.hold();
        let EarlierSettings(before) = call.private.take().unwrap_or_default();
        write(call.diags, call.session, planned, before, call.private).await
    }

    async fn destroy(call: Call<'_, Self>, prior: &Self::State) -> Option<()> {
        let EarlierSettings(earlier) = call.private.take().unwrap_or_default();
        let working = call.session.run.objects.working();
        let turn = call.session.run.objects.turn(&working, key()).await;
        if turn.release(call.diags, "The settings of the cluster") == Release::Keep {
            return Some(());
        }
        lifecycle::destroy(call.diags, call.session, prior, &earlier).await
    }

    async fn import(call: Call<'_, Self>, id: &str) -> Option<Self::State> {
        lifecycle::import(call.diags, call.session, id).await
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
