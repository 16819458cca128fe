//! `terraform apply` of many certificate users, and the plan after it, against Terraform's own resource.

use std::time::Duration;

use super::generate::POOL_SIZE;
use super::terraform::Terraform;
use crate::report::{Outcome, median};
use crate::servers::{Server, redis_enterprise};
use crate::{Bench, Failure};

pub(crate) async fn run(bench: &Bench) -> Result<Outcome, Failure> {
    let data = bench.work.path().join("cert-users");
    let server = redis_enterprise(bench, &bench.site, &data, &[(POOL_SIZE, "0")]).await?;
    let folder = bench.work.path().join("terraform of users");
    let terraform = Terraform::install(bench, &folder)?;
    let ours = folder.join("certward");
    terraform
        .prepare(&ours, &certward_configuration(bench, &server))
        .await?;
    let builtin = folder.join("builtin");
    terraform.prepare(&builtin, &builtin_configuration()).await?;

    let (mut applies, mut plans) = (Pairs::default(), Pairs::default());
    for _ in 0..ROUNDS {
        let apply = ["apply", "-auto-approve"];
        applies.ours.push(terraform.run(&ours, &apply).await?);
        applies.theirs.push(terraform.run(&builtin, &apply).await?);
        plans.ours.push(terraform.plan_without_changes(&ours).await?);
        plans.theirs.push(terraform.plan_without_changes(&builtin).await?);
        for folder in [&ours, &builtin] {
            terraform.run(folder, &["destroy", "-auto-approve"]).await?;
        }
    }
    let mut outcome = Outcome::default();
    applies.tell(&mut outcome, "`terraform apply` of 1,000 new `certward_cert_user`");
    plans.tell(&mut outcome, "`terraform plan` of them, unchanged");
    outcome.note(format!(
        "Waiting time; median of {ROUNDS} rounds of apply, plan and destroy, in which both take turns. {USERS} \
         `certward_cert_user` in one `for_each`, with a subject and a role each, against {USERS} `terraform_data` with the same \
         input; each user is committed to disk with its audit record before it is answered. Both plans must find no change. \
         Terraform's parallelism is its default of 10."
    ));
    Ok(outcome)
}

/// Durations of Terraform with this provider and with the vendor's, by round.
#[derive(Default)]
struct Pairs {
    ours: Vec<Duration>,
    theirs: Vec<Duration>,
}

impl Pairs {
    fn tell(&self, outcome: &mut Outcome, what: &str) {
        let rounds = self.ours.iter().zip(&self.theirs);
        let ratios: Vec<f64> = rounds
            .map(|(ours, theirs)| ours.as_secs_f64() / theirs.as_secs_f64())
            .collect();
        let peer = ("`terraform_data`", median(&self.theirs));
        outcome.measured_ratio(what, median(&self.ours), peer, median(&ratios), Some(1.5));
    }
}

fn certward_configuration(bench: &Bench, server: &Server) -> String {
    format!(
        r#"terraform {{
  required_providers {{
    certward = {{
      source = "certward/certward"
    }}
  }}
}}

provider "certward" {{
  redis_enterprise = {{
    endpoints = ["https://127.0.0.1:{port}"]
  }}
  client_certificate_file = "{certificate}"
  client_private_key_file = "{key}"
  ca_certificate_file     = "{ca}"
}}

{users}
resource "certward_cert_user" "this" {{
  for_each                 = local.users
  name                     = each.key
  certificate_subject_line = each.value
  role_ids                 = [3]
}}
"#,
        port = server.address.port(),
        certificate = bench.site.file("server.crt").display(),
        key = bench.site.file("server.key").display(),
        ca = bench.site.file("ca.crt").display(),
        users = users(),
    )
}

fn builtin_configuration() -> String {
    format!(
        r#"{users}
resource "terraform_data" "this" {{
  for_each = local.users
  input = {{
    name                     = each.key
    certificate_subject_line = each.value
    role_ids                 = [3]
  }}
}}
"#,
        users = users(),
    )
}

/// Names and subjects.
fn users() -> String {
    format!(
        r#"locals {{
  users = {{ for number in range({USERS}) : format("service-%04d", number) => format("CN=service-%04d,OU=Services,O=Example Team,C=US", number) }}
}}
"#
    )
}

const USERS: usize = 1000;
const ROUNDS: usize = 3;
