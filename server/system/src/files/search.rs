//! Finds the directory in a path that another user cannot traverse.

use std::io;
use std::path::{Path, PathBuf};

use super::account::ROOT;
use super::judge::Facts;

/// The topmost directory of `path`, including itself, that a user without further groups cannot traverse. Symbolic
/// links are followed.
pub fn closed_to(path: &Path, user: u32, group: u32) -> io::Result<Option<PathBuf>> {
    let path = std::fs::canonicalize(path)?;
    let mut directories: Vec<&Path> = path.ancestors().collect();
    directories.reverse();
    for directory in directories {
        let facts = Facts::of_path(directory, &directory.symlink_metadata()?)?;
        if !may_search(&facts, user, group) {
            return Ok(Some(directory.to_owned()));
        }
    }
    Ok(None)
}

/// Decides as acl(5) does: by the first matching entry of owner, named user, groups and others.
fn may_search(facts: &Facts, user: u32, group: u32) -> bool {
    if user == ROOT {
        return true;
    }
    let searches = |rights: u32| rights & SEARCH != 0;
    if facts.owner == user {
        return searches(facts.mode >> 6);
    }
    let Some(list) = &facts.list else {
        return searches(if facts.group == group {
            facts.mode >> 3
        } else {
            facts.mode
        });
    };
    if let Some((_, rights)) = list.users.iter().find(|(named, _)| *named == user) {
        return searches(*rights);
    }
    let mut groups = list.groups.clone();
    groups.push((facts.group, list.group));
    groups.retain(|(named, _)| *named == group);
    if groups.is_empty() {
        return searches(facts.mode);
    }
    groups.iter().any(|(_, rights)| searches(*rights))
}

const SEARCH: u32 = 0o1;

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::super::acl::AccessList;
    use super::*;

    #[test]
    fn the_uppermost_directory_that_keeps_a_user_out_is_named() {
        let home = tempfile::tempdir().unwrap();
        let below = home.path().join("certward/data");
        std::fs::create_dir_all(&below).unwrap();
        let set = |path: &Path, mode| std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
        let closed = || closed_to(&below, 3_999_999_998, 3_999_999_998).unwrap();
        let home = std::fs::canonicalize(home.path()).unwrap();
        set(&home.join("certward"), 0o700);
        set(&home, 0o700);
        assert_eq!(closed(), Some(home.clone()));
        set(&home, 0o711);
        assert_eq!(closed(), Some(home.join("certward")));
        set(&home.join("certward"), 0o711);
        set(&below, 0o711);
        assert_eq!(closed(), None);
    }

    #[test]
    fn a_right_comes_from_the_first_entry_that_is_about_the_user() {
        let facts = |mode, list| Facts {
            owner: 0,
            group: 50,
            mode,
            list,
        };
        for (mode, group, expected) in [
            (0o701, 60, true),
            (0o710, 60, false),
            (0o710, 50, true),
            (0o701, 50, false),
        ] {
            assert_eq!(
                may_search(&facts(mode, None), 1002, group),
                expected,
                "{mode:o} {group}"
            );
        }
        let list = |users: &[(u32, u32)], groups: &[(u32, u32)]| {
            Some(AccessList {
                group: 0,
                users: users.to_vec(),
                groups: groups.to_vec(),
            })
        };
        assert!(may_search(&facts(0o710, list(&[(1002, 1)], &[])), 1002, 60));
        assert!(!may_search(&facts(0o711, list(&[(1002, 4)], &[])), 1002, 60));
        assert!(may_search(&facts(0o710, list(&[], &[(60, 1)])), 1002, 60));
        assert!(!may_search(&facts(0o710, list(&[(1003, 1)], &[])), 1002, 60));
        assert!(may_search(&facts(0o711, list(&[(1003, 1)], &[])), 1002, 60));
        assert!(may_search(&facts(0o100, None), 0, 0));
    }
}
