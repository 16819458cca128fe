//! The files in `DataDir` besides the store.

use std::io;
use std::path::{Path, PathBuf};

use time::OffsetDateTime;
use time::macros::datetime;
use uuid::Uuid;

use super::StartError;
use certward_certificates::server_certificate::write_file_atomically;
use certward_store::{Store, StoreError};
use certward_system::files::{FileError, TrustedFile};

/// The identifier of this server's topology: generated at the first start, then read.
pub(super) async fn topology_id(directory: &Path) -> Result<String, StartError> {
    let path = directory.join(TOPOLOGY_ID_FILE);
    let failed = |path: PathBuf| move |source: io::Error| StartError::DataDir { path, source };
    match TrustedFile::open(&path).and_then(|file| file.read(MAX_TOPOLOGY_ID)) {
        Ok(bytes) => {
            let id = str::from_utf8(&bytes)
                .ok()
                .and_then(|text| Uuid::try_parse(text.trim()).ok())
                .ok_or_else(|| failed(path)(io::Error::new(io::ErrorKind::InvalidData, "it holds no UUID")))?;
            Ok(id.to_string())
        }
        Err(FileError::Open { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
            let id = Uuid::new_v4().to_string();
            write_file_atomically(path.clone(), format!("{id}\n").into_bytes())
                .await
                .map_err(failed(path))?;
            Ok(id)
        }
        Err(error) => Err(failed(path)(io::Error::other(error))),
    }
}

/// Refuses to start with an empty store where databases have data, because the store would not know them.
pub(super) fn check_store_is_there(directory: &Path) -> Result<(), StoreError> {
    if !Store::is_missing(directory) {
        return Ok(());
    }
    let Some(data) = certward_redis_proxy::data_in(directory) else {
        return Ok(());
    };
    Err(StoreError::Lost {
        path: directory.join("certward.db"),
        evidence: format!("{} has data of databases", data.display()),
        way_on: format!("move {} away", data.display()),
    })
}

/// A machine that has lost its clock's time shows 1970, when no certificate has expired yet.
pub(super) fn check_clock(now: OffsetDateTime) -> Result<(), StartError> {
    if now < EARLIEST {
        Err(StartError::Clock { now })
    } else {
        Ok(())
    }
}

const TOPOLOGY_ID_FILE: &str = "topology-id";
/// A UUID has 36 bytes, and a line end.
const MAX_TOPOLOGY_ID: usize = 64;
/// Before this program existed.
const EARLIEST: OffsetDateTime = datetime!(2025-01-01 0:00 UTC);
