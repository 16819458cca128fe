//! `curl`, as the vendors' pages call it.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

/// Requests to one server, with one identity.
#[derive(Debug, Clone)]
pub struct Curl {
    endpoint: String,
    ca_certificate: PathBuf,
    identity: Vec<String>,
}

/// Response that `curl` received.
#[derive(Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The header lines after the status line, names in small letters.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
}

impl Curl {
    /// Requests without an identity. `ca_certificate` is the file with the CA of the server's certificate.
    #[must_use]
    pub fn new(endpoint: &str, ca_certificate: &Path) -> Self {
        Self {
            endpoint: endpoint.to_owned(),
            ca_certificate: ca_certificate.to_owned(),
            identity: Vec::new(),
        }
    }

    /// `--cert` and `--key`.
    #[must_use]
    pub fn certificate(self, certificate: &Path, private_key: &Path) -> Self {
        self.with("--cert", &certificate.to_string_lossy())
            .with("--key", &private_key.to_string_lossy())
    }

    /// `--user`: Basic authentication.
    #[must_use]
    pub fn user(self, name: &str, password: &str) -> Self {
        self.with("--user", &format!("{name}:{password}"))
    }

    /// `--header`.
    #[must_use]
    pub fn header(self, header: &str) -> Self {
        self.with("--header", header)
    }

    /// Sends a request without a body.
    #[must_use]
    pub fn get(&self, path: &str) -> Answer {
        self.request("GET", path, None)
    }

    /// Sends a request, with a JSON text as its body or without one.
    ///
    /// # Panics
    ///
    /// If `curl` is missing or gets no response, with its output.
    #[must_use]
    pub fn request(&self, method: &str, path: &str, json: Option<&str>) -> Answer {
        let mut command = Command::new("curl");
        command
            .args(["--silent", "--show-error", "--include", "--request", method, "--url"])
            .arg(format!("{}{path}", self.endpoint))
            .arg("--cacert")
            .arg(&self.ca_certificate)
            .args(&self.identity);
        if json.is_some() {
            command.args(["--header", "Content-Type: application/json", "--data-binary", "@-"]);
        }
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("curl can be started");
        let mut stdin = child.stdin.take().expect("standard input is piped");
        // It may have ended without reading; its exit status says why.
        let _ = stdin.write_all(json.unwrap_or_default().as_bytes());
        drop(stdin);
        let output = child.wait_with_output().expect("the process is ours");
        assert!(
            output.status.success(),
            "curl {method} {path} ended with {}: {}",
            output.status,
            String::from_utf8_lossy(&output.stderr)
        );
        Answer::parse(&String::from_utf8_lossy(&output.stdout))
    }

    fn with(mut self, option: &str, value: &str) -> Self {
        self.identity.extend([option.to_owned(), value.to_owned()]);
        self
    }
}

impl Answer {
    /// Asserts the status, and returns the response.
    ///
    /// # Panics
    ///
    /// If the status differs, with the body.
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.body);
        self
    }

    /// The body as JSON.
    ///
    /// # Panics
    ///
    /// If the body is not JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("not JSON ({error}): {:?}", self.body))
    }

    /// A header's value.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers.find_map(|(field, value)| (field == name).then_some(value.as_str()))
    }

    fn parse(text: &str) -> Self {
        let (head, body) = text.split_once("\r\n\r\n").expect("an answer has a head");
        let mut lines = head.split("\r\n");
        let status = lines
            .next()
            .and_then(|line| line.split(' ').nth(1)?.parse().ok())
            .expect("an answer begins with its status");
        let headers = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(field, value)| (field.to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        Self {
            status,
            headers,
            body: body.to_owned(),
        }
    }
}
