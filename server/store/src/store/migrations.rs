//! The migrations of a store's schema, in `server/migrations`, one file each.
//!
//! They are listed by hand: sqlx's `migrate!` would compile SQLite and the runtime a second time, for the compiler.

use std::sync::LazyLock;

use sqlx::SqlStr;
use sqlx::migrate::{Migration, MigrationType, Migrator};

/// All migrations, by number.
pub(crate) static MIGRATIONS: LazyLock<Migrator> = LazyLock::new(|| {
    let step = |(version, description, sql): (i64, &'static str, &'static str)| {
        Migration::new(
            version,
            description.into(),
            MigrationType::Simple,
            SqlStr::from_static(sql),
            false,
        )
    };
    Migrator::with_migrations(STEPS.map(step).into())
});

const STEPS: [(i64, &str, &str); 5] = [
    (
        1,
        "certificates",
        include_str!("../../migrations/0001_certificates.sql"),
    ),
    (2, "cluster", include_str!("../../migrations/0002_cluster.sql")),
    (3, "databases", include_str!("../../migrations/0003_databases.sql")),
    (4, "renewals", include_str!("../../migrations/0004_renewals.sql")),
    (5, "proof", include_str!("../../migrations/0005_proof.sql")),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::fs;

    use super::*;

    #[test]
    fn every_file_of_the_folder_of_migrations_is_a_step_with_its_number_and_name() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/migrations");
        let files = fs::read_dir(folder).unwrap().map(|entry| {
            let path = entry.unwrap().path();
            (
                path.file_name().unwrap().to_str().unwrap().to_owned(),
                fs::read_to_string(path).unwrap(),
            )
        });
        let steps =
            STEPS.map(|(version, description, sql)| (format!("{version:04}_{description}.sql"), sql.to_owned()));
        assert_eq!(BTreeMap::from(steps), files.collect());
    }
}
