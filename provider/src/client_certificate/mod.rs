//! The resource `certward_client_certificate`.

mod certificate_pem;
mod clearance;
mod database_permissions;
mod import_id;
mod name;
mod plan;
mod schema;
mod state;
mod validate;
