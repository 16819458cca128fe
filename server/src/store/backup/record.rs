//! The audit record of a restore.

use std::path::Path;

use time::OffsetDateTime;

use super::{Accepted, Manifest};
use crate::audit::{Actor, AuditRecord, Outcome};

/// A restore that is about to be made.
pub(super) struct Restore<'a> {
    pub(super) file: &'a Path,
    pub(super) manifest: &'a Manifest,
    pub(super) accepted: Accepted,
    pub(super) is_with_data: bool,
    /// The databases whose data comes back.
    pub(super) data: &'a [u32],
    /// What is appended to the names of what was there.
    pub(super) suffix: &'a str,
}

/// The record of a restore that `by` makes.
pub(super) fn of(restore: &Restore<'_>, by: Actor, at: OffsetDateTime) -> AuditRecord {
    let Restore {
        file,
        manifest,
        accepted,
        is_with_data,
        data,
        suffix,
    } = restore;
    let options: Vec<&str> = [
        (accepted.keep_deleted, "--keep-deleted"),
        (accepted.revived, "--accept-revived"),
        (!is_with_data, "--without-data"),
    ]
    .into_iter()
    .filter_map(|(is_given, option)| is_given.then_some(option))
    .collect();
    let options = match &*options {
        [] => "none".to_owned(),
        options => options.join(" "),
    };
    let data = match data {
        [] => String::new(),
        uids => {
            let uids: Vec<String> = uids.iter().map(ToString::to_string).collect();
            format!("; data of databases {}", uids.join(", "))
        }
    };
    let detail = format!(
        "backup of store {}, write {}, audit record {}, made at {}{data}; options: {options}; what was there has names \
         that end with {suffix}",
        manifest.store_id, manifest.generation, manifest.audit_sequence, manifest.created_at
    );
    AuditRecord {
        at,
        actor: by,
        action: "restore_store".into(),
        target: file.display().to_string(),
        outcome: Outcome::Done(detail.into()),
        occurrences: 1,
    }
}
