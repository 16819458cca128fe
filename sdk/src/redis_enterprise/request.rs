//! Changes that Redis Enterprise can try first.

use std::fmt;

use super::client::Client;
use crate::Error;
use crate::client::transport::{Call, Reply};

/// A change that can be tried before it is made. Nothing is sent before [`send`](Request::send).
///
/// ```no_run
/// use certward::redis_enterprise::{Client, UpdateRole};
///
/// # async fn example(client: Client) -> Result<(), certward::Error> {
/// let change = UpdateRole::new().name("readers");
/// let planned = client.roles().update(7.into(), &change).dry_run().send().await?; // stores nothing
/// let changed = client.roles().update(7.into(), &change).send().await?;
/// # Ok(())
/// # }
/// ```
#[must_use = "nothing is sent before `send`"]
pub struct Request<'a, T> {
    client: &'a Client,
    call: Result<Call, Error>,
    read: fn(&Reply) -> Result<T, Error>,
    dry_run: bool,
}

impl<'a, T> Request<'a, T> {
    pub(super) fn new(client: &'a Client, call: Result<Call, Error>, read: fn(&Reply) -> Result<T, Error>) -> Self {
        Self {
            client,
            call,
            read,
            dry_run: false,
        }
    }

    /// Has the cluster check the change and answer as if it had made it. Nothing is stored.
    pub fn dry_run(mut self) -> Self {
        self.dry_run = true;
        self
    }

    /// Sends the change.
    ///
    /// # Errors
    /// Those of the operation, with and without [`dry_run`](Request::dry_run).
    pub async fn send(self) -> Result<T, Error> {
        let mut call = self.call?;
        if self.dry_run {
            call = call.query("dry_run", "");
        }
        (self.read)(&self.client.send(call).await?)
    }
}

impl<T> fmt::Debug for Request<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The body can hold a password.
        f.debug_struct("Request")
            .field("dry_run", &self.dry_run)
            .finish_non_exhaustive()
    }
}
