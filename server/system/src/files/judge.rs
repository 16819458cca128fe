//! The rules for owner and permissions of a file, a directory or a symbolic link.

use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use super::account::{Account, ROOT};
use super::acl::AccessList;
use super::error::UntrustedPath;

/// Owner and permissions of a file.
#[derive(Debug, Clone)]
pub(super) struct Facts {
    pub(super) owner: u32,
    pub(super) group: u32,
    /// The permissions, with the sticky bit.
    pub(super) mode: u32,
    pub(super) list: Option<AccessList>,
}

/// The holders of rights besides the owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Holder {
    Others,
    /// The group of the file.
    Group(u32),
    /// A user in the access control list.
    NamedUser(u32),
    /// A group in the access control list.
    NamedGroup(u32),
}

impl Facts {
    /// The facts of the file at `path`, with this metadata.
    pub(super) fn of_path(path: &Path, metadata: &Metadata) -> io::Result<Self> {
        // Links have no permissions of their own.
        let has_list = !metadata.is_symlink();
        let list = if has_list { AccessList::of_path(path)? } else { None };
        Ok(Self::new(metadata, list))
    }

    /// The facts of an open file.
    pub(super) fn of_file(file: &File) -> io::Result<Self> {
        Ok(Self::new(&file.metadata()?, AccessList::of_file(file)?))
    }

    fn new(metadata: &Metadata, list: Option<AccessList>) -> Self {
        Self {
            owner: metadata.uid(),
            group: metadata.gid(),
            mode: metadata.mode() & 0o7777,
            list,
        }
    }

    /// All holders of rights except the owner, with their rights.
    fn rights(&self) -> Vec<(Holder, u32)> {
        let group = self.list.as_ref().map_or(self.mode >> 3 & ALL, |list| list.group);
        let mut rights = vec![(Holder::Others, self.mode & ALL), (Holder::Group(self.group), group)];
        if let Some(list) = &self.list {
            rights.extend(
                list.users
                    .iter()
                    .map(|(user, rights)| (Holder::NamedUser(*user), *rights)),
            );
            rights.extend(
                list.groups
                    .iter()
                    .map(|(group, rights)| (Holder::NamedGroup(*group), *rights)),
            );
        }
        rights
    }

    /// Returns `true` for a sticky directory: everybody can create entries in it, and only their owners can remove
    /// them.
    pub(super) fn is_sticky(&self) -> bool {
        self.mode & STICKY != 0
    }
}

/// The use of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// A directory above the one or the file that is used.
    Above,
    /// A symbolic link in the path.
    Link,
    /// A directory for the server's own files.
    Directory,
    /// A file to read.
    File,
    /// A file with secrets to read.
    Secret,
}

impl Account {
    /// Checks that only this account and root can change `path`, and, for a secret, that no one else can read it.
    pub(super) fn judge(&self, path: &Path, facts: &Facts, role: Role) -> Result<(), UntrustedPath> {
        let what = match role {
            Role::Link => "symbolic link",
            Role::Above | Role::Directory => "directory",
            Role::File | Role::Secret => "file",
        };
        if !self.is_trusted(facts.owner) {
            return Err(UntrustedPath::Owner {
                what,
                path: path.to_owned(),
                owner: facts.owner,
                user: self.user,
            });
        }
        if role == Role::Link {
            return Ok(());
        }
        // In a sticky directory only the owner of an entry can rename or remove it, and the entry is judged next.
        if role == Role::Above && facts.is_sticky() {
            return Ok(());
        }
        for (holder, rights) in facts.rights() {
            let may_change = self.may_change(holder, role);
            if rights & WRITE != 0 && !may_change {
                return Err(changed_by(holder, what, path, facts, role));
            }
            if role == Role::Secret && rights != 0 && !may_change && !self.may_read(holder, facts) {
                return Err(self.read_by(holder, what, path, facts));
            }
        }
        Ok(())
    }

