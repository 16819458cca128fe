//! The changes that a restore would revert: entries that were deleted and rights that were withdrawn after the backup.

use std::collections::{BTreeMap, HashSet};

use sha2::{Digest as _, Sha256};
use sqlx::Row as _;
use sqlx::sqlite::{SqliteConnection, SqliteRow};

/// The known changes since a backup.
#[derive(Debug, Default)]
pub struct Comparison {
    /// The backup is of another store.
    pub is_another_store: bool,
    /// The reason why changes after the backup are unknown.
    pub unknown: Option<String>,
    /// The entries and rights that the restore would bring back.
    pub differences: Vec<Difference>,
}

/// An entry or right that the restore would bring back.
#[derive(Debug)]
pub struct Difference {
    /// The description for the operator.
    pub text: String,
    /// The entry to delete again, if that is possible.
    pub(super) deletion: Option<Deletion>,
}

/// An entry to delete again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Deletion {
    /// By its thumbprint in hexadecimal digits.
    Certificate(String),
    /// By its number.
    User(String),
}

impl Comparison {
    pub(super) fn unknown(reason: impl Into<String>) -> Self {
        Self {
            unknown: Some(reason.into()),
            ..Self::default()
        }
    }

    /// The entries to delete again.
    pub(super) fn deletions(&self) -> impl Iterator<Item = &Deletion> {
        self.differences
            .iter()
            .filter_map(|difference| difference.deletion.as_ref())
    }

    /// The entries that are deleted again with this choice.
    pub fn deleted_again(&self, is_keeping_deleted: bool) -> impl Iterator<Item = &Difference> {
        self.differences
            .iter()
            .filter(move |difference| is_keeping_deleted && difference.deletion.is_some())
    }

    /// The entries and rights that the restore would bring back with this choice.
    pub fn remaining(&self, is_keeping_deleted: bool) -> impl Iterator<Item = &Difference> {
        self.differences
            .iter()
            .filter(move |difference| !is_keeping_deleted || difference.deletion.is_none())
    }
}

/// Finds entries of `backup` that `present` lacks. If they are copies of different stores, an entry counts as deleted
/// only if the present store says so.
pub(super) async fn compare(
    backup: &mut SqliteConnection,
    present: &mut SqliteConnection,
    is_same_store: bool,
) -> Result<Vec<Difference>, sqlx::Error> {
    let tombstones: HashSet<String> = sqlx::query_scalar("SELECT lower(hex(fingerprint)) FROM deleted_certificates")
        .fetch_all(&mut *present)
        .await?
        .into_iter()
        .collect();
    let mut differences = Vec::new();
    for kind in KINDS {
        let now = entries(present, kind).await?;
        let mut added = Vec::new();
        for (key, entry) in entries(backup, kind).await? {
            let label = format!("{} {}", kind.noun, entry.name);
            let Some(current) = now.get(&key) else {
                if is_same_store || tombstones.contains(&entry.fingerprint) {
                    differences.push(Difference {
                        text: format!("{label}: deleted after the backup"),
                        deletion: kind.deletion.map(|deletion| deletion(key)),
                    });
                } else {
                    added.push(entry.name);
                }
                continue;
            };
            let columns = kind.columns.iter().zip(entry.values.iter().zip(&current.values));
            differences.extend(
                columns
                    .filter(|(column, (then, now))| then != now && gives_more(column, then, now))
                    .map(|(column, (then, now))| Difference {
                        text: change(&label, column, then, now),
                        deletion: None,
                    }),
            );
        }
        differences.extend(in_one_line(kind, &added));
    }
    Ok(differences)
}

