//! The audit record of a restore.

use std::path::Path;

use time::OffsetDateTime;

use super::{Accepted, Comparison, Manifest};
use crate::audit::{Actor, AuditRecord, Outcome};

/// A restore in progress.
pub(super) struct Restore<'a> {
    pub(super) file: &'a Path,
    pub(super) manifest: &'a Manifest,
    pub(super) accepted: Accepted,
    pub(super) comparison: &'a Comparison,
    pub(super) is_with_data: bool,
    /// The databases whose data is restored.
    pub(super) data: &'a [u32],
    /// The suffix of the files that were moved aside.
    pub(super) suffix: &'a str,
}

/// The record of a restore by `by`.
pub(super) fn of(restore: &Restore<'_>, by: Actor, at: OffsetDateTime) -> AuditRecord {
    let Restore {
        file,
        manifest,
        accepted,
        comparison,
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
    let deleted = comparison.deleted_again(accepted.keep_deleted);
    let deleted = in_one_line("deleted again", deleted.map(|difference| &*difference.text));
    let back = comparison.remaining(accepted.keep_deleted);
    let back = in_one_line("came back", back.map(|difference| &*difference.text));
    let unknown = match &comparison.unknown {
        Some(reason) => format!("; not compared in full: {reason}"),
        None => String::new(),
    };
    let detail = format!(
        "backup of store {}, write {}, audit record {}, made at {}{data}; options: {options}; what was there has names \
         that end with {suffix}{deleted}{back}{unknown}",
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

/// A part of the record: the first entries, and the number of further ones.
fn in_one_line<'a>(what: &str, texts: impl Iterator<Item = &'a str>) -> String {
    let texts: Vec<&str> = texts.collect();
    let shown = &texts[..texts.len().min(SHOWN)];
    match texts.len() - shown.len() {
        _ if texts.is_empty() => String::new(),
        0 => format!("; {what}: {}", shown.join(", ")),
        more => format!("; {what}: {}, and {more} more", shown.join(", ")),
    }
}

/// Maximum number of entries, because a record is one line of the audit log.
const SHOWN: usize = 50;
