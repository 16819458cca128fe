//! The output of the program. Every line is printed here, because `println!` and `eprintln!` panic when the reader has
//! gone.

use std::io::{self, Write};

use super::Failure;
use certward_system::telemetry;

/// Writes lines to standard output.
///
/// # Errors
///
/// [`Failure::OutputClosed`] when the reader has gone, as with `| head -1`; [`Failure::Failed`] for a full disk.
pub(super) fn print(text: &str) -> Result<(), Failure> {
    print_to(&mut io::stdout().lock(), text)
}

fn print_to(output: &mut impl Write, text: &str) -> Result<(), Failure> {
    // Standard output keeps what follows the last line end; a failure is to be known now.
    writeln!(output, "{text}").and_then(|()| output.flush()).map_err(failed)
}

/// The outcome of a failed write.
pub(super) fn failed(error: io::Error) -> Failure {
    if error.kind() == io::ErrorKind::BrokenPipe {
        return Failure::OutputClosed;
    }
    Failure::failed(OutputError(error))
}

/// Writes lines to standard error: through the log if there is one, so that a stalled reader blocks nothing. Write
/// errors are ignored, because no other output is left.
pub(super) fn print_error(text: &str) {
    if !telemetry::print_line(text) {
        let _ = writeln!(io::stderr(), "{text}");
    }
}

#[derive(Debug, thiserror::Error)]
#[error("standard output could not be written")]
struct OutputError(#[source] io::Error);

#[cfg(test)]
mod tests {
    use super::*;

    struct Broken(io::ErrorKind);

    impl Write for Broken {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_reader_that_has_gone_ends_the_program_quietly_and_a_full_disk_with_a_message() {
        let gone = print_to(&mut Broken(io::ErrorKind::BrokenPipe), "x").unwrap_err();
        assert!(matches!(gone, Failure::OutputClosed));
        let full = print_to(&mut Broken(io::ErrorKind::StorageFull), "x").unwrap_err();
        assert!(matches!(full, Failure::Failed(error) if error.to_string().contains("standard output")));
    }
}
