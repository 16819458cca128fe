mod anchors;
mod chain;
mod gate;
mod names;
