//! The texts of the commands about the store.

use std::path::PathBuf;

use certward_store::backup::{Accepted, Comparison, DataForm, Manifest, SavedDatabase};

/// Describes the refusal of a restore and the ways to proceed.
pub(super) fn refusal(manifest: &Manifest, comparison: &Comparison, accepted: Accepted) -> String {
    let made_at = &manifest.created_at;
    let mut lines = vec!["certward-server: nothing was restored.".to_owned()];
    lines.extend(comparison.unknown.as_ref().map(|reason| {
        format!("What was deleted or lowered after the backup, made at {made_at}, is not known: {reason}.")
    }));
    let remaining: Vec<String> = comparison
        .remaining(accepted.keep_deleted)
        .map(|difference| format!("  {}", difference.text))
        .collect();
    if !remaining.is_empty() {
        lines.push(if comparison.is_another_store {
            format!(
                "The present store is another one than that of the backup, made at {made_at}. This would come with it:"
            )
        } else {
            format!("What was deleted or lowered after the backup, made at {made_at}, would come back:")
        });
        lines.extend(remaining);
    }
    if !accepted.keep_deleted && comparison.remaining(false).count() > comparison.remaining(true).count() {
        lines.push(
            "Recommended: --keep-deleted, which leaves certificates and users deleted that were deleted after the backup."
                .to_owned(),
        );
    }
    if comparison.unknown.is_some() || comparison.remaining(true).next().is_some() {
        lines.push(if comparison.is_another_store {
            "To restore this store in the place of the present one, add --accept-revived.".to_owned()
        } else {
            "To restore what --keep-deleted does not cover, add --accept-revived; then remove or lower it again."
                .to_owned()
        });
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
    if let Some(reason) = &database.omitted {
        return format!("data of database {uid} ({name}): not in the backup, because it could not be read: {reason}");
    }
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
