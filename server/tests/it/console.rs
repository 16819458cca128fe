//! The console, `admin`, and the flows of the vendor's page "Client Certificate Usage".

use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::program::{Installation, PROGRAM, has_tool, mode, program, succeed, text};

/// Unpacks an archive of a generated certificate beside it, and gives the paths of its certificate and key.
fn unpack(archive: &Path) -> (PathBuf, PathBuf) {
    let mut zip = zip::ZipArchive::new(std::fs::File::open(archive).unwrap()).unwrap();
    let mut paths = Vec::new();
    for place in 0..zip.len() {
        let mut entry = zip.by_index(place).unwrap();
        let path = archive.parent().unwrap().join(entry.enclosed_name().unwrap());
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        std::fs::write(&path, bytes).unwrap();
        paths.push(path);
    }
    let with = |extension: &str| {
        paths
            .iter()
            .find(|path| path.extension().unwrap() == extension)
            .unwrap()
            .clone()
    };
    (with("crt"), with("key"))
}

/// Response of `whoami` for a certificate: body and status.
fn whoami(installation: &Installation, url: &str, certificate: &Path, key: &Path) -> (serde_json::Value, u16) {
    let answer = succeed(
        installation
            .curl(certificate, key)
            .arg(format!("{url}/certificates/whoami")),
    );
    let (body, status) = answer.rsplit_once('\n').unwrap();
    (serde_json::from_str(body).unwrap_or_default(), status.parse().unwrap())
}

#[test]
fn the_first_administrator_of_the_setup_is_let_in() {
    if !has_tool("curl") {
        return;
    }
    let installation = Installation::new();
    let running = installation.start();
    let (body, status) = whoami(
        &installation,
        &running.url,
        &installation.path("admin.crt"),
        &installation.path("admin.key"),
    );
    assert_eq!(status, 200);
    assert_eq!(body["SecurityClearance"], "ClusterAdmin");
    assert_eq!(body["Name"], "admin.client.certificate.certward-server");
}

#[test]
fn generate_client_cert_saves_a_cluster_administrator() {
    let installation = Installation::new();
    let running = installation.start();
    let folder = installation.folder().display().to_string();
    let session = installation.console(&format!(
        "generateClientCert ops.admin {folder}\ngenerateClientCert \"John Doe\" '{folder}' 'p@$$w0rd'\nquit\nnot reached"
    ));
    assert!(session.status.success(), "{}", text(&session));
    for file in [
        "admin.client.certificate.ops.admin.zip",
        "admin.client.certificate.John_Doe.zip",
    ] {
        let path = installation.path(file);
        assert!(text(&session).contains(&format!(
            "Successfully saved the client certificate to {}",
            path.display()
        )));
        assert_eq!(mode(&path), 0o600);
    }
    let (certificate, key) = unpack(&installation.path("admin.client.certificate.ops.admin.zip"));
    assert_eq!(certificate.file_name().unwrap(), "ops.admin.crt");
    if has_tool("curl") {
        let (body, status) = whoami(&installation, &running.url, &certificate, &key);
        assert_eq!((status, &body["SecurityClearance"]), (200, &"ClusterAdmin".into()));
    }
}

#[test]
fn key_that_is_saved_into_a_folder_that_others_can_write_comes_with_a_warning() {
    let installation = Installation::new();
    let _running = installation.start();
    let (open, closed) = (installation.path("open"), installation.path("made/for/it"));
    std::fs::create_dir(&open).unwrap();
    std::fs::set_permissions(&open, std::fs::Permissions::from_mode(0o777)).unwrap();
    for (folder, warned) in [(&open, true), (&closed, false)] {
        let output = installation
            .admin(&["generateClientCert", "ops", &folder.display().to_string()])
            .output()
            .unwrap();
        let text = text(&output);
        assert_eq!(output.status.code(), Some(0), "{text}");
        assert_eq!(
            text.contains("warning: a private key") && text.contains("chmod go-w"),
            warned,
            "{text}"
        );
        assert_eq!(mode(&folder.join("admin.client.certificate.ops.zip")), 0o600);
    }
    assert_eq!(mode(&closed), 0o700);
}

