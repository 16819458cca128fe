mod anchors;
mod chain;
mod database;
mod gate;
mod minted;
mod names;
