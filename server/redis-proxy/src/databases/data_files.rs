//! The data of databases, for a backup of the store and its restore, without a running server.

use std::io;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use crate::engine::{self, Engine};
use certward_store::backup::{DatabaseFiles, OpenData};

/// The data of the databases in one `DataDir`.
pub struct DataFiles {
    root: PathBuf,
}

impl DataFiles {
    /// The data below `data_dir`.
    pub fn below(data_dir: &Path) -> Self {
        Self {
            root: data_dir.join(super::DIRECTORY),
        }
    }
}

impl DatabaseFiles for DataFiles {
    fn directory(&self, uid: NonZeroU32) -> PathBuf {
        self.root.join(uid.to_string())
    }

    fn open_data(&self, uid: NonZeroU32) -> io::Result<Option<OpenData>> {
        engine::open_saved_data(&self.directory(uid))
    }

    fn end_engine(&self, uid: NonZeroU32) -> io::Result<()> {
        Engine::end_orphan(self.directory(uid))
    }
}
