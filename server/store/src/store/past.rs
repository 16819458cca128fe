//! Comparison with the former store: one that is missing, a different one, or an older copy is refused.

use std::fs;
use std::io;
use std::path::Path;

use sqlx::SqliteConnection;

use super::StoreError;
use super::files::with_suffix;
use super::mark::{Mark, MarkFile};
use super::sqlite::{FILE_NAME, explain};

/// Refuses a store that differs from the one of the mark, or is behind it.
pub(crate) async fn refuse_older(
    connection: &mut SqliteConnection,
    (path, mark_path): (&Path, &Path),
    mark: &Mark,
) -> Result<(), StoreError> {
    let has_numbers: bool =
        sqlx::query_scalar("SELECT COUNT(*) > 0 FROM pragma_table_info('store_state') WHERE name = 'generation'")
            .fetch_one(&mut *connection)
            .await
            .map_err(|error| explain(error, path))?;
    let (store_id, generation): (String, i64) = if has_numbers {
        sqlx::query_as("SELECT store_id, generation FROM store_state WHERE id = 1")
            .fetch_one(connection)
            .await
            .map_err(|error| explain(error, path))?
    } else {
        (String::new(), 0)
    };
    let found = if store_id != mark.store_id {
        "is another one than the server has used here".to_owned()
    } else if generation < mark.generation {
        format!(
            "is an older copy: it ends with write {generation}, and write {} was acknowledged",
            mark.generation
        )
    } else {
        return Ok(());
    };
    Err(StoreError::WentBack {
        path: path.to_owned(),
        found,
        way_on: format!("move {} away", mark_path.display()),
    })
}

/// Refuses an empty store if there is evidence beside it that one existed.
pub(crate) fn refuse_lost(
    path: &Path,
    database: &Path,
    mark_file: &MarkFile,
    mark: Option<&Mark>,
) -> Result<(), StoreError> {
    let log = with_suffix(database, "-wal");
    let (evidence, moved) = if let Some(mark) = mark {
        let writes = mark.generation;
        let evidence = format!(
            "{} says that {writes} writes were acknowledged",
            mark_file.path().display()
        );
        (evidence, mark_file.path())
    } else if mark_file.exists() {
        (format!("there is {}", mark_file.path().display()), mark_file.path())
    } else if fs::metadata(&log).is_ok_and(|log| log.len() > 0) {
        (format!("its log {} is there", log.display()), &*log)
    } else {
        return Ok(());
    };
    Err(StoreError::Lost {
        path: path.to_owned(),
        evidence,
        way_on: format!("move {} away", moved.display()),
    })
}

/// Returns `true` if there is no store in `directory`, or an empty one.
pub(crate) fn is_missing(directory: &Path) -> bool {
    is_empty(&directory.join(FILE_NAME))
}

/// Returns `true` when the file does not exist or is empty.
pub(crate) fn is_empty(database: &Path) -> bool {
    fs::metadata(database).map_or_else(
        |error| error.kind() == io::ErrorKind::NotFound,
        |found| found.len() == 0,
    )
}
