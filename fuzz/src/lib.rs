//! Common parts of all targets: a limit on the CPU time of an input, and generated inputs.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// Runs a target.
///
/// # Panics
///
/// If a property does not hold, or the input takes more CPU time than `limit`.
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

/// Writes this target's inputs that cannot be checked in, because they hold dates, to the directory
/// `CERTWARD_FUZZ_MADE_INPUTS`. Call it before libFuzzer reads that directory.
///
/// # Panics
///
/// If they cannot be written.
pub fn make_inputs(target: &str) {
    let Some(folder) = std::env::var_os("CERTWARD_FUZZ_MADE_INPUTS").map(PathBuf::from) else {
        return;
    };
    let made = certward_server::fuzzing::made_inputs();
    for (number, (of, input)) in made.into_iter().enumerate() {
        if of == target {
            fs::write(folder.join(format!("made-{number}")), input).expect("the folder can be written");
        }
    }
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
