//! The rules: which owner and permissions a file, a directory or a symbolic link may have.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use super::account::{Account, ROOT};
use super::error::UntrustedPath;

/// Owner and permissions of a file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Facts {
    pub(super) owner: u32,
    pub(super) group: u32,
    /// The permissions, with the sticky bit.
    pub(super) mode: u32,
}

impl From<&Metadata> for Facts {
    fn from(metadata: &Metadata) -> Self {
        Self {
            owner: metadata.uid(),
            group: metadata.gid(),
            mode: metadata.mode() & 0o7777,
        }
    }
}

/// The use of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// A directory above the one or the file that is used.
    Above,
    /// A symbolic link on the way.
    Link,
    /// A directory that is written into.
    Directory,
    /// A file that is read.
    File,
    /// A file that is read and holds secrets.
    Secret,
}

impl Account {
    /// Whether nobody but this account and root can change `path`, and, for a secret, nobody else can read it.
    pub(super) fn judge(&self, path: &Path, facts: Facts, role: Role) -> Result<(), UntrustedPath> {
        let Facts { owner, group, mode } = facts;
        let what = match role {
            Role::Link => "symbolic link",
            Role::Above | Role::Directory => "directory",
            Role::File | Role::Secret => "file",
        };
        let path = || path.to_owned();
        if !self.is_trusted(owner) {
            let user = self.user;
            let path = path();
            return Err(UntrustedPath::Owner {
                what,
                path,
                owner,
                user,
            });
        }
        if role == Role::Link {
            return Ok(());
        }
        // In a sticky directory only the owner of an entry can rename or remove it, and the entry is judged next.
        if role == Role::Above && mode & STICKY != 0 {
            return Ok(());
        }
        let group_is_ours = if role == Role::Above {
            self.has_alone(group)
        } else {
            // Here `chmod` costs nothing: a private group is accepted only where it comes back at each mount.
            self.is_of_container(group)
        };
        if mode & OTHERS_WRITE != 0 || (mode & GROUP_WRITE != 0 && !group_is_ours) {
            let path = path();
            return Err(if role == Role::Directory && mode & STICKY != 0 {
                UntrustedPath::Shared { path, mode }
            } else {
                UntrustedPath::Writable { what, path, mode }
            });
        }
        // Root gave the group of this process a secret to read: Debian's ssl-cert, a secret volume with fsGroup.
        let group_may_read = group_is_ours || (owner == ROOT && self.user != ROOT && self.groups.contains(&group));
        if role == Role::Secret && (mode & OTHERS_ANY != 0 || (mode & GROUP_ANY != 0 && !group_may_read)) {
            return Err(UntrustedPath::Readable { path: path(), mode });
        }
        Ok(())
    }
}

const STICKY: u32 = 0o1000;
const GROUP_WRITE: u32 = 0o020;
const OTHERS_WRITE: u32 = 0o002;
const GROUP_ANY: u32 = 0o070;
const OTHERS_ANY: u32 = 0o007;

#[cfg(test)]
mod tests {
    use super::*;

    /// The server's user is 1001, with a group of its own, root's `ssl` for keys, and Kubernetes' 3000.
    fn account() -> Account {
        Account::new(
            1001,
            vec![1001, 60, 3000],
            "root:x:0:0::/:\nserver:x:1001:1001::/:\nother:x:1002:1002::/:\n",
            "root:x:0:\nserver:x:1001:\nssl:x:60:server,other\nshared:x:70:other\n",
            "",
        )
    }

    fn judged(role: Role, owner: u32, group: u32, mode: u32) -> Result<(), UntrustedPath> {
        let facts = Facts { owner, group, mode };
        account().judge(Path::new("/x"), facts, role)
    }

    #[test]
    fn what_belongs_to_somebody_else_is_refused_in_every_role() {
        for role in [Role::Above, Role::Link, Role::Directory, Role::File, Role::Secret] {
            for owner in [1002, 1003, 65_534] {
                let refused = judged(role, owner, 1001, 0o700);
                assert!(matches!(refused, Err(UntrustedPath::Owner { .. })), "{role:?} {owner}");
            }
            for owner in [0, 1001] {
                assert_eq!(judged(role, owner, 1001, 0o700), Ok(()), "{role:?} {owner}");
            }
        }
    }

    #[test]
    fn what_others_may_write_is_refused() {
        for role in [Role::Above, Role::Directory, Role::File, Role::Secret] {
            for owner in [0, 1001] {
                for (group, mode) in [
                    (1001, 0o702),
                    (1001, 0o777),
                    (70, 0o720),
                    (70, 0o770),
                    (60, 0o770),
                    (4000, 0o770),
                ] {
                    let refused = judged(role, owner, group, mode);
                    assert!(
                        matches!(refused, Err(UntrustedPath::Writable { .. })),
                        "{role:?} {owner} {group} {mode:o}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_sticky_directory_may_stand_above_and_not_be_the_servers_own() {
        assert_eq!(judged(Role::Above, 0, 0, 0o1777), Ok(()));
        assert!(matches!(
            judged(Role::Directory, 0, 0, 0o1777),
            Err(UntrustedPath::Shared { .. })
        ));
    }

    #[test]
    fn a_private_group_may_write_directories_above_and_a_containers_group_everything() {
        assert_eq!(judged(Role::Above, 1001, 1001, 0o775), Ok(()));
        assert!(judged(Role::Directory, 1001, 1001, 0o775).is_err());
        assert!(judged(Role::File, 1001, 1001, 0o664).is_err());
        for role in [Role::Above, Role::Directory, Role::File, Role::Secret] {
            assert_eq!(judged(role, 1001, 3000, 0o660), Ok(()), "{role:?}");
            assert_eq!(judged(role, 0, 3000, 0o2770), Ok(()), "{role:?}");
        }
    }

    #[test]
    fn a_secret_is_read_by_its_owner_and_by_a_group_that_root_gave_it_to() {
        for (owner, group, mode) in [
            (1001, 1001, 0o600),
            (1001, 1001, 0o400),
            (0, 60, 0o640),
            (0, 3000, 0o440),
        ] {
            assert_eq!(
                judged(Role::Secret, owner, group, mode),
                Ok(()),
                "{owner} {group} {mode:o}"
            );
        }
        for (owner, group, mode) in [
            (1001, 1001, 0o640),
            (1001, 60, 0o640),
            (1001, 1001, 0o604),
            (0, 70, 0o640),
            (0, 0, 0o644),
            (0, 3000, 0o644),
            (1001, 1001, 0o611),
        ] {
            let refused = judged(Role::Secret, owner, group, mode);
            assert!(
                matches!(refused, Err(UntrustedPath::Readable { .. })),
                "{owner} {group} {mode:o}"
            );
            assert_eq!(
                judged(Role::File, owner, group, mode),
                Ok(()),
                "{owner} {group} {mode:o}"
            );
        }
    }

    #[test]
    fn root_gives_its_own_secrets_to_no_group_of_the_machine() {
        let root = Account::new(0, vec![0, 3000], "root:x:0:0::/:\n", "root:x:0:\n", "");
        let judged = |group, mode| root.judge(Path::new("/x"), Facts { owner: 0, group, mode }, Role::Secret);
        assert!(judged(0, 0o640).is_err());
        assert_eq!(judged(3000, 0o440), Ok(()));
    }
}
