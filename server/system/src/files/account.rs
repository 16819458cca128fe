//! The user of the server's process, and the members of groups.

use std::collections::HashMap;
use std::sync::LazyLock;

use rustix::process::{getegid, geteuid, getgroups};

use super::namespace::unmapped_id;

/// The user and the groups of this process, and the content of the machine's account files.
#[derive(Debug)]
pub(super) struct Account {
    pub(super) user: u32,
    pub(super) groups: Vec<u32>,
    members: HashMap<u32, Vec<u32>>,
    accounts_are_local: bool,
    unmapped_user: Option<u32>,
    unmapped_group: Option<u32>,
}

impl Account {
    /// The account of this process. The account files are read once.
    pub(super) fn of_process() -> &'static Self {
        static ACCOUNT: LazyLock<Account> = LazyLock::new(|| {
            let text = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
            let mut groups: Vec<u32> = getgroups()
                .unwrap_or_default()
                .into_iter()
                .map(|group| group.as_raw())
                .collect();
            groups.push(getegid().as_raw());
            Account::new(
                geteuid().as_raw(),
                groups,
                &text("/etc/passwd"),
                &text("/etc/group"),
                &text("/etc/nsswitch.conf"),
            )
            .in_namespace(
                unmapped_id(&text("/proc/self/uid_map"), &text("/proc/sys/kernel/overflowuid")),
                unmapped_id(&text("/proc/self/gid_map"), &text("/proc/sys/kernel/overflowgid")),
            )
        });
        &ACCOUNT
    }

    pub(super) fn new(user: u32, groups: Vec<u32>, passwd: &str, group: &str, nsswitch: &str) -> Self {
        Self {
            user,
            groups,
            members: members(passwd, group),
            accounts_are_local: accounts_are_local(nsswitch) && !has_directory_lines(passwd, group),
            unmapped_user: None,
            unmapped_group: None,
        }
    }

    /// In a user namespace where these ids stand for users and groups of the host.
    pub(super) fn in_namespace(mut self, user: Option<u32>, group: Option<u32>) -> Self {
        (self.unmapped_user, self.unmapped_group) = (user, group);
        self
    }

    /// Returns `true` when `owner` is this process's user or root.
    pub(super) fn is_trusted(&self, owner: u32) -> bool {
        owner == self.user || owner == ROOT
    }

    /// Returns `true` when `owner` is a user of the host outside this process's user namespace.
    pub(super) fn is_of_host(&self, owner: u32) -> bool {
        self.unmapped_user == Some(owner)
    }

    /// Returns `true` when a group has no members but this process's user and root: the private group that Linux
    /// distributions give each user, one of a container, or the group of root, with which OpenShift runs any user.
    ///
    /// If a directory service knows more accounts than the files, any group can have more members, and any user the
    /// same primary group. Only root's group belongs to the machine itself everywhere.
    pub(super) fn has_alone(&self, group: u32) -> bool {
        if self.unmapped_group == Some(group) {
            return false;
        }
        match self.members.get(&group) {
            Some(members) => {
                (self.accounts_are_local || group == ROOT) && members.iter().all(|member| self.is_trusted(*member))
            }
            None => group == ROOT || self.is_of_container(group),
        }
    }

    /// Returns `true` when a group without other members is the process's own, or that of root.
    pub(super) fn is_private(&self, group: u32) -> bool {
        (group == ROOT || self.groups.contains(&group)) && self.has_alone(group)
    }

    /// Returns `true` when Kubernetes gave this process the group (`fsGroup`): the process is in it, and the machine
    /// has no such group. Where a directory service knows more groups than the files, this cannot be known.
    fn is_of_container(&self, group: u32) -> bool {
        self.accounts_are_local && self.groups.contains(&group) && !self.members.contains_key(&group)
    }
}

/// The users of each group: those with it as primary group (passwd(5)), and those that it lists (group(5)).
fn members(passwd: &str, group: &str) -> HashMap<u32, Vec<u32>> {
    let mut ids: HashMap<&str, u32> = HashMap::new();
    let mut members: HashMap<u32, Vec<u32>> = HashMap::new();
    for line in passwd.lines() {
        let fields: Vec<&str> = line.split(':').collect();
        if let [name, _, user, primary, rest @ ..] = fields.as_slice()
            && let (Ok(user), Ok(primary)) = (user.parse(), primary.parse())
        {
            ids.insert(name, user);
            let shell = rest.last().copied().unwrap_or_default();
            if primary != ROOT || is_person(user, shell) {
                members.entry(primary).or_default().push(user);
            }
        }
    }
    for line in group.lines() {
        let fields: Vec<&str> = line.split(':').collect();
        if let [_, _, group, names, ..] = fields.as_slice()
            && let Ok(group) = group.parse()
        {
            let members = members.entry(group).or_default();
            for name in names.split(',').filter(|name| !name.is_empty()) {
                // A member that passwd(5) does not list is somebody else's account.
                members.push(ids.get(name).copied().unwrap_or(UNKNOWN_USER));
            }
        }
    }
    members
}

/// Returns `true` if a person can log in to an account. Fedora and its images give root's group to accounts without a
/// person (`sync`, `halt`, `operator`), and images for OpenShift to the user that they name (`1001:0`, with `nologin`):
/// these accounts are trusted as root by whoever set them up, and no other user can become one of them.
fn is_person(user: u32, shell: &str) -> bool {
    user >= FIRST_PERSON && !shell.ends_with("nologin") && !shell.ends_with("/false")
}

