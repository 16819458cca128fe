//! Limit of the number of entries in a list of the API. A request body has room for hundreds of thousands.

use super::ClusterError;

/// Refuses a list that is too long.
///
/// # Errors
///
/// [`ClusterError::InvalidSetting`]; `setting` is the list's name in the API.
pub(super) fn check(setting: &'static str, length: usize) -> Result<(), ClusterError> {
    if length <= MAX_ENTRIES {
        return Ok(());
    }
    let problem = format!("has {length} entries; at most {MAX_ENTRIES} are kept");
    Err(ClusterError::InvalidSetting { setting, problem })
}

/// Every login searches some of these lists.
pub(super) const MAX_ENTRIES: usize = 1000;