    /// A group without other members is equivalent to its one member, as for OpenSSH on Debian: umask 002 is the
    /// default where each user has such a group, and OpenShift lets its users write through root's group alone. For the
    /// server's own files the group must be the process's own: no program that runs with another group, such as a
    /// setgid one, may write there.
    fn may_change(&self, holder: Holder, role: Role) -> bool {
        match holder {
            Holder::Others => false,
            Holder::NamedUser(user) => self.is_trusted(user),
            Holder::Group(group) | Holder::NamedGroup(group) if role == Role::Above => self.has_alone(group),
            Holder::Group(group) | Holder::NamedGroup(group) => self.is_private(group),
        }
    }

    /// Root has given this process's group a secret to read: Debian's ssl-cert, a secret volume with fsGroup. A server
    /// that runs as root does not need that: its secrets may be read by private groups only.
    fn may_read(&self, holder: Holder, facts: &Facts) -> bool {
        let (Holder::Group(group) | Holder::NamedGroup(group)) = holder else {
            return false;
        };
        facts.owner == ROOT && self.user != ROOT && self.groups.contains(&group)
    }

    fn read_by(&self, holder: Holder, what: &'static str, path: &Path, facts: &Facts) -> UntrustedPath {
        let (path, mode) = (path.to_owned(), facts.mode);
        match named(holder) {
            Some(entry) => UntrustedPath::Listed {
                what,
                path,
                entry,
                done: "read",
            },
            None => UntrustedPath::Readable {
                path,
                mode,
                is_own: facts.owner == self.user,
            },
        }
    }
}

fn changed_by(holder: Holder, what: &'static str, path: &Path, facts: &Facts, role: Role) -> UntrustedPath {
    let (path, mode) = (path.to_owned(), facts.mode);
    match named(holder) {
        Some(entry) => UntrustedPath::Listed {
            what,
            path,
            entry,
            done: "changed",
        },
        None if role == Role::Directory && facts.is_sticky() => UntrustedPath::Shared { path, mode },
        None => UntrustedPath::Writable { what, path, mode },
    }
}

/// The entry of an access control list, in the syntax of setfacl(1).
fn named(holder: Holder) -> Option<String> {
    match holder {
        Holder::NamedUser(user) => Some(format!("user:{user}")),
        Holder::NamedGroup(group) => Some(format!("group:{group}")),
        Holder::Others | Holder::Group(_) => None,
    }
}

const STICKY: u32 = 0o1000;
const WRITE: u32 = 0o2;
const ALL: u32 = 0o7;

#[cfg(test)]
mod tests {
    use super::*;

    /// The server's user is 1001, with a group of its own, root's `ssl` for keys, and Kubernetes' 3000.
    fn account() -> Account {
        Account::new(
            1001,
            vec![1001, 60, 3000],
            "root:x:0:0::/:\nserver:x:1001:1001::/:\nother:x:1002:1002::/:\n",
            "root:x:0:\nserver:x:1001:\nssl:x:60:server,other\nshared:x:70:other\nlocal:x:80:\n",
            "",
        )
    }

    fn judged(role: Role, owner: u32, group: u32, mode: u32) -> Result<(), UntrustedPath> {
        account().judge(Path::new("/x"), &facts(owner, group, mode), role)
    }

    fn facts(owner: u32, group: u32, mode: u32) -> Facts {
        Facts {
            owner,
            group,
            mode,
            list: None,
        }
    }

