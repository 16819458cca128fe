//! `/v1/license`: this server needs none, keeps the one it is given, and shows a trial otherwise
//! (`docs/contracts/redis-enterprise.md#bootstrap-nodes-licence`).

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use serde_json::json;
use time::{Date, Month, OffsetDateTime, Time};

use super::authorized::Authorized;
use super::body::RequestBody;
use super::problem::{Code, Problem};
use super::timestamp::timestamp;
use super::wire::NewLicense;
use super::{Dialect, answer};
use crate::cluster::access::action::{InstallLicense, ViewLicense};

/// `GET /v1/license`, with the members of the captured one (`license/read.answer.json`).
pub(super) async fn read(_: Authorized<ViewLicense>, State(dialect): State<Arc<Dialect>>) -> Response {
    let state = dialect.app.cluster.state();
    let installed = state.settings().license.as_deref();
    answer::json(&json!({
        "activation_date": timestamp(state.identity().created_at),
        "cluster_name": null,
        "expiration_date": timestamp(never()),
        "expired": false,
        "features": ["trial"],
        "flash_shards_in_use": 0,
        "flash_shards_limit": null,
        "key": "",
        "license": installed.unwrap_or_default(),
        "owner": null,
        "ram_shards_in_use": state.databases().len(),
        "ram_shards_limit": null,
        "shards_limit": 4,
    }))
}

/// `PUT /v1/license`. Only the form is checked: the keys that licences are signed with are the vendor's.
pub(super) async fn update(
    Authorized(permit): Authorized<InstallLicense>,
    State(dialect): State<Arc<Dialect>>,
    body: RequestBody,
) -> Result<Response, Problem> {
    let NewLicense { license } = body.read().await?;
    if !(license.contains("LICENSE START") && license.contains("LICENSE END")) {
        return Err(Problem::new(
            Code::InvalidLicense,
            "the license must hold the text from '----- LICENSE START -----' to '----- LICENSE END -----'",
        ));
    }
    dialect.app.cluster.install_license(&permit, license).await?;
    Ok(answer::empty())
}

/// The last day that everybody's dates can hold.
fn never() -> OffsetDateTime {
    Date::from_calendar_date(9999, Month::December, 31).map_or(OffsetDateTime::UNIX_EPOCH, |date| {
        OffsetDateTime::new_utc(date, Time::MIDNIGHT)
    })
}
