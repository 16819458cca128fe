//! Writes the inputs that cannot be kept, into the corpus of each target under the folder that is named.

use std::fs;
use std::path::PathBuf;

fn main() -> std::io::Result<()> {
    let folder = PathBuf::from(std::env::args_os().nth(1).expect("usage: made_inputs FOLDER"));
    for (number, (target, input)) in certward_server::fuzzing::made_inputs().into_iter().enumerate() {
        let corpus = folder.join(target);
        fs::create_dir_all(&corpus)?;
        fs::write(corpus.join(format!("made-{number}")), input)?;
    }
    Ok(())
}