    /// Of a file of root's with this list; the mode is that of the list's mask.
    fn listed(role: Role, group: u32, users: &[(u32, u32)], groups: &[(u32, u32)]) -> Result<(), UntrustedPath> {
        let facts = Facts {
            list: Some(AccessList {
                group,
                users: users.to_vec(),
                groups: groups.to_vec(),
            }),
            ..facts(0, 70, 0o2670)
        };
        account().judge(Path::new("/x"), &facts, role)
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
    fn a_group_that_only_the_server_is_in_may_write_everything() {
        for role in [Role::Above, Role::Directory, Role::File, Role::Secret] {
            // The user's own group, Kubernetes' fsGroup, and that of root, as in OpenShift.
            for group in [1001, 3000, 0] {
                for (owner, mode) in [(1001, 0o660), (1001, 0o2770), (0, 0o2770)] {
                    assert_eq!(
                        judged(role, owner, group, mode),
                        Ok(()),
                        "{role:?} {owner} {group} {mode:o}"
                    );
                }
            }
        }
        assert_eq!(judged(Role::Directory, 1001, 1001, 0o775), Ok(()));
        assert_eq!(judged(Role::File, 1001, 1001, 0o664), Ok(()));
        assert!(judged(Role::Secret, 1001, 1001, 0o664).is_err());
        // Nobody is in it, and the server neither: a directory above may belong to it.
        assert_eq!(judged(Role::Above, 0, 80, 0o2775), Ok(()));
        assert!(judged(Role::Directory, 0, 80, 0o2775).is_err());
    }

    #[test]
    fn an_access_control_list_is_judged_by_whom_it_names_and_not_by_its_mask() {
        let roles = [Role::Above, Role::Directory, Role::File, Role::Secret];
        for role in roles {
            for (users, groups) in [
                // systemd's credentials, and `setfacl -m u:root:rw`.
                (&[(1001, 4)][..], &[][..]),
                (&[(0, 6), (1001, 6)], &[]),
                (&[], &[(1001, 6)]),
                (&[(1002, 0)], &[(70, 0)]),
            ] {
                assert_eq!(listed(role, 0, users, groups), Ok(()), "{role:?} {users:?} {groups:?}");
            }
            for (group, users, groups, entry) in [
                (0, &[(1002, 6)][..], &[][..], Some("user:1002")),
                (0, &[(0, 6), (65_534, 2)], &[], Some("user:65534")),
                (0, &[], &[(70, 6)], Some("group:70")),
                (6, &[(1001, 6)], &[], None),
            ] {
                match (listed(role, group, users, groups), entry) {
                    (Err(UntrustedPath::Listed { entry: found, .. }), Some(entry)) => assert_eq!(found, entry),
                    (Err(UntrustedPath::Writable { .. }), None) => {}
                    (other, _) => panic!("{role:?} {users:?} {groups:?}: {other:?}"),
                }
            }
        }
        for (group, users, groups) in [(0, &[(1002, 4)][..], &[][..]), (0, &[], &[(70, 4)]), (4, &[], &[])] {
            assert_eq!(listed(Role::File, group, users, groups), Ok(()));
            assert!(
                listed(Role::Secret, group, users, groups).is_err(),
                "{group} {users:?} {groups:?}"
            );
        }
        assert_eq!(listed(Role::Secret, 0, &[], &[(60, 4)]), Ok(()));
    }

    #[test]
    fn a_secret_is_read_by_its_owner_and_by_a_group_that_root_gave_it_to() {
        for (owner, group, mode) in [
            (1001, 1001, 0o600),
            (1001, 1001, 0o400),
            (1001, 1001, 0o640),
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
            (1001, 70, 0o640),
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
    fn root_gives_its_own_secrets_to_no_group_that_others_are_in() {
        let root = Account::new(
            0,
            vec![0, 60, 3000],
            "root:x:0:0::/:\n",
            "root:x:0:\nssl:x:60:web\n",
            "",
        );
        let judged = |group, mode| root.judge(Path::new("/x"), &facts(0, group, mode), Role::Secret);
        assert!(judged(60, 0o640).is_err());
        assert!(judged(70, 0o640).is_err());
        assert_eq!(judged(0, 0o640), Ok(()));
        assert_eq!(judged(3000, 0o440), Ok(()));
    }
}
