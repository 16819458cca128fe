//! What the server does, seen from outside its modules.

mod bundles;
mod console;
mod front;
mod generated;
mod layering;
mod program;
mod settings;
mod setup;
mod support;
