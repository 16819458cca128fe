//! The authorities of a cluster, which keeps them as one text (`mtls_trusted_ca`) that can only be written as a whole.
//!
//! Within one run, changes take turns. Another run can read the text before this one writes, and write its own after it: the
//! API has no revision and no condition for a request, so this cannot be prevented. Each change is therefore looked at again,
//! and made again when it was overwritten. That holds as long as the other run takes less time from its reading to its
//! writing than this one waits, so the time to wait grows with the time that this run itself has taken from the one to the
//! other, which is what a slow cluster or a busy machine does to both.

use std::time::{Duration, Instant};

use certward::pki::{Certificate, Sha256Fingerprint};
use certward::redis_enterprise::{CertificateName, Client, ErrorCode, NewCertificate};
use tf_provider::{AttributePath, Diagnostics};
use time::OffsetDateTime;

use super::admission::Rules;
use super::lockout;
use crate::report::failure;
use crate::report::{chain, error};
use crate::run::{Key, Objects, Release};
use crate::session::{RedisEnterprise, Session};
use crate::values::certificate_name::called;

/// A change of the authorities.
pub(crate) enum Change<'a> {
    /// These are trusted too.
    Add(&'a [Certificate]),
    /// These are trusted no more.
    Remove(&'a [Certificate]),
    /// These are trusted, and no others.
    Replace(&'a [Certificate]),
}

/// Context of a change, for its errors.
pub(crate) struct Attempt<'a> {
    /// Completes "could not …", such as `trust CN=Team CA`.
    pub(crate) what: &'a str,
    pub(crate) attribute: AttributePath,
    /// Makes the change even if the provider could not log in afterwards.
    pub(crate) allow_lockout: bool,
    pub(crate) now: OffsetDateTime,
}

/// The authorities the cluster trusts, in their order; an error for a text that cannot be read.
pub(crate) async fn read(diags: &mut Diagnostics, client: &Client) -> Option<Vec<Certificate>> {
    let certificates = match client.certificates().list().await {
        Ok(certificates) => certificates,
        Err(problem) => {
            failure::redis_enterprise(diags, "read the trusted authorities", &problem);
            return None;
        }
    };
    match certificates.trusted_ca() {
        Ok(authorities) => Some(authorities),
        Err(problem) => {
            error(
                diags,
                AttributePath::root(),
                "Trusted authorities cannot be read",
                format!(
                    "The cluster's mtls_trusted_ca is not PEM that could be understood: {}. To change it would lose what \
                     is in it. Put it right on the cluster (PUT /v1/cluster/certificates) first.",
                    chain(&problem)
                ),
            );
            None
        }
    }
}

/// The trusted authorities after a change.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Trusted {
    pub(crate) authorities: Vec<Certificate>,
    /// True when there was nothing to do.
    pub(crate) already: bool,
}

/// Makes a change and returns the CAs that are trusted afterwards. A change that is already in force sends no request.
///
/// CAs that another block of this run has added are not removed.
pub(crate) async fn change(
    diags: &mut Diagnostics,
    session: &Session,
    redis: &RedisEnterprise,
    change: &Change<'_>,
    attempt: &Attempt<'_>,
) -> Option<Trusted> {
    let objects = &session.run.objects;
    let working = objects.working();
    change.claim(objects);
    let mut pauses = (0..MOST_LOOKS).map(|looked| 1 << looked);
    let mut already = true;
    loop {
        let changes = objects.changes();
        match step(diags, objects, redis, change, attempt).await? {
            Step::Done(authorities) => return Some(Trusted { authorities, already }),
            Step::Written { slowest } => {
                already = false;
                let Some(factor) = pauses.next() else { break };
                let pause = (slowest * WINDOWS).clamp(SHORTEST_PAUSE, LONGEST_PAUSE) * factor;
                // More for one run than for another, so that they do not stay in step.
                tokio::time::sleep(pause.mul_f64(1.0 + fastrand::f64() / 2.0)).await;
            }
            // Another block of this run may be about to trust the authority, or another one.
            Step::Refused(_) if change.only_removes() && objects.another_change(&working, changes).await => {}
            Step::Refused(refusal) => {
                diags.errors.extend(refusal.errors);
                return None;
            }
        }
    }
    error(
        diags,
        attempt.attribute.clone(),
        "Value not applied",
        format!(
            "Could not {}: the cluster took the request {} times, but does not have the authorities that were sent. \
             Somebody else changes mtls_trusted_ca at the same time, or not all of its nodes answer. Apply again.",
            attempt.what,
            MOST_LOOKS + 1
        ),
    );
    None
}

