mod anchors;
mod chain;
mod gate;
mod minted;
mod names;
