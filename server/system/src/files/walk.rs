//! Walks a path from the root, and checks each directory and symbolic link on it.

use std::ffi::OsString;
use std::fs::Metadata;
use std::io;
use std::path::{Component, Path, PathBuf};

use super::account::{Account, ROOT};
use super::error::FileError;
use super::judge::{Facts, Role};

/// The end of a path.
#[derive(Debug)]
pub(super) enum End {
    /// An existing file or directory. The path has no symbolic links.
    Found(PathBuf, Metadata),
    /// The last existing directory, in which the next name of the path is missing.
    Missing,
}

/// Follows `path`, and checks every directory above its end and every symbolic link. The end itself is not checked.
///
/// The order matters: a directory is checked before the names in it are looked up, so that they cannot be replaced
/// afterwards.
pub(super) fn walk(account: &Account, path: &Path) -> Result<End, FileError> {
    let failed = |at: &Path| {
        let at = at.to_owned();
        move |source: io::Error| FileError::of_system(at, source)
    };
    let absolute = std::path::absolute(path).map_err(failed(path))?;
    let mut at = PathBuf::from("/");
    let mut metadata = at.symlink_metadata().map_err(failed(path))?;
    let mut rest = names(&absolute);
    let mut links = 0;
    // Whether `at` is in a directory where everybody can make entries.
    let mut is_in_shared = false;
    let judge = |at: &Path, metadata: &Metadata, is_in_shared: bool, role: Role| -> Result<Facts, FileError> {
        let mut facts = Facts::of_path(at, metadata).map_err(failed(at))?;
        // What the host of a container made is trusted as the host is, which can do anything to the container. In `/tmp`
        // it may be any user of the host.
        if account.is_of_host(facts.owner) && !is_in_shared {
            facts.owner = ROOT;
        }
        account.judge(at, &facts, role)?;
        Ok(facts)
    };
    while let Some(name) = rest.pop() {
        if !metadata.is_dir() {
            return Err(FileError::NotADirectory { path: at });
        }
        let is_shared = judge(&at, &metadata, is_in_shared, Role::Above)?.is_sticky();
        if name == ".." {
            at.pop();
            is_in_shared = false;
            metadata = at.symlink_metadata().map_err(failed(path))?;
            continue;
        }
        let next = at.join(name);
        let found = match next.symlink_metadata() {
            Ok(found) => found,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(End::Missing),
            Err(error) => return Err(failed(path)(error)),
        };
        if !found.is_symlink() {
            at = next;
            metadata = found;
            is_in_shared = is_shared;
            continue;
        }
        judge(&next, &found, is_shared, Role::Link)?;
        links += 1;
        if links > MAX_LINKS {
            return Err(failed(path)(rustix::io::Errno::LOOP.into()));
        }
        let target = std::fs::read_link(&next).map_err(failed(path))?;
        if target.is_absolute() {
            at = PathBuf::from("/");
            metadata = at.symlink_metadata().map_err(failed(path))?;
            is_in_shared = false;
        }
        rest.extend(names(&target));
    }
    Ok(End::Found(at, metadata))
}

/// The names of a path, the last one first.
fn names(path: &Path) -> Vec<OsString> {
    let mut names: Vec<OsString> = path
        .components()
        .filter_map(|component| match component {
            Component::Normal(name) => Some(name.to_owned()),
            Component::ParentDir => Some("..".into()),
            Component::RootDir | Component::CurDir | Component::Prefix(_) => None,
        })
        .collect();
    names.reverse();
    names
}

/// Linux's limit (path_resolution(7)).
const MAX_LINKS: usize = 40;
