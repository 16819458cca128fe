//! Draws the crates of the workspace and their modules into `docs/architecture.svg`: `make graph`.

use certward_acceptance_tests::architecture::{PICTURE, Workspace, root};

fn main() -> std::io::Result<()> {
    let root = root();
    std::fs::write(root.join(PICTURE), Workspace::read(&root).svg())
}