#[test]
fn months_set_the_end_of_validity_in_each_form() {
    if !has_tool("openssl") {
        return;
    }
    let installation = Installation::new();
    let _running = installation.start();
    let folder = installation.folder().display().to_string();
    succeed(&mut installation.admin(&["generateClientCert", "a", &folder, "--months", "2"]));
    succeed(&mut installation.admin(&["generateClientCert", "b", &folder, "2", "password"]));
    succeed(&mut installation.admin(&["generateClientCert", "c", &folder, "2"]));
    let ends_within = |name: &str, days: u32| {
        let (certificate, _) = unpack(&installation.path(&format!("admin.client.certificate.{name}.zip")));
        let seconds = (days * 86_400).to_string();
        let check = Command::new("openssl")
            .args(["x509", "-noout", "-checkend", &seconds, "-in"])
            .arg(certificate)
            .output();
        !check.unwrap().status.success()
    };
    for name in ["a", "b"] {
        assert!(
            ends_within(name, 63) && !ends_within(name, 57),
            "{name} is valid for two months"
        );
    }
    assert!(!ends_within("c", 4 * 365), "a third argument alone is the password");
}

#[test]
fn a_certificate_of_ones_own_is_trusted() {
    if !has_tool("openssl") || !has_tool("curl") {
        return;
    }
    let installation = Installation::new();
    let running = installation.start();
    let (certificate, key, pfx) = (
        installation.path("own.crt"),
        installation.path("own.key"),
        installation.argument("own.pfx"),
    );
    own_certificate(&certificate, &key, Path::new(&pfx), "clientAuth");
    assert_eq!(
        whoami(&installation, &running.url, &certificate, &key).1,
        204,
        "unknown before"
    );

    let wrong = installation
        .admin(&["trustClientCert", "John Doe", &pfx, "wrong"])
        .output()
        .unwrap();
    assert_eq!(wrong.status.code(), Some(1));
    assert!(
        text(&wrong).contains("unable to load the provided certificate"),
        "{}",
        text(&wrong)
    );

    let session = installation.console(&format!("trustClientCert 'John Doe' {pfx} 's3cr7t p@$$w0rd'\n"));
    assert!(session.status.success(), "{}", text(&session));
    assert!(
        text(&session).contains("Successfully registered the client certificate "),
        "{}",
        text(&session)
    );
    assert!(
        text(&session).contains("CN=own"),
        "the certificate is shown: {}",
        text(&session)
    );
    let (body, status) = whoami(&installation, &running.url, &certificate, &key);
    assert_eq!(status, 200);
    assert_eq!(
        (&body["Name"], &body["SecurityClearance"]),
        (&"John Doe".into(), &"ClusterAdmin".into())
    );
}

#[test]
fn a_certificate_is_trusted_only_for_what_it_is_made_for() {
    if !has_tool("openssl") {
        return;
    }
    let installation = Installation::new();
    let _running = installation.start();
    let pfx = installation.argument("node.pfx");
    own_certificate(
        &installation.path("node.crt"),
        &installation.path("node.key"),
        Path::new(&pfx),
        "serverAuth",
    );
    let client = installation
        .admin(&["trustClientCert", "node", &pfx, "s3cr7t p@$$w0rd"])
        .output()
        .unwrap();
    assert_eq!(client.status.code(), Some(1));
    assert!(text(&client).contains("clientAuth"), "{}", text(&client));
    let shown = succeed(&mut installation.admin(&["trustServerCert", "node", &pfx, "s3cr7t p@$$w0rd"]));
    assert!(
        shown.contains("Successfully registered the server certificate "),
        "{shown}"
    );
}

fn own_certificate(certificate: &Path, key: &Path, pfx: &Path, purpose: &str) {
    succeed(
        Command::new("openssl")
            .args([
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:P-256",
                "-nodes",
                "-days",
                "30",
            ])
            .args(["-subj", "/CN=own", "-addext", &format!("extendedKeyUsage={purpose}")])
            .args(["-addext", "basicConstraints=critical,CA:FALSE"])
            .arg("-keyout")
            .arg(key)
            .arg("-out")
            .arg(certificate),
    );
    succeed(
        Command::new("openssl")
            .args(["pkcs12", "-export", "-passout", "pass:s3cr7t p@$$w0rd", "-inkey"])
            .arg(key)
            .arg("-in")
            .arg(certificate)
            .arg("-out")
            .arg(pfx),
    );
}

