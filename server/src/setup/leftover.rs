//! Cleans a folder of the keys that a killed setup left in it.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;

use super::SETTINGS_FILE;

/// The beginning of the names of a setup's working folders.
pub(super) const PREFIX: &str = ".setup-";

/// Notes in `staging`, before the first of `names` is moved to its place, which files they are.
///
/// # Errors
///
/// The error of the system.
pub(super) fn note(staging: &Path, names: &[&str]) -> io::Result<()> {
    let mut text = String::new();
    for name in names {
        let inode = staging.join(name).symlink_metadata()?.ino();
        text.push_str(&format!("{inode} {name}\n"));
    }
    let mut file = File::options()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(staging.join(NOTE))?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

/// Removes the working folders that killed setups left in `folder`, and, unless the last of their files has come to its
/// place, those that have. Other files are left alone, also under the same names. The caller holds the lock of `folder`.
///
/// # Errors
///
/// The error of the system.
pub(super) fn remove(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if !entry.file_name().to_string_lossy().starts_with(PREFIX) || !entry.file_type()?.is_dir() {
            continue;
        }
        let staging = entry.path();
        let note = fs::read_to_string(staging.join(NOTE)).unwrap_or_default();
        let moved: Vec<&str> = note
            .lines()
            .filter_map(|line| line.split_once(' '))
            .filter(|(inode, name)| is_the_one(&folder.join(name), inode))
            .map(|(_, name)| name)
            .collect();
        if !moved.contains(&SETTINGS_FILE) {
            for name in moved {
                let path = folder.join(name);
                if path.is_dir() {
                    fs::remove_dir_all(path)?;
                } else {
                    fs::remove_file(path)?;
                }
            }
        }
        fs::remove_dir_all(staging)?;
    }
    Ok(())
}

/// Returns `true` when the file at `path` is the recorded one: a rename keeps the inode, and the working folder is on
/// the same file system.
fn is_the_one(path: &Path, inode: &str) -> bool {
    let name_is_plain = path.file_name().is_some() && !path.ends_with("..");
    name_is_plain
        && path
            .symlink_metadata()
            .is_ok_and(|metadata| Ok(metadata.ino()) == inode.parse())
}

const NOTE: &str = "moving";
