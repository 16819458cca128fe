//! The picture of the architecture, and the circles of modules that are left.

use std::collections::BTreeSet;

use certward_acceptance_tests::architecture::{PICTURE, Workspace, root};

/// The circles of modules that import each other, by crate. Whoever cuts one shortens this list; nobody adds to it.
const STILL_CIRCULAR: &[(&str, &[&str])] = &[];

#[test]
fn the_picture_of_the_architecture_is_that_of_the_imports() {
    let root = root();
    let drawn = std::fs::read_to_string(root.join(PICTURE)).unwrap_or_default();
    assert!(
        drawn == Workspace::read(&root).svg(),
        "{PICTURE} is stale, run make graph"
    );
}

#[test]
fn no_modules_of_a_crate_import_each_other_in_a_circle_but_those_that_still_do() {
    let workspace = Workspace::read(&root());
    let found: BTreeSet<(&str, Vec<&str>)> = workspace
        .crates
        .iter()
        .flat_map(|one| {
            one.modules
                .circles()
                .into_iter()
                .map(|circle| (&*one.name, circle.into_iter().collect()))
        })
        .collect();
    let known = STILL_CIRCULAR
        .iter()
        .map(|(name, modules)| (*name, modules.to_vec()))
        .collect();
    let new: Vec<_> = found.difference(&known).collect();
    let gone: Vec<_> = known.difference(&found).collect();
    assert!(
        new.is_empty() && gone.is_empty(),
        "circles that the list does not have: {new:?}; circles in the list that are gone: {gone:?}"
    );
}
