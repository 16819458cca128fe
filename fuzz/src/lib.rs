//! What all targets have in common: a limit on the time that an input may take.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// Runs a target.
///
/// # Panics
///
/// When a property does not hold, or when it takes more CPU time than an input of this size may take.
pub fn run(target: fn(&[u8]), data: &[u8], limit: Duration) {
    let start = cpu_time();
    target(data);
    let spent = cpu_time() - start;
    assert!(
        spent <= limit,
        "{} bytes take {spent:?}; the limit is {limit:?}",
        data.len()
    );
}

fn cpu_time() -> Duration {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(
        now.tv_sec.unsigned_abs(),
        u32::try_from(now.tv_nsec).unwrap_or_default(),
    )
}

/// Nothing that a stranger sends may take longer.
pub const LIMIT: Duration = Duration::from_millis(100);
/// A PKCS#12 file may ask for so much work with its password: the server has a budget for it.
pub const LIMIT_OF_PKCS12: Duration = Duration::from_secs(3);
