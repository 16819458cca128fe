//! `terraform plan` over many certificates that are as the configuration says, against Terraform's own resource.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use certward::pki::{Certificate, Thumbprint};
use certward::{Identity, ravendb};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use super::generate::POOL_SIZE;
use super::terraform::Terraform;
use crate::report::{Outcome, median, readable};
use crate::servers::{Server, certward};
use crate::site::Key;
use crate::{Bench, Failure};

pub(crate) async fn run(bench: &Bench) -> Result<Outcome, Failure> {
    let (server, _) = certward(bench, &bench.site, &bench.work.path().join("plan"), &[(POOL_SIZE, "0")]).await?;
    let folder = bench.work.path().join("terraform");
    let thumbprints = write_certificates(bench, &folder.join("certificates"))?;
    let terraform = Terraform::install(bench, &folder)?;

    let ours = folder.join("certward");
    let configuration = certward_configuration(bench, &server, &folder.join("certificates"));
    terraform.prepare(&ours, &configuration).await?;
    let builtin = folder.join("builtin");
    terraform
        .prepare(&builtin, &builtin_configuration(&folder.join("certificates")))
        .await?;
    let applied = terraform.run(&ours, &["apply", "-auto-approve"]).await?;

    terraform.run(&builtin, &["apply", "-auto-approve"]).await?;
    let client = sdk(bench, &server)?;
    let (mut our_times, mut their_times, mut api_times, mut ratios) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for round in 0..=ROUNDS {
        let our_time = terraform.plan_without_changes(&ours).await?;
        let their_time = terraform.plan_without_changes(&builtin).await?;
        let api_time = read_all(&client, &thumbprints).await?;
        if round > 0 {
            our_times.push(our_time);
            their_times.push(their_time);
            api_times.push(api_time);
            ratios.push(our_time.as_secs_f64() / (their_time + api_time).as_secs_f64());
        }
    }
    let (their_time, api_time) = (median(&their_times), median(&api_times));
    let mut outcome = Outcome::default();
    let what = "`terraform plan` of 1,000 unchanged certificates";
    let peer = ("`terraform_data` + the API's own time", their_time + api_time);
    outcome.measured_ratio(what, median(&our_times), peer, median(&ratios), Some(1.5));
    outcome.told("`terraform apply` of 1,000 new certificates", readable(applied));
    outcome.note(format!(
        "Waiting time; median of {ROUNDS} rounds after a first. 1,000 `certward_client_certificate` in one `for_each`, their \
         public certificates in one file each, against 1,000 `terraform_data` with the same input ({}) and 1,000 reads of \
         the same entries through the SDK, {AT_ONCE} at a time as the provider does it ({}). Both plans must find no \
         change. Terraform's parallelism is its default of 10.",
        readable(their_time),
        readable(api_time),
    ));
    Ok(outcome)
}

fn write_certificates(bench: &Bench, folder: &Path) -> Result<Vec<Thumbprint>, Failure> {
    fs::create_dir_all(folder)?;
    (0..CERTIFICATES)
        .map(|number| {
            let name = format!("client-{number:04}");
            let identity = bench.site.client(&name, Key::EcdsaP256)?;
            let certificate = Certificate::from_der(identity.certificate.to_vec())?;
            fs::write(folder.join(format!("{name}.crt")), certificate.to_pem())?;
            Ok(certificate.thumbprint())
        })
        .collect()
}

fn certward_configuration(bench: &Bench, server: &Server, certificates: &Path) -> String {
    format!(
        r#"terraform {{
  required_providers {{
    certward = {{
      source = "certward/certward"
    }}
  }}
}}

provider "certward" {{
  ravendb = {{
    endpoints = ["https://127.0.0.1:{port}"]
  }}
  client_certificate_file = "{certificate}"
  client_private_key_file = "{key}"
  ca_certificate_file     = "{ca}"
}}

locals {{
  certificates = {{ for name in fileset("{certificates}", "*.crt") : name => "{certificates}/${{name}}" }}
}}

resource "certward_client_certificate" "this" {{
  for_each        = local.certificates
  name            = each.key
  certificate_pem = file(each.value)
  database_permissions = {{
    Orders = "ReadWrite"
  }}
}}
"#,
        port = server.address.port(),
        certificate = bench.site.file("server.crt").display(),
        key = bench.site.file("server.key").display(),
        ca = bench.site.file("ca.crt").display(),
        certificates = certificates.display(),
    )
}

fn builtin_configuration(certificates: &Path) -> String {
    format!(
        r#"locals {{
  certificates = {{ for name in fileset("{certificates}", "*.crt") : name => "{certificates}/${{name}}" }}
}}

resource "terraform_data" "this" {{
  for_each = local.certificates
  input = {{
    name            = each.key
    certificate_pem = file(each.value)
    database_permissions = {{
      Orders = "ReadWrite"
    }}
  }}
}}
"#,
        certificates = certificates.display(),
    )
}

fn sdk(bench: &Bench, server: &Server) -> Result<Arc<ravendb::Client>, Failure> {
    let read = |name: &str| fs::read_to_string(bench.site.file(name));
    let client = ravendb::Client::builder()
        .endpoint(&format!("https://127.0.0.1:{}", server.address.port()))
        .trust_anchors_pem(&read("ca.crt")?)
        .identity(Identity::from_pem(&read("server.crt")?, &read("server.key")?)?)
        .max_concurrent_requests(AT_ONCE)
        .build()?;
    Ok(Arc::new(client))
}

async fn read_all(client: &ravendb::Client, thumbprints: &[Thumbprint]) -> Result<Duration, Failure> {
    let started = Instant::now();
    stream::iter(thumbprints)
        .map(|thumbprint| async move {
            let found = client.certificates().get(thumbprint).await?;
            found
                .map(drop)
                .ok_or_else(|| Failure::from(format!("{thumbprint} is not registered")))
        })
        .buffer_unordered(AT_ONCE)
        .try_collect::<()>()
        .await?;
    Ok(started.elapsed())
}

const CERTIFICATES: usize = 1000;
const ROUNDS: usize = 3;
/// The default of the provider's `max_concurrent_requests`.
const AT_ONCE: usize = 4;
