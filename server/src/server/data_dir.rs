//! What the server keeps in `DataDir` beside the store.

use std::io;
use std::path::{Path, PathBuf};

use time::OffsetDateTime;
use time::macros::datetime;
use uuid::Uuid;

use super::StartError;
use crate::server_certificate::write_file_atomically;

/// The identity of this server's topology: made at the first start, then read.
pub(super) async fn topology_id(directory: &Path) -> Result<String, StartError> {
    let path = directory.join(TOPOLOGY_ID_FILE);
    let failed = |path: PathBuf| move |source: io::Error| StartError::DataDir { path, source };
    match tokio::fs::read_to_string(&path).await {
        Ok(text) => {
            let id = Uuid::try_parse(text.trim())
                .map_err(|error| failed(path)(io::Error::new(io::ErrorKind::InvalidData, error)))?;
            Ok(id.to_string())
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let id = Uuid::new_v4().to_string();
            write_file_atomically(path.clone(), format!("{id}\n").into_bytes())
                .await
                .map_err(failed(path))?;
            Ok(id)
        }
        Err(error) => Err(failed(path)(error)),
    }
}

/// A machine that has lost its clock stands at 1970, where no certificate has expired yet.
pub(super) fn check_clock(now: OffsetDateTime) -> Result<(), StartError> {
    if now < EARLIEST {
        Err(StartError::Clock { now })
    } else {
        Ok(())
    }
}

const TOPOLOGY_ID_FILE: &str = "topology-id";
/// Before this program was written.
const EARLIEST: OffsetDateTime = datetime!(2025-01-01 0:00 UTC);
