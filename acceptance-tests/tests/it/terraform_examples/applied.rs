//! Every example does on a server what it says: it is applied, planned again without a change, and destroyed.

use std::net::TcpListener;

use certward_acceptance_tests::external_redis::ExternalRedis;
use certward_acceptance_tests::reference_server::ReferenceServer;
use certward_acceptance_tests::team::{Team, role};

use super::{Example, modules_in};

impl Example {
    /// The administrator of `server` runs it.
    fn of_the_administrator(mut self, server: &ReferenceServer) -> Self {
        let path = |file: &str| server.path(file).display().to_string();
        for (variable, value) in [
            ("CERTWARD_RAVENDB_ENDPOINTS", server.endpoint()),
            (
                "CERTWARD_REDIS_ENTERPRISE_ENDPOINTS",
                server.redis_enterprise_endpoint(),
            ),
            ("CERTWARD_CLIENT_CERTIFICATE_FILE", path("admin.crt")),
            ("CERTWARD_CLIENT_PRIVATE_KEY_FILE", path("admin.key")),
            ("CERTWARD_CA_CERTIFICATE_FILE", path("ca.crt")),
        ] {
            self.terraform.set(variable, &value);
        }
        let variables = self.variables();
        for (variable, value) in variables {
            self.set(variable, &value);
        }
        self
    }

    /// The same for an example with a provider block, which has the endpoint of this variable.
    fn with_provider_block(self, server: &ReferenceServer, endpoint: &str) -> Self {
        let mut example = self.of_the_administrator(server);
        example.set("endpoint", endpoint);
        example.set("server_directory", &server.path("").display().to_string());
        example
    }

    fn set(&mut self, variable: &str, value: &str) {
        self.terraform.set(&format!("TF_VAR_{variable}"), value);
    }

    /// Applies, plans again and destroys; what is protected says so, and is destroyed once it is not.
    fn applied_and_destroyed(&self) {
        self.terraform.apply_and_settle();
        let is_protected = self.configuration != unprotected(&self.configuration);
        if is_protected {
            let refused = self.terraform.destroy();
            assert!(refused.text().contains("protect"), "{}", refused.text());
            self.terraform.write("resource.tf", &unprotected(&self.configuration));
            self.terraform.apply_and_settle();
        }
        self.terraform.destroy().expect_success();
    }
}

/// The configuration without protection against deletion, which databases have unless they say otherwise.
fn unprotected(configuration: &str) -> String {
    let mut text = String::new();
    let mut is_database = false;
    for line in configuration.lines() {
        if line.ends_with(" {") && !line.starts_with(' ') {
            is_database = line.starts_with("resource \"certward_redis_database\"");
        }
        let is_about_protection = line.trim_start().starts_with("deletion_protection");
        match line {
            _ if is_about_protection => text.push_str(&line.replace("true", "false")),
            "}" if is_database && !text.ends_with(UNPROTECTED) => text.push_str(&format!("{UNPROTECTED}}}")),
            _ => text.push_str(line),
        }
        text.push('\n');
    }
    text
}

const UNPROTECTED: &str = "  deletion_protection = false\n";

#[test]
fn every_example_of_a_resource_is_applied_planned_without_a_change_and_destroyed() {
    // One server: what an example leaves is in the way of the next.
    let team = Team::new();
    // An example makes an administrator, and the last one cannot be removed.
    team.create_user("administrator", "CN=administrator", role::ADMIN);
    for module in modules_in("provider/resources") {
        println!("{module}");
        Example::new(&module)
            .of_the_administrator(&team.server)
            .applied_and_destroyed();
    }
}

#[test]
fn every_example_of_a_data_source_is_applied_planned_without_a_change_and_destroyed() {
    let team = Team::trusted();
    team.create_user("alice", "CN=alice,OU=operations,O=Example,C=US", role::ADMIN);
    for module in modules_in("provider/data-sources") {
        println!("{module}");
        Example::new(&module)
            .of_the_administrator(&team.server)
            .applied_and_destroyed();
    }
}

#[test]
fn whole_examples_are_applied_planned_without_a_change_and_destroyed() {
    let server = ReferenceServer::start_with(&["--Certward.License.ReadOnlyCertificates=true"]);
    let mut quickstart = Example::new("quickstart").with_provider_block(&server, &server.endpoint());
    quickstart.set("redis_enterprise_endpoint", &server.redis_enterprise_endpoint());
    quickstart.applied_and_destroyed();
    let endpoint = server.redis_enterprise_endpoint();
    Example::new("redis-with-certificates")
        .with_provider_block(&server, &endpoint)
        .applied_and_destroyed();
}

#[test]
fn the_example_of_an_existing_redis_is_applied_planned_without_a_change_and_destroyed() {
    let redis = ExternalRedis::start();
    let upstream = format!("--Certward.Redis.Upstream=legacy=redis://127.0.0.1:{}", redis.port);
    let server = ReferenceServer::start_with(&[&upstream]);
    let mut example = Example::new("existing-redis").with_provider_block(&server, &server.redis_enterprise_endpoint());
    // Free a moment ago; the example wants a number that clients know.
    let free = TcpListener::bind(("127.0.0.1", 0))
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    example.set("port", &free.to_string());
    example.applied_and_destroyed();
}
