//! The messages of Terraform's plugin protocol 6.9 and of go-plugin.
//!
//! `tools/plugin-wire` generates them from the definitions in `provider/plugin/proto`: `tfplugin6.9.proto` of
//! hashicorp/terraform 1.12.2, three files of hashicorp/go-plugin, and what go-plugin asks of gRPC's health check.

#[cfg(test)]
mod golden;

#[allow(clippy::all, dead_code, unreachable_pub, reason = "generated")]
mod generated {
    pub(crate) mod google {
        pub(crate) mod protobuf {
            include!("generated/google.protobuf.rs");
        }
    }
    pub(crate) mod health {
        include!("generated/grpc.health.v1.rs");
    }
    pub(crate) mod plugin {
        include!("generated/plugin.rs");
    }
    pub(crate) mod tfplugin6 {
        include!("generated/tfplugin6.rs");
    }
}

pub(crate) use generated::google::protobuf::{Empty, Timestamp};
pub(crate) use generated::tfplugin6::*;
pub(crate) use generated::{health, plugin};

pub(crate) use self::attribute_path::Step;
pub(crate) use self::attribute_path::step::Selector;
/// The values are those of `schema::object::NestingMode` too, which has no `Group`.
pub(crate) use self::schema::nested_block::NestingMode;
pub(crate) use generated::tfplugin6::diagnostic::Severity;

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::{Path, PathBuf};

    use ring::digest::{SHA256, digest};

    #[test]
    fn messages_are_those_that_the_definitions_give() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let generated = root.join("provider/plugin/src/wire/generated");
        let sums = fs::read_to_string(generated.join("SHA256SUMS")).unwrap();
        let mut listed = BTreeSet::new();
        for line in sums.lines() {
            let (recorded, path) = line.split_once("  ").unwrap();
            let path = root.join(path);
            let hash = digest(&SHA256, &fs::read(&path).unwrap());
            let hash: String = hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(
                hash,
                recorded,
                "{} was changed: cargo run --manifest-path tools/plugin-wire/Cargo.toml",
                path.display()
            );
            listed.insert(path);
        }
        let files_in = |folder: &Path| -> Vec<PathBuf> {
            let entries = fs::read_dir(folder).unwrap();
            entries.map(|entry| entry.unwrap().path()).collect()
        };
        for file in [files_in(&root.join("provider/plugin/proto")), files_in(&generated)].concat() {
            assert!(
                listed.contains(&file) || file.ends_with("SHA256SUMS"),
                "{} is not listed",
                file.display()
            );
        }
    }
}
