//! Changes the persistence of a running engine without losing data: the new form is complete on disk before the old one
//! is deleted.

use std::time::Duration;

use super::command::Command;
use super::configuration::EngineConfiguration;
use super::control::Control;
use super::directory::EngineDirectory;
use super::error::EngineError;
use crate::resp::reply::Reply;
use certward_redis_model::database::Persistence;

/// Switches the engine to the persistence of `configuration`. Waits until the existing data is on disk in that form.
///
/// # Errors
///
/// Every error of [`Control::ask`]; [`EngineError::Refused`] if the data could not be written; [`EngineError::File`].
/// The former form still exists then.
pub(super) async fn persist(
    control: &Control,
    configuration: &EngineConfiguration,
    directory: &EngineDirectory,
) -> Result<(), EngineError> {
    let appends = setting(control, "appendonly").await? == "yes";
    match configuration.persistence {
        Persistence::Disabled => {
            set(control, "save", "").await?;
            if appends {
                set(control, "appendonly", "no").await?;
            }
            // One that was begun would still put its file there.
            finished(control, "rdb_bgsave_in_progress").await?;
            directory.remove_append_only().map_err(EngineError::file)?;
            directory.remove_snapshot().map_err(EngineError::file)
        }
        Persistence::Snapshot(_) => {
            set(control, "save", &configuration.save()).await?;
            if appends {
                take_snapshot(control).await?;
                set(control, "appendonly", "no").await?;
                directory.remove_append_only().map_err(EngineError::file)?;
            }
            Ok(())
        }
        Persistence::Aof(_) => {
            set(control, "appendfsync", configuration.fsync()).await?;
            if !appends {
                set(control, "appendonly", "yes").await?;
                let written = finished(control, "aof_rewrite_in_progress").await?;
                succeeded(&written, "aof_last_bgrewrite_status", "BGREWRITEAOF")?;
            }
            set(control, "save", "").await?;
            directory.remove_snapshot().map_err(EngineError::file)
        }
    }
}

async fn take_snapshot(control: &Control) -> Result<(), EngineError> {
    // One process at a time writes for the engine, and two commands of ours do not overtake each other.
    finished(control, "aof_rewrite_in_progress").await?;
    finished(control, "rdb_bgsave_in_progress").await?;
    control.ask(Command::new("BGSAVE", [])).await?;
    let written = finished(control, "rdb_bgsave_in_progress").await?;
    succeeded(&written, "rdb_last_bgsave_status", "BGSAVE")
}

/// The section `persistence` of `INFO`, once no operation that `field` counts is running or queued.
async fn finished(control: &Control, field: &str) -> Result<String, EngineError> {
    loop {
        let info = text(control.ask(Command::new("INFO", ["persistence"])).await?);
        let is_done = |field: &str| value(&info, field).is_none_or(|value| value == "0");
        if is_done(field) && (field != "aof_rewrite_in_progress" || is_done("aof_rewrite_scheduled")) {
            return Ok(info);
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

fn succeeded(info: &str, field: &str, command: &'static str) -> Result<(), EngineError> {
    match value(info, field) {
        Some("ok") => Ok(()),
        _ => Err(EngineError::Refused {
            command,
            message: "the data could not be written; the engine's log says why".to_owned(),
        }),
    }
}

/// Sets a directive, unless the engine's version does not have it.
///
/// # Errors
///
/// Every error of [`Control::ask`].
pub(super) async fn set_if_known(control: &Control, name: &str, value: &str) -> Result<(), EngineError> {
    if setting(control, name).await?.is_empty() {
        return Ok(());
    }
    set(control, name, value).await
}

async fn set(control: &Control, name: &str, value: &str) -> Result<(), EngineError> {
    control.ask(Command::new("CONFIG SET", [name, value])).await.map(drop)
}

async fn setting(control: &Control, name: &str) -> Result<String, EngineError> {
    let reply = control.ask(Command::new("CONFIG GET", [name])).await?;
    let Reply::Array(mut pair) = reply else {
        return Ok(String::new());
    };
    Ok(pair.pop().map(text).unwrap_or_default())
}

/// The text of a reply; empty for other kinds of reply.
pub(super) fn text(reply: Reply) -> String {
    match reply {
        Reply::Bulk(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Reply::Simple(text) => text,
        _ => String::new(),
    }
}

/// The value of a field of `INFO`.
pub(super) fn value<'a>(info: &'a str, field: &str) -> Option<&'a str> {
    info.lines()
        .find_map(|line| line.strip_prefix(field)?.strip_prefix(':'))
        .map(str::trim)
}

const LOOK_AGAIN: Duration = Duration::from_millis(50);
