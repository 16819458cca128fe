//! No secret reaches the state, a plan file or a log.

use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use certward::SecretString;
use certward::redis_enterprise::{CreateUser, ManagementRole};
use certward_acceptance_tests::programs;
use certward_acceptance_tests::ravendb::RavenDb;
use certward_acceptance_tests::redis_enterprise::RedisEnterprise;
use certward_acceptance_tests::terraform::Terraform;
use certward_acceptance_tests::test_pki::Identity;

const PKCS12_PASSWORD: &str = "canary-pkcs12-7f3ab1";
const REDIS_PASSWORD: &str = "canary-redis-0c9d52";

#[test]
fn secrets_reach_neither_state_nor_plan_nor_log() {
    if !programs::installed("openssl") {
        return;
    }
    let ravendb = RavenDb::start();
    let key = fs::read_to_string(ravendb.client_private_key()).unwrap();
    for login in ["pem", "pkcs12"] {
        let mut terraform = Terraform::new("");
        let app = Identity::self_signed("app").certificate_pem;
        terraform.write("app.crt", &app);
        terraform.set("TF_LOG", "TRACE");
        terraform.set("TF_LOG_PATH", terraform.path("trace.log").to_str().unwrap());
        terraform.set("CERTWARD_REDIS_ENTERPRISE_PASSWORD", REDIS_PASSWORD);
        terraform.set("CERTWARD_REDIS_ENTERPRISE_USERNAME", "admin@example.com");
        let mut canaries = vec![PKCS12_PASSWORD.to_owned(), REDIS_PASSWORD.to_owned()];
        canaries.extend(key.lines().filter(|line| line.len() >= 40).map(str::to_owned));
        let block = ravendb.provider_block();
        let block = if login == "pem" {
            terraform.set("TF_VAR_key", &key);
            block.replace(
                &format!(
                    "client_private_key_file = \"{}\"",
                    ravendb.client_private_key().display()
                ),
                "client_private_key_pem = var.key",
            ) + "\nvariable \"key\" {\n  type      = string\n  ephemeral = true\n}\n"
        } else {
            let archive = pkcs12(&ravendb, &terraform.path("admin.pfx"));
            canaries.extend(chunks(&archive));
            terraform.set("CERTWARD_PKCS12_BASE64", &archive);
            terraform.set("CERTWARD_PKCS12_PASSWORD", PKCS12_PASSWORD);
            block
                .lines()
                .filter(|line| !line.contains("client_certificate_file") && !line.contains("client_private_key_file"))
                .collect::<Vec<_>>()
                .join("\n")
        };
        terraform.configure(&format!(
            "{block}\nresource \"certward_client_certificate\" \"app\" {{\n  name = \"{}\"\n  certificate_pem = file(\"app.crt\")\n}}\n",
            ravendb.name(login)
        ));
        let plan = terraform.plan().expect_changes();
        let apply = terraform
            .run(&["apply", "-json", "-input=false", "plan.bin"])
            .expect_success();
        terraform.plan().expect_empty();
        terraform
            .run(&["plan", "-destroy", "-json", "-out=destroy.bin"])
            .expect_success();

        let trace = fs::read_to_string(terraform.path("trace.log")).unwrap();
        assert!(trace.contains("request answered"), "the provider's log is in the log");
        let mut searched = vec![
            ("output of the plan".to_owned(), plan.output.into_bytes()),
            ("output of the apply".to_owned(), apply.output.into_bytes()),
            ("log".to_owned(), trace.into_bytes()),
            (
                "state".to_owned(),
                fs::read(terraform.path("terraform.tfstate")).unwrap(),
            ),
        ];
        searched.extend(unzipped(&terraform.path("plan.bin")));
        searched.extend(unzipped(&terraform.path("destroy.bin")));
        assert!(searched.len() > 8, "a plan file has several entries");
        // What is public is found where it belongs, so the search finds what is there.
        let public = app.lines().nth(1).unwrap();
        let places = searched.iter().filter(|(_, content)| holds(content, public));
        let places: Vec<&str> = places.map(|(place, _)| place.as_str()).collect();
        assert!(places.contains(&"state"), "{places:?}");
        assert!(places.iter().any(|place| place.contains("plan.bin")), "{places:?}");
        for (place, content) in &searched {
            for canary in &canaries {
                assert!(
                    !holds(content, canary),
                    "{login}: the {place} holds a secret: {}…",
                    &canary[..12]
                );
            }
        }
        terraform.destroy().expect_success();
    }
}

