//! Actions: what the cluster carries out in the background, and how to wait for it.

use std::time::Duration;

use serde::Deserialize;
use tokio::time::Instant;

use super::client::Client;
use super::values::{ActionStatus, ActionUid};
use super::wire;
use crate::Error;
use crate::client::error::{ActionFailure, Cause, one_line};
use crate::client::handle::handle;
use crate::client::transport::{Call, Reply, path_segment};

/// Something the cluster works off by itself, such as the deletion of a user.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Action {
    /// The identifier of the action.
    pub action_uid: ActionUid,
    /// The operation, such as `delete_user`.
    #[serde(default)]
    pub name: String,
    /// The state of the action.
    pub status: ActionStatus,
    /// The progress in percent, as the server writes it.
    #[serde(default, deserialize_with = "wire::text_or_number")]
    pub progress: Option<String>,
    /// The object of the operation, such as `bdb:1`.
    #[serde(default)]
    pub object_name: Option<String>,
    /// The error code of a failed action.
    #[serde(default)]
    pub error_code: Option<String>,
    /// The error message of a failed action.
    #[serde(default)]
    pub error_message: Option<String>,
}

handle! {
    /// Actions: operations that the cluster carries out in the background.
    #[doc(alias = "state-machines")]
    Actions = actions
}

impl Actions<'_> {
    /// Lists running and recently finished actions. Any authenticated user may call it.
    ///
    /// # Errors
    /// The errors that every operation can return.
    pub async fn list(self) -> Result<Vec<Action>, Error> {
        #[derive(Deserialize)]
        struct Wire {
            #[serde(default)]
            actions: Vec<Action>,
            #[serde(default, rename = "state-machines")]
            state_machines: Vec<Action>,
        }
        let mut wire: Wire = self.0.send(Call::get("list actions", "/v1/actions")).await?.json()?;
        wire.actions.append(&mut wire.state_machines);
        Ok(wire.actions)
    }

    /// Returns an action; `None` when the cluster does not know it, or no longer does. Any authenticated user may call
    /// it.
    ///
    /// # Errors
    /// The errors that every operation can return.
    pub async fn get(self, action_uid: &ActionUid) -> Result<Option<Action>, Error> {
        let path = path_segment("read an action", "action", action_uid.as_str())?;
        let call = Call::get("read an action", format!("/v1/actions/{path}"));
        read_one(self.0.send(call.accept(&[200, 404])).await?)
    }

    /// Waits until an action is completed. It is asked for at least once, then in growing intervals of at most 2 s.
    ///
    /// # Errors
    /// [`Error::is_failed_action`] when it failed or was cancelled, [`Error::is_timeout`] when it is not done in time
    /// (the action goes on), [`Error::is_decode`] when the cluster does not know it, and the errors that every
    /// operation can return.
    pub async fn wait(self, action_uid: &ActionUid, timeout: Duration) -> Result<Action, Error> {
        let step = &|| format!("cannot wait for the action {}", one_line(action_uid.as_str()));
        poll(timeout, step, || async move {
            match self.get(action_uid).await? {
                Some(action) if action.status == ActionStatus::Completed => Ok(Some(action)),
                Some(action) if action.status.is_final() => {
                    let failure = ActionFailure {
                        status: action.status.to_string(),
                        error_code: action.error_code.as_deref().map(one_line),
                        message: action.error_message.as_deref().map(one_line),
                    };
                    Err(Error::new(step(), Cause::Action(failure)))
                }
                Some(_) => Ok(None),
                None => Err(Error::new(
                    step(),
                    Cause::Decode("the cluster knows no such action".to_owned()),
                )),
            }
        })
        .await
    }
}

/// Asks until there is an answer: at least once, then after 50 ms, after each pause in a time twice as long, at most 2 s.
///
/// Questions end with the timeout, except the first, which has the time of an operation, and the last, which has a second.
pub(super) async fn poll<T, F: Future<Output = Result<Option<T>, Error>>>(
    timeout: Duration,
    step: impl Fn() -> String,
    ask: impl Fn() -> F,
) -> Result<T, Error> {
    let now = Instant::now();
    // A timeout beyond what a clock holds is none; a year stands for that.
    let deadline = now
        .checked_add(timeout)
        .unwrap_or(now + Duration::from_secs(365 * 86_400));
    let over = || Error::new(step(), Cause::Timeout);
    let mut answer = ask().await?;
    let mut pause = Duration::from_millis(50);
    loop {
        if let Some(answer) = answer {
            return Ok(answer);
        }
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(over());
        }
        tokio::time::sleep(pause.min(left)).await;
        pause = (pause * 2).min(Duration::from_secs(2));
        // The last question, at the deadline, has a moment for its answer.
        let until = deadline.max(Instant::now() + LAST_QUESTION);
        answer = tokio::time::timeout_at(until, ask()).await.map_err(|_| over())??;
    }
}

/// The answer to a deletion, which 404 is too: what is gone already needs no deletion.
pub(super) fn read_deletion(reply: &Reply) -> Result<Option<ActionUid>, Error> {
    match reply.status.as_u16() {
        404 => Ok(None),
        _ => read_action_uid(reply),
    }
}

/// The action that carries out what was asked for. Some versions answer without a body.
pub(super) fn read_action_uid(reply: &Reply) -> Result<Option<ActionUid>, Error> {
    #[derive(Deserialize)]
    struct Wire {
        action_uid: Option<ActionUid>,
    }
    Ok(reply.optional_json::<Wire>()?.and_then(|wire| wire.action_uid))
}

/// One entity, or none when the answer is 404.
pub(super) fn read_one<T: serde::de::DeserializeOwned>(reply: Reply) -> Result<Option<T>, Error> {
    match reply.status.as_u16() {
        404 => Ok(None),
        _ => reply.json().map(Some),
    }
}

/// The time limit of the last request of a wait.
const LAST_QUESTION: Duration = Duration::from_secs(1);
