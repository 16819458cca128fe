//! Compares the command scanner with real engines, by their interpretation of the same stream.
//!
//! An engine gets a stream twice: unchanged, and as the proxy would forward it, with a marker (a command that no engine
//! has) in place of each identity command. The engine's user may run no command, so every command gets exactly one
//! reply, which names the command. Both runs must have the same replies except for the markers, and at each marker the
//! engine must have seen an identity command in the unchanged stream. Then the scanner splits commands where the engine
//! does, and recognizes the same identity commands.

#[cfg(test)]
mod compared;
pub mod engine;
#[cfg(test)]
pub mod generator;
#[cfg(test)]
pub mod matrix;
#[cfg(test)]
mod random;
mod replies;
mod scanned;
#[cfg(test)]
mod tests;

pub use self::replies::identity_command_run;
pub use self::scanned::forward;
