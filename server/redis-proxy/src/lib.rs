//! Redis databases behind mutual TLS: the engines, the proxy before each, and what runs both for the databases of a cluster.

mod cluster_view;
mod databases;
pub mod engine;
pub mod proxy;
pub mod resp;
pub mod settings;

pub use cluster_view::{ClusterView, PasswordRefusal};
pub use databases::{DataFiles, DatabaseStatus, Databases, ENGINE_TIME, PortError, ReservedPort, data_in};
pub use proxy::{DatabaseConnection, ProxyParts};
pub use settings::Settings;
