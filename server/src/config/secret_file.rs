//! Files with secrets in them must not be readable by others.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

/// Checks that nobody but the file's owner can read it, and that the owner is this process's user or root.
///
/// # Errors
///
/// What is wrong and how to mend it; also when the file is missing or is no file.
pub(super) fn check_private(path: &Path) -> Result<(), String> {
    let metadata = std::fs::metadata(path).map_err(|error| format!("{} cannot be opened: {error}", path.display()))?;
    if !metadata.is_file() {
        return Err(format!("{} is not a file", path.display()));
    }
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(format!(
            "{path} has secrets in it and can be read by others (mode {mode:04o}); run: chmod 600 '{path}'",
            path = path.display()
        ));
    }
    let (owner, user) = (metadata.uid(), rustix::process::geteuid().as_raw());
    if owner != user && owner != 0 {
        return Err(format!(
            "{} has secrets in it and belongs to user {owner}, not to user {user} who runs the server",
            path.display()
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(mode: u32) -> Result<(), String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("server.pfx");
        std::fs::write(&path, "secret").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        check_private(&path)
    }

    #[test]
    fn a_file_that_only_its_owner_reads_is_accepted() {
        assert_eq!(check(0o600), Ok(()));
        assert_eq!(check(0o400), Ok(()));
    }

    #[test]
    fn a_file_that_the_group_or_others_read_is_refused_with_the_command_that_mends_it() {
        for mode in [0o640, 0o604, 0o660, 0o644] {
            let problem = check(mode).unwrap_err();
            assert!(problem.contains("chmod 600"), "{problem}");
        }
    }
}
