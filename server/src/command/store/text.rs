//! What the commands about the store say.

use std::path::PathBuf;

use crate::store::backup::{Accepted, Comparison, DataForm, Manifest, SavedDatabase};

/// Why a restore was refused, and how to go on.
pub(super) fn refusal(manifest: &Manifest, comparison: &Comparison, accepted: Accepted) -> String {
    let mut lines = vec![format!(
        "certward-server: nothing was restored. What was deleted or lowered after the backup, made at {}, would come back:",
        manifest.created_at
    )];
    let remaining = comparison.remaining(accepted.keep_deleted);
    lines.extend(remaining.map(|difference| format!("  {}", difference.text)));
    lines.extend(
        comparison
            .unknown
            .as_ref()
            .map(|reason| format!("  it cannot be known in full: {reason}")),
    );
    if !accepted.keep_deleted && comparison.remaining(false).count() > comparison.remaining(true).count() {
        lines.push(
            "Recommended: --keep-deleted, which leaves certificates and users deleted that were deleted after the backup."
                .to_owned(),
        );
    }
    if comparison.unknown.is_some() || comparison.remaining(true).next().is_some() {
        lines.push(
            "To let come back what --keep-deleted does not cover, add --accept-revived; then remove or lower it again."
                .to_owned(),
        );
    }
    lines.join("\n")
}

pub(super) fn describe(manifest: &Manifest) -> String {
    format!(
        "store {}, write {}, audit record {}, {} certificates, {} users, {} databases, {} bytes, made at {}",
        manifest.store_id,
        manifest.generation,
        manifest.audit_sequence,
        manifest.certificates,
        manifest.users,
        manifest.databases,
        manifest.size,
        manifest.created_at
    )
}

pub(super) fn describe_data(database: &SavedDatabase) -> String {
    let SavedDatabase { uid, name, .. } = database;
    let size: u64 = database.files.iter().map(|file| file.size).sum();
    let form = match database.form {
        Some(DataForm::Snapshot) => "its snapshot",
        Some(DataForm::AppendOnly) => "its append-only files",
        None => return format!("data of database {uid} ({name}): none on the disk"),
    };
    let as_of = database.as_of.as_deref().unwrap_or("an unknown time");
    format!("data of database {uid} ({name}): {form}, {size} bytes, as of {as_of}")
}

pub(super) fn describe_cleared(cleared: &[PathBuf]) -> impl Iterator<Item = String> {
    cleared.iter().map(|path| {
        format!(
            "deleted: {}, which a backup or restore that was killed had left",
            path.display()
        )
    })
}