#[test]
fn password_of_redis_enterprise_reaches_neither_state_nor_plan_nor_log() {
    let redis = RedisEnterprise::start();
    let username = redis.name("operator");
    let operator = CreateUser::regular(&username, SecretString::from(REDIS_PASSWORD)).role(ManagementRole::Admin);
    redis.call(async |client| client.users().create(&operator).send().await);
    let mut terraform = Terraform::new("");
    terraform.set("TF_LOG", "TRACE");
    terraform.set("TF_LOG_PATH", terraform.path("trace.log").to_str().unwrap());
    terraform.set("TF_VAR_password", REDIS_PASSWORD);
    let login = format!("\"], username = \"{username}\", password = var.password }}");
    let block: String = redis.provider_block().replacen("\"] }", &login, 1);
    // Nothing but the password opens the door.
    let block: Vec<&str> = block.lines().filter(|line| !line.contains("client_")).collect();
    terraform.configure(&format!(
        "{}\nvariable \"password\" {{\n  type      = string\n  ephemeral = true\n}}\n\
         resource \"certward_cert_user\" \"app\" {{\n  name = \"{}\"\n  certificate_subject_line = \"CN={}\"\n  role = \"none\"\n}}\n",
        block.join("\n"),
        redis.name("app"),
        redis.name("app"),
    ));
    let plan = terraform.plan().expect_changes();
    let apply = terraform
        .run(&["apply", "-json", "-input=false", "plan.bin"])
        .expect_success();
    terraform.plan().expect_empty();

    let trace = fs::read_to_string(terraform.path("trace.log")).unwrap();
    assert!(trace.contains("request answered"), "the provider's log is in the log");
    let state = fs::read(terraform.path("terraform.tfstate")).unwrap();
    let mut searched = vec![
        ("output of the plan".to_owned(), plan.output.into_bytes()),
        ("output of the apply".to_owned(), apply.output.into_bytes()),
        ("log".to_owned(), trace.into_bytes()),
        ("state".to_owned(), state),
    ];
    searched.extend(unzipped(&terraform.path("plan.bin")));
    let public = redis.name("app");
    assert!(
        searched
            .iter()
            .any(|(place, content)| place == "state" && holds(content, &public))
    );
    let header = STANDARD.encode(format!("{username}:{REDIS_PASSWORD}"));
    for (place, content) in &searched {
        for canary in [REDIS_PASSWORD, header.trim_end_matches('=')] {
            assert!(
                !holds(content, canary),
                "the {place} holds a secret: {}…",
                &canary[..12]
            );
        }
    }
}

/// The administrator's login as a PKCS#12 file, in Base64.
fn pkcs12(ravendb: &RavenDb, path: &Path) -> String {
    programs::succeed(
        Command::new("openssl")
            .args([
                "pkcs12",
                "-export",
                "-passout",
                &format!("pass:{PKCS12_PASSWORD}"),
                "-out",
            ])
            .arg(path)
            .arg("-in")
            .arg(ravendb.client_certificate())
            .arg("-inkey")
            .arg(ravendb.client_private_key()),
    );
    let encoded = programs::succeed(Command::new("openssl").args(["base64", "-A", "-in"]).arg(path));
    String::from_utf8(encoded.stdout).unwrap()
}

fn holds(content: &[u8], text: &str) -> bool {
    content.windows(text.len()).any(|window| window == text.as_bytes())
}

fn chunks(text: &str) -> impl Iterator<Item = String> {
    let whole = text.as_bytes().chunks_exact(64);
    whole.map(|chunk| String::from_utf8_lossy(chunk).into_owned())
}

fn unzipped(path: &Path) -> Vec<(String, Vec<u8>)> {
    let mut archive = zip::ZipArchive::new(fs::File::open(path).unwrap()).unwrap();
    (0..archive.len())
        .map(|index| {
            let mut entry = archive.by_index(index).unwrap();
            let mut content = Vec::new();
            entry.read_to_end(&mut content).unwrap();
            (format!("{} in {}", entry.name().unwrap(), path.display()), content)
        })
        .collect()
}
