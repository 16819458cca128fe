//! The program `certward-server`; `certward_server::command` has all of it.

use std::process::ExitCode;

fn main() -> ExitCode {
    certward_server::command::main(std::env::args_os())
}