/// The progress of a change.
enum Step {
    /// The cluster has what is wanted.
    Done(Vec<Certificate>),
    /// It was written, and is to be looked at again.
    Written {
        /// The longest time that this run has taken from reading the authorities to the end of writing them.
        slowest: Duration,
    },
    /// It is not made as things are now.
    Refused(Diagnostics),
}

/// Looks at what is there, and writes when that is not what is wanted.
async fn step(
    diags: &mut Diagnostics,
    objects: &Objects,
    redis: &RedisEnterprise,
    change: &Change<'_>,
    attempt: &Attempt<'_>,
) -> Option<Step> {
    let mut slowest = redis.trusted_ca.lock().await;
    let mut guarded = None;
    let (since, wanted) = loop {
        let since = Instant::now();
        let present = read(diags, &redis.client).await?;
        let wanted = change.applied_to(&present, objects);
        if wanted == present {
            change.note_removal(diags, objects);
            return Some(Step::Done(present));
        }
        let only_adds = present.iter().all(|authority| wanted.contains(authority));
        if only_adds || attempt.allow_lockout || guarded.as_ref() == Some(&present) {
            break (since, wanted);
        }
        let mut refusal = Diagnostics::default();
        if guard(&mut refusal, redis, &present, &wanted, attempt).await.is_none() {
            return Some(Step::Refused(refusal));
        }
        // That took a few requests, in which another run may have written.
        guarded = Some(present);
    };
    let answer = write(&redis.client, &wanted).await;
    *slowest = slowest.max(since.elapsed());
    let written = Step::Written { slowest: *slowest };
    let problem = match answer {
        Ok(()) => return Some(written),
        Err(problem) => problem,
    };
    // "Not all nodes updated" (`docs/contracts/redis-enterprise.md#cluster-certificates`): it passes.
    if problem.is_conflict() {
        tracing::info!(error = %problem.report(), "not every node has taken the authorities; trying again");
        return Some(written);
    }
    // An answer that was lost is looked up.
    if failure::may_have_been_done(&problem)
        && let Some(present) = read(&mut Diagnostics::default(), &redis.client).await
        && change.applied_to(&present, objects) == present
    {
        return Some(written);
    }
    if problem.redis_enterprise_code() == Some(ErrorCode::InvalidCertificate) {
        let detail = format!(
            "Could not {}: {}.\n\nThe cluster cannot trust the certificate. Pass the certificate of an authority: \
             basicConstraints=critical,CA:TRUE and, where it has a key usage, keyCertSign.",
            attempt.what,
            problem.report()
        );
        error(diags, AttributePath::root(), "Unsuitable authority", detail);
        return None;
    }
    failure::redis_enterprise(diags, attempt.what, &problem);
    None
}

/// The key of an authority in the table of the run.
pub(crate) fn key(fingerprint: Sha256Fingerprint) -> Key {
    Key::new("certward_trusted_ca", "fingerprint_sha256", fingerprint.to_string())
}

