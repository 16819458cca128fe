//! The user that the server runs as, and who else is in a group.

use std::collections::HashMap;
use std::sync::LazyLock;

use rustix::process::{getegid, geteuid, getgroups};

/// The user and the groups of this process, and what the machine's account files say.
#[derive(Debug)]
pub(super) struct Account {
    pub(super) user: u32,
    pub(super) groups: Vec<u32>,
    members: HashMap<u32, Vec<u32>>,
    accounts_are_local: bool,
}

impl Account {
    /// Of this process. The account files are read once.
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
        });
        &ACCOUNT
    }

    pub(super) fn new(user: u32, groups: Vec<u32>, passwd: &str, group: &str, nsswitch: &str) -> Self {
        Self {
            user,
            groups,
            members: members(passwd, group),
            accounts_are_local: accounts_are_local(nsswitch),
        }
    }

    /// Whether `owner` is this process's user or root.
    pub(super) fn is_trusted(&self, owner: u32) -> bool {
        owner == self.user || owner == ROOT
    }

    /// Whether a group has no member but this process's user and root: the private group that Linux distributions give
    /// each user, or one of a container.
    pub(super) fn has_alone(&self, group: u32) -> bool {
        match self.members.get(&group) {
            Some(members) => members.iter().all(|member| self.is_trusted(*member)),
            None => self.is_of_container(group),
        }
    }

    /// Whether a group is one that Kubernetes gave this process (`fsGroup`): the process is in it, and the machine has
    /// no such group. Where a directory service knows more groups than the files, this cannot be told.
    pub(super) fn is_of_container(&self, group: u32) -> bool {
        self.accounts_are_local && self.groups.contains(&group) && !self.members.contains_key(&group)
    }
}

/// The users of each group: those with it as primary group (passwd(5)), and those that it lists (group(5)).
fn members(passwd: &str, group: &str) -> HashMap<u32, Vec<u32>> {
    let mut ids: HashMap<&str, u32> = HashMap::new();
    let mut members: HashMap<u32, Vec<u32>> = HashMap::new();
    for line in passwd.lines() {
        let fields: Vec<&str> = line.split(':').collect();
        if let [name, _, user, primary, ..] = fields.as_slice()
            && let (Ok(user), Ok(primary)) = (user.parse(), primary.parse())
        {
            ids.insert(name, user);
            members.entry(primary).or_default().push(user);
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

/// Whether `/etc/passwd` and `/etc/group` list every account (nsswitch.conf(5)). `systemd` adds service accounts, whose
/// groups have no other members.
fn accounts_are_local(nsswitch: &str) -> bool {
    let lines = nsswitch.lines().filter_map(|line| line.split_once(':'));
    lines
        .filter(|(database, _)| matches!(database.trim(), "group" | "passwd" | "initgroups"))
        .flat_map(|(_, sources)| sources.split('#').next().unwrap_or_default().split_whitespace())
        .all(|source| source.starts_with('[') || LOCAL_SOURCES.contains(&source))
}

pub(super) const ROOT: u32 = 0;

/// No user has it: it stands for "no change" in chown(2).
const UNKNOWN_USER: u32 = u32::MAX;

const LOCAL_SOURCES: [&str; 5] = ["files", "compat", "systemd", "altfiles", "db"];

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
        assert!(bob.is_of_container(3000) && !bob.is_of_container(1001));
    }

    #[test]
    fn an_unlisted_group_is_shared_where_a_directory_service_has_accounts() {
        for (nsswitch, is_local) in [
            ("group: files systemd\npasswd: files [NOTFOUND=return] systemd\n", true),
            ("hosts: files dns\n", true),
            ("group: files sss\n", false),
            ("passwd:\tldap files # old\n", false),
            ("initgroups: files winbind", false),
        ] {
            assert_eq!(bob(nsswitch).is_of_container(3000), is_local, "{nsswitch}");
        }
    }
}
