//! The end of certificates between a client's own and the root.

use certward::pki::Certificate;
use time::OffsetDateTime;

use crate::values::certificate_name::called;
use crate::values::timestamp;

/// Those of a chain that are over at this moment. A root is trusted or not whatever its dates.
pub(crate) fn ending_intermediates(
    certificates: &[Certificate],
    moment: OffsetDateTime,
) -> impl Iterator<Item = &Certificate> {
    let intermediates = certificates
        .iter()
        .filter(|certificate| certificate.is_ca() && !certificate.is_self_issued());
    intermediates.filter(move |certificate| certificate.validity().is_over(moment))
}

/// `The intermediate CN=… has expired on …`, or `expires on`.
pub(crate) fn ended(intermediate: &Certificate, now: OffsetDateTime) -> String {
    let verb = if intermediate.validity().is_over(now) {
        "has expired"
    } else {
        "expires"
    };
    format!(
        "The intermediate {} {verb} on {}",
        called(intermediate),
        timestamp::format(intermediate.validity().not_after)
    )
}
