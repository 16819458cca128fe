//! Entries of RavenDB 7.2's single sign-on: servers that vouch for users, and the users themselves.

use crate::resources::client_certificate::registration::Registered;

/// Returns a warning about such an entry.
pub(crate) fn warning(registered: &Registered) -> Option<String> {
    registered.is_single_sign_on.then(|| {
        format!(
            "{} is an entry of RavenDB's single sign-on. Terraform reads and removes it, and does not change it: an edit \
             would not send who it vouches for. Change it in the Studio.",
            named(registered)
        )
    })
}

/// Explains that such an entry is not changed, if so.
pub(crate) fn refusal_to_edit(registered: &Registered) -> Option<String> {
    registered.is_single_sign_on.then(|| {
        format!(
            "{} is an entry of RavenDB's single sign-on. An edit replaces the entry as a whole, and would not send who it \
             vouches for. Change it in the Studio, or leave the configuration as the entry is.",
            named(registered)
        )
    })
}

fn named(registered: &Registered) -> String {
    format!("\"{}\" ({})", registered.grant.name, registered.thumbprint)
}
