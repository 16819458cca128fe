//! The server's own description of its objects.

use super::client::Client;
use crate::Error;
use crate::client::transport::Call;

impl Client {
    /// The JSON schema of an object of the API, such as `cluster` or `bdb`, as JSON text. For any user.
    ///
    /// # Errors
    /// [`Error::is_not_found`] or [`Error::is_invalid_input`] for an object that the server does not describe, and the
    /// errors that every operation can return.
    pub async fn json_schema(&self, object: &str) -> Result<String, Error> {
        let call = Call::get("read a JSON schema", "/v1/jsonschema").query("object", object);
        let reply = self.send(call).await?;
        reply.json::<serde::de::IgnoredAny>()?;
        String::from_utf8(reply.body.to_vec()).map_err(|_| reply.decode_error("the answer is not UTF-8"))
    }
}