/// Returns `true` when `/etc/passwd` and `/etc/group` list every account (nsswitch.conf(5)). `systemd` adds service
/// accounts, whose groups have no other members.
fn accounts_are_local(nsswitch: &str) -> bool {
    let lines = nsswitch.lines().filter_map(|line| line.split_once(':'));
    lines
        .filter(|(database, _)| matches!(database.trim(), "group" | "passwd" | "initgroups"))
        .flat_map(|(_, sources)| sources.split('#').next().unwrap_or_default().split_whitespace())
        // Actions such as `[NOTFOUND=return]` are no sources.
        .filter(|word| !word.contains(['[', ']', '=']))
        .all(|source| LOCAL_SOURCES.contains(&source))
}

/// Returns `true` when the files include accounts of NIS (`compat` in nsswitch.conf(5)).
fn has_directory_lines(passwd: &str, group: &str) -> bool {
    passwd.lines().chain(group.lines()).any(|line| line.starts_with('+'))
}

pub(super) const ROOT: u32 = 0;

/// Not a valid user: it means "no change" in chown(2).
const UNKNOWN_USER: u32 = u32::MAX;

/// The first number of a person's account (`UID_MIN` in login.defs(5)).
const FIRST_PERSON: u32 = 1000;

const LOCAL_SOURCES: [&str; 4] = ["files", "compat", "systemd", "altfiles"];

#[cfg(test)]
mod tests {
    use super::*;

    const PASSWD: &str = "root:x:0:0::/root:/bin/sh\nalice:x:1000:1000::/:/bin/sh\nbob:x:1001:1001::/:/bin/sh\n\
                          carol:x:1002:1000::/:/bin/sh\nbroken\n";
    const GROUP: &str = "root:x:0:\nalice:x:1000:\nbob:x:1001:\nstaff:x:50:\ndev:x:2000:alice,bob\n\
                         solo:x:2001:bob\nelsewhere:x:2002:dave\n";

    fn bob(nsswitch: &str) -> Account {
        Account::new(1001, vec![1001, 3000], PASSWD, GROUP, nsswitch)
    }

    #[test]
    fn a_group_with_another_member_is_shared() {
        let bob = bob("");
        for (group, alone) in [
            (1001, true),
            (2001, true),
            (0, true),
            (50, true),
            (1000, false),
            (2000, false),
            (2002, false),
            // Of the process, and listed nowhere: Kubernetes' fsGroup.
            (3000, true),
            (3001, false),
        ] {
            assert_eq!(bob.has_alone(group), alone, "{group}");
        }
        for (group, private) in [
            (1001, true),
            (3000, true),
            (0, true),
            (50, false),
            (2001, false),
            (1000, false),
        ] {
            assert_eq!(bob.is_private(group), private, "{group}");
        }
    }

    #[test]
    fn the_group_of_root_is_roots_where_nobody_else_can_log_in_to_it() {
        // As in Red Hat's images, and as OpenShift runs them: any user, with the group of root.
        let image = "root:x:0:0::/root:/bin/bash\nsync:x:5:0:sync:/sbin:/bin/sync\n\
                     operator:x:11:0:operator:/root:/sbin/nologin\ndefault:x:1001:0::/opt/app-root:/sbin/nologin\n";
        for (passwd, group, alone) in [
            (image, "root:x:0:\n", true),
            (image, "", true),
            ("", "", true),
            (image, "root:x:0:root\n", true),
            (image, "root:x:0:default\n", false),
            (image, "root:x:0:mallory\n", false),
            ("mallory:x:1002:0::/:/bin/sh\n", "root:x:0:\n", false),
            ("mallory:x:1002:0::/:\n", "root:x:0:\n", false),
        ] {
            for nsswitch in ["", "group: sss files\n"] {
                let any = Account::new(1_000_660_000, vec![0, 1_000_660_000], passwd, group, nsswitch);
                assert_eq!(any.is_private(0), alone, "{passwd}{group}{nsswitch}");
            }
        }
    }

    #[test]
    fn a_group_of_the_host_is_shared_whoever_is_in_it() {
        for group in ["", "nogroup:x:65534:\n"] {
            let account = |unmapped| Account::new(0, vec![0, 65_534], "", group, "").in_namespace(unmapped, unmapped);
            assert!(account(None).has_alone(65_534) && !account(None).is_of_host(65_534));
            assert!(!account(Some(65_534)).has_alone(65_534) && account(Some(65_534)).is_of_host(65_534));
        }
    }

    #[test]
    fn a_group_but_roots_is_shared_where_a_directory_service_has_accounts() {
        for (nsswitch, is_local) in [
            ("group: files systemd\npasswd: files [NOTFOUND=return] systemd\n", true),
            ("hosts: files dns\n", true),
            ("group: files sss\n", false),
            ("passwd:\tldap files # old\n", false),
            ("group: files [ NOTFOUND=return ] systemd\n", true),
            ("group: files [SUCCESS=merge] systemd\n", true),
            ("initgroups: files winbind", false),
            ("group: db files", false),
        ] {
            for group in [3000, 1001, 2001] {
                assert_eq!(bob(nsswitch).has_alone(group), is_local, "{group} {nsswitch}");
            }
            assert!(bob(nsswitch).has_alone(0), "{nsswitch}");
        }
        let nis = Account::new(
            1001,
            vec![1001],
            &format!("{PASSWD}+::::::\n"),
            GROUP,
            "passwd: compat\n",
        );
        assert!(!nis.has_alone(1001));
    }
}
