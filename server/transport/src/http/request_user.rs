//! The user of a request, on an API that has users of its own, for the log.

use std::sync::{Arc, OnceLock};

/// An extension of the request; the API sets it when it admits the user.
#[derive(Debug, Clone, Default)]
pub struct RequestUser(Arc<OnceLock<NamedUser>>);

/// A user in a log line.
#[derive(Debug)]
pub struct NamedUser {
    /// Its number.
    pub uid: u32,
    /// Its name.
    pub name: String,
    /// Its e-mail address.
    pub email: Option<String>,
    /// The means of authentication: `password`, `token` or `certificate`.
    pub proof: &'static str,
}

impl RequestUser {
    /// Sets the user. Only the first call counts.
    pub fn is(&self, user: NamedUser) {
        // A request is let in once.
        let _ = self.0.set(user);
    }

    /// The user, if it is known.
    pub(super) fn get(&self) -> Option<&NamedUser> {
        self.0.get()
    }
}
