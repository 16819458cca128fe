//! What all targets have in common: a limit on the time that an input may take, and inputs that are made anew.

use std::fs;
use std::path::PathBuf;
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

/// Writes the inputs of this target that cannot be kept, for they hold dates, into the folder that
/// `CERTWARD_FUZZ_MADE_INPUTS` names. Before libFuzzer reads it.
///
/// # Panics
///
/// When they cannot be written.
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
