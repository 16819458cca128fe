//! The command scanner compared with real engines, by what both make of the same stream.
//!
//! A stream goes to an engine twice: as it is, and as the front would send it on, with a marker (a command that no engine
//! has) in the place of each identity command. The engine's user may run nothing, so that every command gets exactly one
//! reply, and the reply names the command. Both runs must have the same replies but for the markers, and where a marker
//! stands, the engine must have seen an identity command in the stream as it was: the scanner then ends each command
//! where the engine does, and calls by the same name those that change who the client is.

#[cfg(test)]
mod compared;
pub(crate) mod engine;
#[cfg(test)]
pub(crate) mod generator;
#[cfg(test)]
pub(crate) mod matrix;
#[cfg(test)]
mod random;
mod replies;
mod scanned;
#[cfg(test)]
mod tests;

pub(crate) use self::replies::identity_command_run;
pub(crate) use self::scanned::forward;
