//! Generates `provider/plugin/src/wire/generated` from `provider/plugin/proto`.
//!
//! `cargo run --manifest-path tools/plugin-wire/Cargo.toml`, after a change of a definition or of this program. `SHA256SUMS`
//! records what went in and what came out; a test of `terraform-plugin` compares it with the files.

use std::error::Error;
use std::fmt::Write;
use std::path::Path;
use std::{env, fs};

use protox::prost_reflect::prost_types::DescriptorProto;
use sha2::{Digest, Sha256};

fn main() -> Result<(), Box<dyn Error>> {
    env::set_current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))?;
    fs::remove_dir_all(OUTPUT).or_else(|error| match Path::new(OUTPUT).exists() {
        true => Err(error),
        false => Ok(()),
    })?;
    fs::create_dir_all(OUTPUT)?;
    let definitions = files_in(INPUT)?;
    let mut set = protox::compile(&definitions, [INPUT])?;
    for file in &mut set.file {
        let package = format!(".{}", file.package());
        prune(&mut file.message_type, &package);
    }
    prost_build::Config::new()
        .out_dir(OUTPUT)
        .bytes(["."])
        .btree_map(["."])
        .compile_well_known_types()
        // The definitions have them.
        .disable_comments(["."])
        .compile_fds(set)?;
    let mut sums = String::new();
    for path in [PROGRAM.to_owned()]
        .into_iter()
        .chain(definitions)
        .chain(files_in(OUTPUT)?)
    {
        let sum = Sha256::digest(fs::read(&path)?);
        sums.extend(sum.iter().map(|byte| format!("{byte:02x}")));
        writeln!(sums, "  {path}")?;
    }
    fs::write(format!("{OUTPUT}/SHA256SUMS"), sums)?;
    Ok(())
}

/// Removes the messages that the plugin neither reads nor sends, and the fields that have them or are deprecated.
fn prune(messages: &mut Vec<DescriptorProto>, parent: &str) {
    messages.retain(|message| !UNUSED.contains(&format!("{parent}.{}", message.name()).as_str()));
    for message in messages {
        let fields = &mut message.field;
        fields.retain(|field| {
            !UNUSED.contains(&field.type_name()) && !field.options.as_ref().is_some_and(|it| it.deprecated())
        });
        let name = format!("{parent}.{}", message.name());
        prune(&mut message.nested_type, &name);
    }
}

/// The files of a folder, in the order of their names.
fn files_in(folder: &str) -> Result<Vec<String>, Box<dyn Error>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let name = entry?
            .file_name()
            .into_string()
            .map_err(|_| "a file name is not UTF-8")?;
        files.push(format!("{folder}/{name}"));
    }
    files.sort();
    Ok(files)
}

const UNUSED: [&str; 3] = [
    ".plugin.ConnInfo.Knock",
    ".tfplugin6.Deferred",
    ".tfplugin6.ResourceIdentitySchema.IdentityAttribute",
];
const PROGRAM: &str = "tools/plugin-wire/src/main.rs";
const INPUT: &str = "provider/plugin/proto";
const OUTPUT: &str = "provider/plugin/src/wire/generated";
