//! What the server does, seen from outside its modules.

mod bundles;
mod generated;
mod layering;
mod support;
