//! The user whose request it is, where an API has users of its own. The log line of the request names it.

use std::sync::{Arc, OnceLock};

/// Goes with a request, as an extension; the API that lets the user in fills it.
#[derive(Debug, Clone, Default)]
pub(crate) struct RequestUser(Arc<OnceLock<NamedUser>>);

/// A user in a log line.
#[derive(Debug)]
pub(crate) struct NamedUser {
    /// Its number.
    pub(crate) uid: u32,
    /// Its name.
    pub(crate) name: String,
    /// Its e-mail address.
    pub(crate) email: Option<String>,
    /// The means of authentication: `password`, `token` or `certificate`.
    pub(crate) proof: &'static str,
}

impl RequestUser {
    /// The request is this user's. The first one who is let in counts.
    pub(crate) fn is(&self, user: NamedUser) {
        // A request is let in once.
        let _ = self.0.set(user);
    }

    /// The user, if it is known.
    pub(super) fn get(&self) -> Option<&NamedUser> {
        self.0.get()
    }
}