/// Describes the entries that only the backup has, in one line, if it is of another store: they were not deleted.
fn in_one_line(kind: &Kind, added: &[String]) -> Option<Difference> {
    let shown = &added[..added.len().min(SHOWN_OF_ANOTHER_STORE)];
    let more = match added.len() - shown.len() {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    (!added.is_empty()).then(|| Difference {
        text: format!("{}, only in the backup: {}{more}", kind.noun, shown.join(", ")),
        deletion: None,
    })
}

fn change(label: &str, column: &str, then: &str, now: &str) -> String {
    if column == ENABLED {
        format!("{label}: enabled again")
    } else if matches!(column, "clearance" | "roles" | "permissions" | "role" | "rules") {
        format!("{label}: {column} {now} becomes {then} again")
    } else {
        format!("{label}: {column} as in the backup")
    }
}

/// Returns `true` if the value in the backup may grant more rights than the present one.
fn gives_more(column: &str, then: &str, now: &str) -> bool {
    let rank = |clearance: &str| match clearance {
        "ClusterAdmin" | "ClusterNode" => 3,
        "Operator" => 2,
        "ValidUser" => 1,
        _ => 0,
    };
    match column {
        "clearance" => rank(then) > rank(now),
        ENABLED => then == "0",
        _ => true,
    }
}

struct Entry {
    name: String,
    /// Of a certificate: SHA-256 in hexadecimal digits.
    fingerprint: String,
    values: Vec<String>,
}

async fn entries(connection: &mut SqliteConnection, kind: &Kind) -> Result<BTreeMap<String, Entry>, sqlx::Error> {
    let rows = sqlx::query(kind.query).fetch_all(connection).await?;
    let entry = |row: &SqliteRow| {
        let text = |column: usize| Ok::<_, sqlx::Error>(row.try_get::<Option<String>, _>(column)?.unwrap_or_default());
        let der: Option<Vec<u8>> = row.try_get(2)?;
        let entry = Entry {
            name: text(1)?,
            fingerprint: der.map(|der| fingerprint(&der)).unwrap_or_default(),
            values: (3..3 + kind.columns.len()).map(text).collect::<Result<_, _>>()?,
        };
        Ok((text(0)?, entry))
    };
    rows.iter().map(entry).collect()
}

/// SHA-256 in hexadecimal digits.
fn fingerprint(der: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(&Sha256::digest(der))
}

/// A table whose entries grant rights.
struct Kind {
    noun: &'static str,
    /// Selects the key, a name, the certificate, and the columns, as text.
    query: &'static str,
    /// The name of each column in descriptions of changes.
    columns: &'static [&'static str],
    deletion: Option<fn(String) -> Deletion>,
}

const ENABLED: &str = "enabled";
const SHOWN_OF_ANOTHER_STORE: usize = 10;
const KINDS: &[Kind] = &[
    Kind {
        noun: "certificate",
        query: "SELECT lower(hex(thumbprint)), name || ' (' || hex(thumbprint) || ')', der, clearance, permissions, \
            CAST(disabled AS TEXT), hex(two_factor_key) FROM certificates",
        columns: &["clearance", "permissions", ENABLED, "key of one-time codes"],
        deletion: Some(Deletion::Certificate),
    },
    Kind {
        noun: "user",
        query: "SELECT CAST(uid AS TEXT), uid || ' (' || name || ')', NULL, role_uids, auth_method, subject_line, \
            password_hashes FROM cluster_users",
        columns: &["roles", "method of authentication", "subject", "passwords"],
        deletion: Some(Deletion::User),
    },
    Kind {
        noun: "role",
        query: "SELECT CAST(uid AS TEXT), uid || ' (' || name || ')', NULL, management, databases FROM cluster_roles",
        columns: &["role", "list of databases"],
        deletion: None,
    },
    Kind {
        noun: "Redis ACL",
        query: "SELECT CAST(uid AS TEXT), uid || ' (' || name || ')', NULL, acl FROM cluster_redis_acls",
        columns: &["rules"],
        deletion: None,
    },
    Kind {
        noun: "cluster certificate or CA",
        query: "SELECT name, name, NULL, certificate FROM cluster_certificates",
        columns: &["content"],
        deletion: None,
    },
    Kind {
        noun: "database",
        query: "SELECT CAST(uid AS TEXT), uid || ' (' || name || ')', NULL, definition, proxy_certificate \
            FROM cluster_databases",
        columns: &["definition (with CAs, passwords and permissions)", "server certificate"],
        deletion: None,
    },
    Kind {
        noun: "settings",
        query: "SELECT '1', 'of the cluster', NULL, settings FROM cluster_state",
        columns: &["content"],
        deletion: None,
    },
];
