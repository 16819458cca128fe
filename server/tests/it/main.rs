//! What the server does, seen from outside its modules.

mod layering;
