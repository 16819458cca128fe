//! The rights that the process gives up before it holds a secret.

use rustix::fs::Mode;
use rustix::process::{Resource, Rlimit, setrlimit, umask};

/// No core dumps, because they would hold private keys; and new files are for their owner alone.
///
/// The process stays readable under `/proc` for its own user (`PR_SET_DUMPABLE` is left as it is): that user can read
/// the key file anyway, and scripts find a server by `/proc/PID/exe`.
pub(super) fn harden() {
    // Lowering a limit cannot fail for want of rights; where the system knows no such limit there is nothing to lower.
    let _ = setrlimit(
        Resource::Core,
        Rlimit {
            current: Some(0),
            maximum: Some(0),
        },
    );
    umask(Mode::RWXG | Mode::RWXO);
}
