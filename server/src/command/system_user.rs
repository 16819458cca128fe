//! Identifies the system's user who runs a command that needs no certificate, for the audit.

use std::fs;

use nix::unistd::{Uid, User, geteuid};

use certward_store::audit::Actor;

/// The user that this process runs as, and who logged in, where the system knows it: `sudo` does not change that
/// (`/proc/self/loginuid`).
pub(super) fn actor() -> Actor {
    let user = geteuid();
    let login = fs::read_to_string("/proc/self/loginuid")
        .ok()
        .and_then(|text| text.trim().parse().ok())
        .filter(|uid| *uid != UNSET && *uid != user.as_raw())
        .map(Uid::from_raw);
    let login = login.map_or_else(String::new, |login| format!(", logged in as {}", name(login)));
    Actor {
        name: format!("user {} of the system{login}", name(user)),
        thumbprint: None,
        address: None,
    }
}

fn name(uid: Uid) -> String {
    match User::from_uid(uid) {
        Ok(Some(user)) => user.name,
        _ => uid.to_string(),
    }
}

/// No login is known.
const UNSET: u32 = u32::MAX;
