//! Access control lists of files (acl(5)), as Linux keeps them in an extended attribute.

use std::io;
use std::os::fd::AsFd;
use std::path::Path;

use rustix::io::Errno;

/// Rights in an access control list, except those of the owner and of all others. The mask is applied already.
///
/// With such a list, the group bits of the mode are its mask, and not the rights of the file's group.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct AccessList {
    /// Rights of the file's group.
    pub(super) group: u32,
    /// Named users, each with its rights.
    pub(super) users: Vec<(u32, u32)>,
    /// Named groups, each with its rights.
    pub(super) groups: Vec<(u32, u32)>,
}

impl AccessList {
    /// The list of the file at `path`, which is not a symbolic link; `None` if there is no list.
    pub(super) fn of_path(path: &Path) -> io::Result<Option<Self>> {
        Self::read(|buffer| rustix::fs::lgetxattr(path, ATTRIBUTE, buffer))
    }

    /// The list of an open file.
    pub(super) fn of_file(file: impl AsFd) -> io::Result<Option<Self>> {
        Self::read(|buffer| rustix::fs::fgetxattr(&file, ATTRIBUTE, buffer))
    }

    fn read(get: impl Fn(&mut [u8]) -> rustix::io::Result<usize>) -> io::Result<Option<Self>> {
        let mut buffer = vec![0; USUAL_BYTES];
        let mut got = get(&mut buffer);
        if matches!(got, Err(Errno::RANGE)) {
            buffer.resize(MAX_BYTES, 0);
            got = get(&mut buffer);
        }
        match got {
            Ok(length) => {
                let list = buffer.get(..length).and_then(Self::decode);
                list.map(Some)
                    .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "its access control list cannot be read"))
            }
            // None there, a file system without lists, a kernel or sandbox without extended attributes.
            Err(Errno::NODATA | Errno::OPNOTSUPP | Errno::NOSYS) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Parses the attribute's value: a version, then entries of tag, rights and ID, all little-endian
    /// (`linux/posix_acl_xattr.h`).
    fn decode(bytes: &[u8]) -> Option<Self> {
        let (version, entries) = bytes.split_first_chunk()?;
        let (entries, []) = entries.as_chunks::<ENTRY_BYTES>() else {
            return None;
        };
        if u32::from_le_bytes(*version) != VERSION {
            return None;
        }
        let mut list = Self::default();
        let mut mask = ALL;
        for [t0, t1, r0, r1, id @ ..] in entries {
            let rights = u32::from(u16::from_le_bytes([*r0, *r1])) & ALL;
            let id = u32::from_le_bytes(*id);
            match u16::from_le_bytes([*t0, *t1]) {
                // The mode has these too.
                OWNER | OTHERS => {}
                USER => list.users.push((id, rights)),
                OWNING_GROUP => list.group = rights,
                GROUP => list.groups.push((id, rights)),
                MASK => mask = rights,
                _ => return None,
            }
        }
        list.group &= mask;
        for (_, rights) in list.users.iter_mut().chain(&mut list.groups) {
            *rights &= mask;
        }
        Some(list)
    }
}

const ATTRIBUTE: &str = "system.posix_acl_access";
const VERSION: u32 = 2;
const ENTRY_BYTES: usize = 8;
const OWNER: u16 = 0x01;
const USER: u16 = 0x02;
const OWNING_GROUP: u16 = 0x04;
const GROUP: u16 = 0x08;
const MASK: u16 = 0x10;
const OTHERS: u16 = 0x20;
const ALL: u32 = 0o7;
const USUAL_BYTES: usize = 1024;
/// Linux's limit for an attribute (xattr(7)).
const MAX_BYTES: usize = 64 * 1024;

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// The attribute's value with these entries: tag, rights and id.
    fn encoded(entries: &[(u16, u16, u32)]) -> Vec<u8> {
        let mut bytes = VERSION.to_le_bytes().to_vec();
        for (tag, rights, id) in entries {
            bytes.extend(tag.to_le_bytes());
            bytes.extend(rights.to_le_bytes());
            bytes.extend(id.to_le_bytes());
        }
        bytes
    }

    /// Gives the user `id` `rights` to a file or directory, as `setfacl -m u:ID:rw` does; the owner has all rights,
    /// group and others have none. `false` where the file system has no access control lists.
    pub(in crate::files) fn give(path: &Path, id: u32, rights: u16) -> bool {
        const NO_ID: u32 = u32::MAX;
        let value = encoded(&[
            (OWNER, 7, NO_ID),
            (USER, rights, id),
            (OWNING_GROUP, 0, NO_ID),
            (MASK, rights, NO_ID),
            (OTHERS, 0, NO_ID),
        ]);
        match rustix::fs::lsetxattr(path, ATTRIBUTE, &value, rustix::fs::XattrFlags::empty()) {
            Ok(()) => true,
            Err(Errno::OPNOTSUPP) => false,
            Err(error) => panic!("{}: {error}", path.display()),
        }
    }

    #[test]
    fn named_users_and_groups_have_their_rights_within_the_mask() {
        let bytes = encoded(&[
            (OWNER, 6, 0),
            (USER, 6, 1002),
            (USER, 7, 1003),
            (OWNING_GROUP, 7, 0),
            (GROUP, 4, 70),
            (MASK, 4, 0),
            (OTHERS, 0, 0),
        ]);
        let list = AccessList::decode(&bytes).unwrap();
        assert_eq!(list.group, 4);
        assert_eq!(list.users, [(1002, 4), (1003, 4)]);
        assert_eq!(list.groups, [(70, 4)]);
        let without_mask = encoded(&[(OWNER, 6, 0), (OWNING_GROUP, 6, 0), (OTHERS, 4, 0)]);
        assert_eq!(AccessList::decode(&without_mask).unwrap().group, 6);
    }

    #[test]
    fn what_is_no_access_control_list_is_not_taken_for_an_empty_one() {
        let whole = encoded(&[(OWNER, 6, 0), (USER, 6, 1002)]);
        for length in (0..whole.len()).filter(|length| *length != 4 && *length != 12) {
            assert_eq!(AccessList::decode(&whole[..length]), None, "{length}");
        }
        assert_eq!(AccessList::decode(&encoded(&[(0x40, 7, 0)])), None);
        assert_eq!(AccessList::decode(&[&3_u32.to_le_bytes(), &whole[4..]].concat()), None);
    }

    #[test]
    fn the_list_of_a_file_is_read_by_path_and_when_open() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, "").unwrap();
        assert_eq!(AccessList::of_path(&path).unwrap(), None);
        if !give(&path, 1002, 6) {
            return;
        }
        let expected = AccessList {
            users: vec![(1002, 6)],
            ..AccessList::default()
        };
        let open = std::fs::File::open(&path).unwrap();
        for list in [AccessList::of_path(&path), AccessList::of_file(&open)] {
            assert_eq!(list.unwrap(), Some(expected.clone()));
        }
        assert_eq!(AccessList::of_path(Path::new("/proc")).unwrap(), None);
    }
}
