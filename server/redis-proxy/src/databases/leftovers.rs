//! Data directories of deleted databases: removed if the store lists them, and moved aside otherwise.
//!
//! A lost or restored store does not know every database whose data is here. Data of unknown databases must not be
//! deleted.

use std::collections::BTreeSet;
use std::error::Error;
use std::path::{Path, PathBuf};

use time::macros::format_description;

use super::Databases;
use crate::engine::Engine;
use certward_redis_model::uid::DatabaseUid;

impl Databases {
    /// Deletes the data of databases that were deleted without time to remove it, and moves data of unknown databases
    /// aside. Data that cannot be removed is left in place and reported.
    pub(super) async fn clear_leftovers(&self) {
        let deleted = self.deleted_by_the_store().await;
        for uid in &deleted {
            if let Err(error) = self.delete_data(*uid).await {
                tracing::warn!(
                    error = &*error,
                    database.uid = uid.get(),
                    "the data of a deleted database cannot be deleted"
                );
            }
        }
        let state = self.cluster.state();
        for uid in self.data_directories().await {
            if state.database(uid).is_none()
                && !deleted.contains(&uid)
                && let Err(error) = self.move_aside(uid).await
            {
                tracing::warn!(
                    error = &*error,
                    path = %self.directory(uid).display(),
                    "data of a database that the store does not know cannot be moved aside"
                );
            }
        }
    }

    /// Empties the directory of a new database. Data of a deleted database with the same number is deleted; data of an
    /// unknown one is moved aside.
    pub(super) async fn make_room(&self, uid: DatabaseUid) -> Result<(), Box<dyn Error + Send + Sync>> {
        if self.deleted_by_the_store().await.contains(&uid) {
            return self.delete_data(uid).await;
        }
        self.move_aside(uid).await
    }

    /// Deletes the data of a deleted database, and then the store's record of it. The order matters: a new database
    /// with the same number gets no data while the record exists.
    pub(super) async fn delete_data(&self, uid: DatabaseUid) -> Result<(), Box<dyn Error + Send + Sync>> {
        Engine::clear(self.directory(uid)).await?;
        self.data_is_deleted(uid).await
    }

    /// Deletes the store's record of a deleted database whose data is gone.
    pub(super) async fn data_is_deleted(&self, uid: DatabaseUid) -> Result<(), Box<dyn Error + Send + Sync>> {
        if !self.deleted_by_the_store().await.contains(&uid) {
            return Ok(());
        }
        self.cluster.forget_deleted_database(uid).await?;
        tracing::info!(database.uid = uid.get(), "the data of a deleted database is gone");
        Ok(())
    }

    async fn move_aside(&self, uid: DatabaseUid) -> Result<(), Box<dyn Error + Send + Sync>> {
        let time = format_description!("[year][month][day]T[hour][minute][second]Z");
        let time = self.proxy.clock.now().to_offset(time::UtcOffset::UTC).format(&time)?;
        let kept = free_path(&self.root().join(UNKNOWN), &format!("{uid}-{time}"));
        if Engine::move_aside(self.directory(uid), kept.clone()).await? {
            tracing::warn!(
                database.uid = uid.get(),
                path = %kept.display(),
                "data of a database that the store does not know was moved aside, and is kept there"
            );
        }
        Ok(())
    }

    async fn deleted_by_the_store(&self) -> BTreeSet<DatabaseUid> {
        match self.cluster.deleted_databases().await {
            Ok(deleted) => deleted.into_iter().collect(),
            Err(error) => {
                tracing::error!(
                    error = &error as &dyn Error,
                    "which databases were deleted cannot be read; their data is kept"
                );
                BTreeSet::new()
            }
        }
    }

    /// The numbers that have a directory.
    async fn data_directories(&self) -> Vec<DatabaseUid> {
        let mut uids = Vec::new();
        let Ok(mut entries) = tokio::fs::read_dir(self.root()).await else {
            return uids;
        };
        while let Ok(Some(entry)) = entries.next_entry().await {
            uids.extend(uid_of(&entry.file_name()));
        }
        uids
    }

    fn root(&self) -> PathBuf {
        self.settings.data_dir.join(super::DIRECTORY)
    }
}

/// The directory with databases' data below a `DataDir`, if there is any, for a start with an empty store.
pub fn data_in(data_dir: &Path) -> Option<PathBuf> {
    let root = data_dir.join(super::DIRECTORY);
    let entries = std::fs::read_dir(&root).ok()?;
    let is_there = entries.flatten().any(|entry| uid_of(&entry.file_name()).is_some());
    is_there.then_some(root)
}

fn uid_of(name: &std::ffi::OsStr) -> Option<DatabaseUid> {
    name.to_str()?.parse().ok()
}

/// The path with this name, with a number appended if it exists already.
fn free_path(directory: &Path, name: &str) -> PathBuf {
    let path = directory.join(name);
    let numbered = (2..).map(|number| directory.join(format!("{name}-{number}")));
    std::iter::once(path.clone())
        .chain(numbered)
        .find(|path| path.symlink_metadata().is_err())
        .unwrap_or(path)
}

/// Directory beside those of the databases; its name is not a number.
const UNKNOWN: &str = ".unknown";