impl Change<'_> {
    fn only_removes(&self) -> bool {
        matches!(self, Self::Remove(_))
    }

    /// Notes what is to be trusted, so that no other block of this run removes it. It stays noted when the change fails:
    /// what is there is found by the next run.
    fn claim(&self, objects: &Objects) {
        if let Self::Add(members) | Self::Replace(members) = self {
            for member in *members {
                objects.hold(&key(member.fingerprint()));
            }
        }
    }

    /// Notes what is not trusted any more, and says what was kept.
    fn note_removal(&self, diags: &mut Diagnostics, objects: &Objects) {
        if let Self::Remove(removed) = self {
            for authority in *removed {
                let key = key(authority.fingerprint());
                let what = format!("The trust in {}", called(authority));
                if objects.release(diags, &key, &what) == Release::Remove {
                    objects.removed(&key);
                }
            }
        }
    }

    /// The trusted CAs after the change. Those that stay keep their order.
    fn applied_to(&self, present: &[Certificate], objects: &Objects) -> Vec<Certificate> {
        let mut wanted = present.to_vec();
        let added: &[Certificate] = match self {
            Self::Add(added) => added,
            Self::Remove(removed) => {
                wanted
                    .retain(|authority| !removed.contains(authority) || objects.is_held(&key(authority.fingerprint())));
                &[]
            }
            Self::Replace(members) => {
                wanted.retain(|authority| members.contains(authority));
                members
            }
        };
        for authority in added {
            if !wanted.contains(authority) {
                wanted.push(authority.clone());
            }
        }
        wanted
    }
}

/// Refuses a removal that would end the provider's own login, and that of the last authority while certificates count.
async fn guard(
    diags: &mut Diagnostics,
    redis: &RedisEnterprise,
    present: &[Certificate],
    wanted: &[Certificate],
    attempt: &Attempt<'_>,
) -> Option<()> {
    let cluster = match redis.client.cluster().get().await {
        Ok(cluster) => cluster,
        Err(problem) => {
            failure::redis_enterprise(diags, "read the cluster's settings", &problem);
            return None;
        }
    };
    let before = Rules::of(&cluster, present.to_vec());
    let after = Rules {
        authorities: wanted.to_vec(),
        ..before.clone()
    };
    if let (Some(refusal), Some(own)) = (
        lockout::ends_login(redis, &before, &after, attempt.now).await,
        redis.own_chain.first(),
    ) {
        lockout::refuse(diags, attempt.attribute.clone(), attempt.what, own, &refusal);
        return None;
    }
    if wanted.is_empty() && before.certificate_authentication {
        error(
            diags,
            attempt.attribute.clone(),
            "Last trusted authority",
            format!(
                "Refusing to {}: it is the last authority the cluster trusts, and authentication by certificate is on, so \
                 nobody could log in with a certificate any more. Switch it off first \
                 (certificate_authentication_enabled of certward_cluster_mtls_settings; with on_destroy = \"restore\" it \
                 goes before the authority it depends on), trust another authority, or set allow_lockout = true.",
                attempt.what
            ),
        );
        return None;
    }
    Some(())
}

/// Writes the whole text, or deletes it when nothing is left.
async fn write(client: &Client, authorities: &[Certificate]) -> Result<(), certward::Error> {
    if authorities.is_empty() {
        return match client.certificates().delete(&CertificateName::MtlsTrustedCa).await {
            Err(problem) if problem.is_not_found() => Ok(()),
            answer => answer,
        };
    }
    let certificate = NewCertificate::trusted_ca(authorities);
    match client.certificates().update(std::slice::from_ref(&certificate)).await {
        // Redis Enterprise before 7.22 has the older route only.
        Err(problem) if matches!(problem.status(), Some(404 | 405)) => {
            client.certificates().update_one(&certificate).await
        }
        answer => answer,
    }
}

/// Another run may be so many times slower than this one.
const WINDOWS: u32 = 4;
/// The first pause after a writing; each further one is twice as long.
const SHORTEST_PAUSE: Duration = Duration::from_millis(300);
/// The same, on a cluster that takes seconds to write.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// So often a change is looked at again.
const MOST_LOOKS: u32 = 6;

#[cfg(test)]
#[path = "store_tests.rs"]
mod tests;
