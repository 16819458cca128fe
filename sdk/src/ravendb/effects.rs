//! Open connections, and what a removal would end: routes of Certward's own.

use std::sync::Arc;

use futures_util::Stream;

use super::client::Client;
use crate::Error;
use crate::client::handle::handle;
use crate::client::transport::{Call, Transport};
use crate::effects::question::{self, Asked};
use crate::effects::{Connection, ConnectionList, ListConnections, RemovalEffect};
use crate::pki::Thumbprint;

handle! {
    /// Open connections of clients.
    Connections = connections
}

impl Connections<'_> {
    /// Lists open connections, oldest first; `None` when the server is not Certward's.
    ///
    /// ```no_run
    /// use certward::effects::ListConnections;
    ///
    /// # async fn example(client: certward::ravendb::Client) -> Result<(), certward::Error> {
    /// if let Some(list) = client.connections().list(&ListConnections::new().limit(20)).await? {
    ///     println!("{} connections are open", list.total);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::is_forbidden`] and the errors that every operation can return.
    pub async fn list(self, list: &ListConnections) -> Result<Option<ConnectionList>, Error> {
        question::connections(self.0, list).await
    }

    /// Lists open connections page by page, each once; `None` when the server is not Certward's.
    ///
    /// [`ListConnections::limit`] sets the size of a page (default: 1,000). While others open and close, a connection can
    /// be missing from the list. All pages together have the time and four times the bytes of one operation; more than 200
    /// pages or 200,000 connections are an error.
    ///
    /// # Errors
    /// [`Error::is_too_large`] when the list has no end, [`Error::is_forbidden`], and the errors that every operation
    /// can return.
    pub async fn list_all(self, list: &ListConnections) -> Result<Option<ConnectionList>, Error> {
        question::all_connections(self.0, list).await
    }

    /// The connections of [`Connections::list_all`], one by one: the next page is asked for when it is needed, and has the
    /// time and the bytes of one operation.
    ///
    /// # Errors
    /// [`ErrorKind::Unsupported`](crate::ErrorKind::Unsupported) when the server is not Certward's, and as
    /// [`Connections::list_all`]; an error ends the stream.
    pub fn stream(
        self,
        list: &ListConnections,
    ) -> impl Stream<Item = Result<Connection, Error>> + Send + Unpin + use<> {
        question::connection_stream(self.0, list)
    }
}

impl Client {
    /// Says which connections would end and who would lose access if the registered certificate were deleted. Nothing is
    /// changed. `None` when the server is not Certward's.
    ///
    /// ```no_run
    /// # async fn example(
    /// #     client: certward::ravendb::Client,
    /// #     thumbprint: certward::pki::Thumbprint,
    /// # ) -> Result<(), certward::Error> {
    /// let effect = client.removal_effect(&thumbprint).await?;
    /// if effect.is_some_and(|effect| effect.is_empty()) {
    ///     client.certificates().delete(&thumbprint).await?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::is_not_found`] when no such certificate is registered, [`Error::is_forbidden`], and the errors that
    /// every operation can return.
    pub async fn removal_effect(&self, thumbprint: &Thumbprint) -> Result<Option<RemovalEffect>, Error> {
        let call = Call::get("ask what a removal would end", "/certward/removals/certificates");
        question::removal_effect(self, call.query("thumbprint", thumbprint)).await
    }
}

impl Asked for Client {
    const CONNECTIONS: &'static str = "/certward/connections";

    fn transport(&self) -> &Arc<Transport> {
        &self.transport
    }

    fn with_login(&self, call: Call) -> Result<Call, Error> {
        Ok(call)
    }

    /// RavenDB refuses what has no route with 400 and this type (`docs/contracts/ravendb.md#errors`), and a certificate
    /// that is not registered with a bare 404.
    fn lacks_route(refusal: &Error) -> bool {
        refusal
            .error_type()
            .is_some_and(|error_type| error_type.ends_with("RouteNotFoundException"))
    }
}
