//! Certificates that were registered together. RavenDB names one of them the primary, and gives all of them its rights.

use certward::pki::Thumbprint;

use crate::resources::client_certificate::registration::Registered;

/// Explains that a secondary certificate of a collection cannot be managed.
pub(crate) fn of_secondary(thumbprint: Thumbprint, primary: &Registered) -> String {
    format!(
        "{thumbprint} was registered together with others, as a collection whose primary certificate is \"{}\" ({}). It has \
         the primary's rights, and goes with it. To manage it alone, delete the collection in the Studio and register its \
         certificates one by one.",
        primary.grant.name, primary.thumbprint
    )
}

/// Returns a warning about an entry that is the primary of a collection.
pub(crate) fn warning(primary: &Registered) -> Option<String> {
    (!primary.secondaries.is_empty()).then(|| {
        format!(
            "\"{}\" ({}) was registered together with {}, which have the same rights. RavenDB has no safe edit of a \
             collection, so Terraform does not change the entry; removing it removes all of them. Register the certificates \
             one by one (certward_client_certificate), and remove this entry then.",
            primary.grant.name,
            primary.thumbprint,
            listed(&primary.secondaries)
        )
    })
}

/// Explains that an entry is not changed, if so.
pub(crate) fn refusal_to_edit(primary: &Registered) -> Option<String> {
    (!primary.secondaries.is_empty()).then(|| no_edit(&primary.grant.name, primary.thumbprint, &primary.secondaries))
}

/// The reason for not changing the primary of a collection: an edit on RavenDB 7.2 detaches the secondaries, which keep
/// their old rights.
pub(crate) fn no_edit(name: &str, primary: Thumbprint, secondaries: &[Thumbprint]) -> String {
    format!(
        "\"{name}\" ({primary}) was registered together with {}. RavenDB would change the primary certificate alone and cut \
         the others loose: they would keep the rights they have and could be neither read nor removed any more, but still \
         log in. Remove the entry, which removes all of them, and register its certificates one by one.",
        listed(secondaries)
    )
}

/// Names the certificates that are removed with a primary.
pub(crate) fn goes_along(name: &str, primary: Thumbprint, secondaries: &[Thumbprint]) -> String {
    format!(
        "\"{name}\" ({primary}) was registered together with {}. Removing it removes all of them, and none of them can log in \
         any more.",
        listed(secondaries)
    )
}

fn listed(thumbprints: &[Thumbprint]) -> String {
    let shown: Vec<String> = thumbprints.iter().take(MOST_SHOWN).map(ToString::to_string).collect();
    let more = thumbprints.len() - shown.len();
    let shown = shown.join(", ");
    if more == 0 {
        shown
    } else {
        format!("{shown} and {more} more")
    }
}

const MOST_SHOWN: usize = 10;