/// "Example III: Using cURL in Linux", word for word but for the place of the output, which the page leaves out.
#[test]
fn the_curl_flow_of_the_vendors_page_works() {
    if !has_tool("openssl") || !has_tool("curl") {
        return;
    }
    let installation = Installation::new();
    let running = installation.start();
    let pem = installation.argument("server.pem");
    succeed(
        Command::new("openssl")
            .args([
                "pkcs12",
                "-in",
                &installation.argument("server.pfx"),
                "-out",
                &pem,
                "-clcerts",
            ])
            .args(["-passin", "pass:", "-passout", "pass:pem_password"]),
    );
    let body =
        r#"{"Name": "cluster.admin.client.certificate","SecurityClearance": "ClusterAdmin","Password": "p@$$w0rd"}"#;
    let archive = installation.path("cluster.zip");
    let status = succeed(
        Command::new("curl")
            .args(["-X", "POST", "-H", "Content-Type: application/json", "-d", body])
            .arg("-o")
            .arg(&archive)
            .arg(format!("{}/admin/certificates", running.url))
            .args([
                "--cert",
                &format!("{pem}:pem_password"),
                "--cacert",
                &installation.argument("ca.crt"),
            ])
            .args(["--silent", "--show-error", "--write-out", "%{http_code}"]),
    );
    assert_eq!(
        status,
        "200",
        "{}",
        String::from_utf8_lossy(&std::fs::read(&archive).unwrap())
    );
    let (certificate, key) = unpack(&archive);
    let (answer, status) = whoami(&installation, &running.url, &certificate, &key);
    assert_eq!(
        (status, &answer["Name"]),
        (200, &"cluster.admin.client.certificate".into())
    );
    succeed(
        Command::new("openssl")
            .args(["pkcs12", "-noout", "-passin", "pass:p@$$w0rd", "-in"])
            .arg(installation.path("cluster.admin.client.certificate.pfx")),
    );
}

#[test]
fn what_fails_says_why_and_leaves_nothing_behind() {
    let installation = Installation::new();
    let running = installation.start();
    let folder = installation.folder().display().to_string();
    for (words, code, problem) in [
        (vec!["generateClientCert", "x"], 2, "<path-to-output-folder> is missing"),
        (
            vec!["generateClientCert", "x", &folder, "--months", "0"],
            2,
            "whole number from 1",
        ),
        (
            vec!["generateClientCert", "x", "/dev/null/ops"],
            1,
            "/dev/null/ops could not be made",
        ),
        (
            vec!["trustClientCert", "x", "/nowhere.pfx"],
            1,
            "/nowhere.pfx could not be read",
        ),
        (vec!["trustClientCert", "x", "/dev/zero"], 1, "is not a file"),
        (vec!["generateClient"], 2, "did you mean 'generateClientCert'?"),
        (vec!["elephant"], 2, "\"elephant\" is no command; help lists them"),
    ] {
        let output = installation.admin(&words).output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{words:?}: {}", text(&output));
        assert!(text(&output).contains(problem), "{words:?}: {}", text(&output));
    }
    assert!(!installation.path("admin.client.certificate.a_b.zip").exists());
    let session = installation.console("generateClientCert\ntrustClientCert 'x\n");
    assert_eq!(
        session.status.code(),
        Some(1),
        "a command that fails in a script is seen"
    );

    running.signal("TERM");
    running.wait();
    let output = installation
        .admin(&["generateClientCert", "x", &folder])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output).contains("no server answers at "), "{}", text(&output));
    assert!(!installation.path("admin.client.certificate.x.zip").exists());
}

#[test]
fn help_and_the_list_of_commands_need_no_server() {
    let shown = succeed(&mut crate::program::program(&["admin", "help"]));
    for name in [
        "generateClientCert",
        "trustClientCert",
        "trustServerCert",
        "replaceClusterCert",
        "triggerCertificateRefresh",
    ] {
        assert!(shown.contains(name), "{shown}");
    }
}

#[test]
fn another_user_is_not_heard() {
    if !rustix::process::geteuid().is_root() {
        eprintln!("skipped: only root can become another user");
        return;
    }
    let installation = Installation::new();
    let _running = installation.start();
    let socket = installation.path("Databases/admin.sock");
    assert_eq!(mode(&socket), 0o600);
    // Opened wide, so that only the check of the peer is left to keep others out.
    for path in [installation.folder(), &installation.path("Databases"), &socket] {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o777)).unwrap();
    }
    let program = installation.path("certward-server");
    std::fs::copy(PROGRAM, &program).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let output = Command::new("setpriv")
        .args(["--reuid=65534", "--regid=65534", "--clear-groups"])
        .arg(&program)
        .args([
            "admin",
            "--socket",
            &socket.display().to_string(),
            "generateClientCert",
            "x",
        ])
        .arg(installation.folder())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    assert!(
        text(&output).contains("by the server's own user and by root only"),
        "{}",
        text(&output)
    );
    assert!(!installation.path("admin.client.certificate.x.zip").exists());
}

