//! The program `certward-server`; `certward_server::command` has all of it.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    certward_server::command::main(std::env::args_os())
}
