//! The user whose request it is, where an API has users of its own. The log line of the request names it.

use std::sync::{Arc, OnceLock};

/// Goes with a request, as an extension; the API that lets the user in fills it.
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
    /// How it has proved who it is: `password`, `token` or `certificate`.
    pub proof: &'static str,
}

impl RequestUser {
    /// The request is this user's. The first one who is let in counts.
    pub fn is(&self, user: NamedUser) {
        // A request is let in once.
        let _ = self.0.set(user);
    }

    /// The user, if it is known.
    pub(super) fn get(&self) -> Option<&NamedUser> {
        self.0.get()
    }
}