#[test]
fn the_server_certificate_is_replaced_and_read_again() {
    let (installation, other) = (Installation::new(), Installation::new());
    let running = installation.start();
    // Whether curl takes the server for one of this CA.
    let is_of = |ca: &Installation| {
        let mut curl = Command::new("curl");
        curl.args([
            "--silent",
            "--output",
            "/dev/null",
            "--cacert",
            &ca.argument("ca.crt"),
            &running.url,
        ]);
        curl.status().unwrap().success()
    };
    let can_look = has_tool("curl");
    assert!(!can_look || (is_of(&installation) && !is_of(&other)), "before");

    let pfx = other.argument("server.pfx");
    let shown = succeed(&mut installation.admin(&["replaceClusterCert", &installation.argument("server.pfx")]));
    assert!(
        shown.contains("replaces the server certificate in 1 s") && !shown.contains("Successfully replaced"),
        "{shown}"
    );
    let shown = succeed(&mut installation.admin(&["replaceClusterCert", "-replaceImmediately", &pfx]));
    assert!(
        shown.contains("Successfully replaced the server certificate"),
        "{shown}"
    );
    assert!(!can_look || (!is_of(&installation) && is_of(&other)), "after");

    let shown = succeed(&mut installation.admin(&["triggerCertificateRefresh"]));
    assert!(shown.contains("Successfully read"), "{shown}");
}

#[test]
fn the_openapi_document_of_each_api_is_printed() {
    for (arguments, path, method) in [
        (&["openapi"] as &[&str], "/admin/certificates", "post"),
        (&["openapi", "ravendb"], "/admin/certificates", "put"),
        (&["openapi", "redis-enterprise"], "/v1/users/{uid}", "delete"),
    ] {
        let printed = succeed(&mut crate::program::program(arguments));
        let document: serde_json::Value = serde_json::from_str(&printed).unwrap();
        assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
        assert!(document["paths"][path][method].is_object(), "{arguments:?}");
    }
}

#[test]
fn what_is_no_request_of_this_version_is_refused() {
    use std::io::Write;
    use std::os::unix::net::UnixStream;

    let installation = Installation::new();
    let _running = installation.start();
    for (line, problem) in [
        ("hello\n", "is not a console's"),
        (
            "{\"version\":2,\"message\":{\"command\":\"triggerCertificateRefresh\"}}\n",
            "speaks version 2",
        ),
        (
            "{\"version\":1,\"message\":{\"command\":\"s3cr7t-canary\"}}\n",
            "does not know this request",
        ),
        ("{\"version\":1", "is not a line"),
    ] {
        let mut stream = UnixStream::connect(installation.path("Databases/admin.sock")).unwrap();
        stream.write_all(line.as_bytes()).unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(
            answer.contains("failed") && answer.contains(problem),
            "{line}: {answer}"
        );
        assert!(!answer.contains("s3cr7t"), "{answer}");
    }
}

#[test]
fn no_command_panics_when_nobody_reads_or_the_disk_is_full() {
    let setup = tempfile::tempdir().unwrap();
    let folder = setup.path().join("server").display().to_string();
    let flags = ["--non-interactive", "--key-algorithm", "ECDSA_P256"];
    let setup: Vec<&str> = ["setup", "--dir", &folder].into_iter().chain(flags).collect();
    for arguments in [
        &["admin", "help"][..],
        &["openapi"],
        &["--help"],
        &["--version"],
        &["help", "setup"],
        &setup,
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let gone = program(arguments).stdout(writer).output().unwrap();
        assert_eq!(gone.status.code(), Some(141), "{arguments:?}: {}", text(&gone));
        assert_eq!(text(&gone), "", "{arguments:?}");

        let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        if arguments[0] == "setup" {
            std::fs::remove_dir_all(&folder).unwrap();
        }
        let full = program(arguments).stdout(full).output().unwrap();
        assert_eq!(full.status.code(), Some(1), "{arguments:?}: {}", text(&full));
        let said = text(&full);
        assert!(
            said.contains("standard output could not be written: No space left on device")
                && !said.contains("panicked"),
            "{arguments:?}: {said}"
        );
    }
    // Faults are told on standard error, and their exit code stays when that is closed.
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    for arguments in [&["nonsense"][..], &["admin", "nonsense"], &["run", "stray"]] {
        let told = program(arguments).stderr(writer.try_clone().unwrap()).output().unwrap();
        assert_eq!(told.status.code(), Some(2), "{arguments:?}");
    }
}

#[test]
fn a_console_whose_reader_has_gone_does_nothing_more() {
    let installation = Installation::new();
    let _server = installation.start();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let (input, mut commands) = std::io::pipe().unwrap();
    let folder = installation.path("late");
    writeln!(commands, "help\ngenerateClientCert late {}", folder.display()).unwrap();
    drop(commands);
    let ended = program(&["cli", "--settings", &installation.argument("settings.json")])
        .stdin(input)
        .stdout(writer)
        .output()
        .unwrap();
    assert_eq!(ended.status.code(), Some(141), "{}", text(&ended));
    assert!(!folder.exists());
}
