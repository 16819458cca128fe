//! Reading, setting, importing and letting go of the settings.

use tf_provider::value::Value;
use tf_provider::{AttributePath, Diagnostics};

use super::change::{self, Prepared};
use super::model::{ClusterMtlsSettingsState, MtlsSettings};
use super::{KEEP, KIND, RESTORE};
use crate::report::failure;
use crate::report::{error, warning};
use crate::run::interruption::until_stopped;
use crate::session::Session;

/// Reads the present values of the managed settings.
pub(crate) async fn read(
    diags: &mut Diagnostics,
    session: &Session,
    mut state: ClusterMtlsSettingsState,
) -> Option<ClusterMtlsSettingsState> {
    if session.redis_enterprise.is_unknown() {
        return Some(state);
    }
    let (name, present) = present(diags, session).await?;
    if !session.run.plans.note_read(diags, &super::key()) {
        return None;
    }
    state.take_over(&present);
    state.id = Value::Value(name);
    Some(state)
}

/// Sets what is planned. Answers the state, and what is found in the cluster before Terraform's first change: `earlier`,
/// and the values of the settings that are managed from now on.
pub(crate) async fn write(
    diags: &mut Diagnostics,
    session: &Session,
    mut planned: ClusterMtlsSettingsState,
    earlier: MtlsSettings,
) -> Option<(ClusterMtlsSettingsState, MtlsSettings)> {
    let wanted = planned.settings();
    let allow_lockout = planned.allow_lockout == Value::Value(true);
    let prepared = prepared(diags, session, &wanted, allow_lockout).await?;
    let present = change::commit(diags, session, &prepared).await?;
    let earlier = earlier.or(&wanted.undone(&prepared.found));
    planned.id = Value::Value(prepared.cluster);
    let differing = wanted.changes(&present);
    if diags.errors.is_empty() {
        for attribute in differing.attributes() {
            error(
                diags,
                AttributePath::new(attribute),
                "Value not applied",
                format!(
                    "The cluster accepted the request but reports another {attribute}. Redis Enterprise before 8.2 has no \
                     control_plane_basic_authentication, and before 7.8.4 no authentication by certificate; else report \
                     this with the log of TF_LOG_PROVIDER=DEBUG."
                ),
            );
        }
    }
    if !differing.is_empty() {
        planned.take_over(&present);
    }
    Some((planned, earlier))
}

/// Lets go of the settings: leaves them, or puts back what was found before the first change, as `on_destroy` says.
pub(crate) async fn destroy(
    diags: &mut Diagnostics,
    session: &Session,
    prior: &ClusterMtlsSettingsState,
    earlier: &MtlsSettings,
) -> Option<()> {
    if prior.on_destroy != Value::Value(RESTORE.to_owned()) {
        warning(
            diags,
            AttributePath::new("on_destroy"),
            "Settings stay as they are",
            format!(
                "on_destroy is \"{KEEP}\": Terraform forgets the settings, and the cluster keeps them. To have the \
                 earlier values back, apply with on_destroy = \"{RESTORE}\" before destroying."
            ),
        );
        return Some(());
    }
    let wanted = prior.settings().undone(earlier);
    if wanted.is_empty() {
        warning(
            diags,
            AttributePath::new("on_destroy"),
            "Nothing to put back",
            "Terraform has changed none of these settings, or took them over by import, and so knows no earlier values. \
             The cluster keeps what it has.",
        );
        return Some(());
    }
    let allow_lockout = prior.allow_lockout == Value::Value(true);
    let prepared = prepared(diags, session, &wanted, allow_lockout).await?;
    change::commit(diags, session, &prepared).await?;
    diags.errors.is_empty().then_some(())
}

/// The state of every setting; the only id is `cluster`.
pub(crate) async fn import(diags: &mut Diagnostics, session: &Session, id: &str) -> Option<ClusterMtlsSettingsState> {
    if id.trim() != IMPORT_ID {
        error(
            diags,
            AttributePath::root(),
            "Unsuitable import id",
            format!(
                "A cluster has its settings once, and their id is \"{IMPORT_ID}\"; \"{}\" is not known.",
                id.escape_debug()
            ),
        );
        return None;
    }
    let (name, present) = present(diags, session).await?;
    let mut state = ClusterMtlsSettingsState {
        on_destroy: Value::Value(KEEP.to_owned()),
        allow_lockout: Value::Value(false),
        id: Value::Value(name),
        ..ClusterMtlsSettingsState::default()
    };
    state.take_over_everything(&present);
    Some(state)
}

/// Up to here an interruption changes nothing; afterwards the change, its check and its rollback go to their end.
async fn prepared(
    diags: &mut Diagnostics,
    session: &Session,
    wanted: &MtlsSettings,
    allow_lockout: bool,
) -> Option<Prepared> {
    let answer = until_stopped(change::prepare(diags, session, wanted, allow_lockout)).await;
    answer.or_interrupted(diags)
}

async fn present(diags: &mut Diagnostics, session: &Session) -> Option<(String, MtlsSettings)> {
    let redis = session.redis_enterprise(diags, KIND)?;
    match redis.client.cluster().get().await {
        Ok(cluster) => Some((cluster.name.clone(), MtlsSettings::of(&cluster))),
        Err(problem) => {
            failure::redis_enterprise(diags, "read the cluster's settings", &problem);
            None
        }
    }
}

/// The id of the only settings a cluster has.
const IMPORT_ID: &str = "cluster";

#[cfg(test)]
#[path = "lifecycle_tests.rs"]
mod tests;
