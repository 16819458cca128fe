//! The crates of this workspace and the modules in each, as their imports connect them, and the picture of both.
//!
//! `make graph` draws `docs/architecture.svg`.

mod digraph;
mod imports;
mod layout;
mod picture;
mod tokens;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;

pub use self::digraph::Digraph;

/// A crate of the workspace.
#[derive(Debug)]
pub struct Crate {
    /// Its name.
    pub name: String,
    /// Its top-level modules, each with the others that it imports from. The crate's root file is the module `lib` when it
    /// is more than declarations and re-exports.
    pub modules: Digraph,
}

/// The workspace.
#[derive(Debug)]
pub struct Workspace {
    /// Its crates that have a library or a program, by name.
    pub crates: Vec<Crate>,
    /// The names of the crates, each with the others that it depends on. The dependencies of tests do not count.
    pub dependencies: Digraph,
}

impl Workspace {
    /// Reads the workspace in this folder.
    ///
    /// # Panics
    ///
    /// When cargo cannot describe it, or a source file cannot be read.
    #[must_use]
    pub fn read(root: &Path) -> Self {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let output = Command::new(cargo)
            .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
            .current_dir(root)
            .output()
            .expect("cargo runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let metadata: Metadata = serde_json::from_slice(&output.stdout).expect("cargo writes its metadata as JSON");
        let packages: BTreeMap<&str, &Package> = metadata
            .packages
            .iter()
            .map(|package| (&*package.name, package))
            .collect();
        let mut dependencies = Digraph::default();
        let mut crates = Vec::new();
        for (name, package) in &packages {
            let Some(root) = package.root() else { continue };
            dependencies.add_node(name);
            for dependency in &package.dependencies {
                if dependency.kind.as_deref() != Some("dev") && packages.contains_key(&*dependency.name) {
                    dependencies.add_edge(name, &dependency.name);
                }
            }
            crates.push(Crate {
                name: (*name).to_owned(),
                modules: imports::modules(root),
            });
        }
        Self { crates, dependencies }
    }

    /// The picture, as SVG.
    #[must_use]
    pub fn svg(&self) -> String {
        picture::svg(self)
    }
}

/// The file that `make graph` writes, from the root of the workspace.
pub const PICTURE: &str = "docs/architecture.svg";

/// The root of the workspace that this was built from.
#[must_use]
pub fn root() -> PathBuf {
    let mut root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    root.pop();
    root
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    dependencies: Vec<Dependency>,
    targets: Vec<Target>,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
    kind: Option<String>,
}

#[derive(Deserialize)]
struct Target {
    kind: Vec<String>,
    src_path: PathBuf,
}

impl Package {
    /// The root file of the library, else of the first program.
    fn root(&self) -> Option<&Path> {
        let of_kind = |kind: &str| {
            let is_it = |target: &&Target| target.kind.iter().any(|other| other == kind);
            self.targets.iter().find(is_it)
        };
        of_kind("lib")
            .or_else(|| of_kind("bin"))
            .map(|target| &*target.src_path)
    }
}
