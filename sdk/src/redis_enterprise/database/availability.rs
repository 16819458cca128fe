//! Availability of a database, and waiting for it.

use std::time::Duration;

use super::Database;
use super::operations::{Databases, PATH};
use crate::Error;
use crate::client::error::{ActionFailure, Answer, Cause, one_line};
use crate::client::transport::Call;
use crate::redis_enterprise::action::poll;
use crate::redis_enterprise::values::{DatabaseStatus, DatabaseUid};

impl Databases<'_> {
    /// Returns `true` if the database answers its clients now. Needs `view_bdb_info`.
    ///
    /// # Errors
    /// [`Error::is_not_found`], and the errors that every operation can return.
    pub async fn is_available(self, uid: DatabaseUid) -> Result<bool, Error> {
        let call = Call::get(
            "ask whether a database is available",
            format!("{PATH}/{uid}/availability"),
        );
        let reply = self.0.send(call.accept(&[200, 503])).await?;
        Ok(reply.status == 200)
    }

    /// Waits until a database is `active`, and answers with it. It is asked for at least once, then in growing intervals
    /// of at most 2 s.
    ///
    /// # Errors
    /// [`Error::is_failed_action`] when it could not be made, [`Error::is_not_found`] when there is none (any more),
    /// [`Error::is_timeout`] when it is not active in time (the cluster goes on), and the errors that every operation
    /// can return.
    pub async fn wait_until_active(self, uid: DatabaseUid, timeout: Duration) -> Result<Database, Error> {
        let step = &|| format!("cannot wait for database {uid}");
        poll(timeout, step, || async move {
            let Some(database) = self.get(uid).await? else {
                let answer = Answer {
                    message: Some("the cluster knows no such database".to_owned()),
                    ..Answer::of_status(404)
                };
                return Err(Error::new(step(), Cause::Answer(answer)));
            };
            match &database.status {
                // A version that does not say is not waited for.
                None | Some(DatabaseStatus::Active) => Ok(Some(database)),
                Some(status @ DatabaseStatus::CreationFailed) => {
                    let warnings = &database.certward_warnings;
                    let failure = ActionFailure {
                        status: status.to_string(),
                        error_code: None,
                        message: (!warnings.is_empty()).then(|| one_line(&warnings.join("; "))),
                    };
                    Err(Error::new(step(), Cause::Action(failure)))
                }
                Some(_) => Ok(None),
            }
        })
        .await
    }
}
