//! Carries a task out: reads and writes the files of whoever asks, and lets the server do the rest.

use std::path::Path;

use certward_pki::ErrorChain;

use super::command::Task;
use super::output::NewFile;
use crate::command::channel::{Answer, Channel, Request, Secret};
use crate::command::{Failure, FileError, output};
use certward_system::files::{self, TrustedDirectory, read_any};

/// Shows a line of the outcome.
pub(super) type Show = dyn FnMut(&str) -> Result<(), Failure>;

/// Carries `task` out and shows the outcome.
pub(super) fn perform(channel: &Channel, task: Task, show: &mut Show) -> Result<(), Failure> {
    match task {
        Task::Generate {
            name,
            folder,
            months,
            password,
        } => generate(channel, name, &folder, months, password, show),
        Task::TrustClient { name, pfx, password } => {
            let pfx = read_pfx(&pfx)?;
            trust(
                channel,
                Request::TrustClientCertificate { name, pfx, password },
                "client",
                show,
            )
        }
        Task::TrustServer { name, pfx, password } => {
            let pfx = read_pfx(&pfx)?;
            trust(
                channel,
                Request::TrustServerCertificate { name, pfx, password },
                "server",
                show,
            )
        }
        Task::Replace {
            pfx,
            password,
            immediately,
        } => {
            let pfx = read_pfx(&pfx)?;
            done(
                channel,
                Request::ReplaceClusterCertificate {
                    pfx,
                    password,
                    immediately,
                },
                show,
            )
        }
        Task::Refresh => done(channel, Request::TriggerCertificateRefresh, show),
    }
}

/// The file is made before the certificate, so that no certificate is registered whose key cannot be saved.
fn generate(
    channel: &Channel,
    name: String,
    folder: &Path,
    months: Option<u32>,
    password: Option<Secret>,
    show: &mut Show,
) -> Result<(), Failure> {
    let file = NewFile::create(
        folder,
        &format!("admin.client.certificate.{}.zip", safe_file_name(&name)),
    )
    .map_err(Failure::failed)?;
    warn_of_others(folder);
    let request = Request::GenerateClientCertificate { name, months, password };
    let (thumbprint, archive) = match ask(channel, request)? {
        Answer::Generated { thumbprint, archive } => (thumbprint, archive),
        other => return Err(unexpected(&other)),
    };
    let Some(archive) = archive.decode() else {
        return Err(unexpected(&"an archive that is not base64"));
    };
    let path = file.write(&archive).map_err(|error| {
        Failure::failed(format!(
            "{}; the certificate {thumbprint} is registered and its key is lost: delete it",
            ErrorChain::new(&error)
        ))
    })?;
    show(&format!(
        "Successfully saved the client certificate to {}",
        path.display()
    ))
}

/// Warns when others can put another file in the place of the one that is made in `folder`.
fn warn_of_others(folder: &Path) {
    if let Err(files::FileError::Untrusted(error)) = TrustedDirectory::open(folder) {
        output::print_error(&format!(
            "warning: a private key is saved where others could exchange it: {error}"
        ));
    }
}

fn trust(channel: &Channel, request: Request, kind: &str, show: &mut Show) -> Result<(), Failure> {
    match ask(channel, request)? {
        Answer::Registered {
            thumbprint,
            certificates,
        } => {
            certificates.iter().try_for_each(|certificate| show(certificate))?;
            show(&format!("Successfully registered the {kind} certificate {thumbprint}"))
        }
        other => Err(unexpected(&other)),
    }
}

fn done(channel: &Channel, request: Request, show: &mut Show) -> Result<(), Failure> {
    match ask(channel, request)? {
        Answer::Done { message } => show(&message),
        other => Err(unexpected(&other)),
    }
}

/// Asks; a refusal is a failure with the server's words.
fn ask(channel: &Channel, request: Request) -> Result<Answer, Failure> {
    match channel.ask(request).map_err(Failure::failed)? {
        Answer::Failed { message } => Err(Failure::failed(message)),
        answer => Ok(answer),
    }
}

fn unexpected(answer: &dyn std::fmt::Debug) -> Failure {
    Failure::failed(format!(
        "the server answered something else than it was asked: {answer:?}"
    ))
}

fn read_pfx(path: &Path) -> Result<Secret, Failure> {
    let bytes = read_any(path, MAX_PFX_BYTES).map_err(|error| match error {
        files::FileError::Open { path, source } => {
            let done = "read";
            Failure::failed(FileError { path, done, source })
        }
        error => Failure::failed(format!("<path-to-pfx> {error}")),
    })?;
    Ok(Secret::from_bytes(&bytes))
}

/// The name with `_` for whatever could mean something to a shell or a file system.
fn safe_file_name(name: &str) -> String {
    let is_plain = |character: char| character.is_ascii_alphanumeric() || "._-".contains(character);
    name.chars()
        .map(|character| if is_plain(character) { character } else { '_' })
        .take(MAX_FILE_NAME)
        .collect()
}

/// A PFX with a chain is a few kilobytes.
const MAX_PFX_BYTES: usize = 1024 * 1024;

/// Characters of the holder's name in a file's name.
const MAX_FILE_NAME: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_lead_out_of_the_folder() {
        assert_eq!(safe_file_name("../a/b"), ".._a_b");
        assert_eq!(safe_file_name("John Doe\n\0é"), "John_Doe___");
        assert_eq!(safe_file_name(&"x".repeat(300)).len(), 100);
    }
}
