use certward::pki::certificates_from_pem;
use serde_json::json;
use wiremock::ResponseTemplate;

use super::super::testing::{Authority, FakeCluster, NOW, errors, refusal, user};
use super::*;
use crate::session::{Kind, Session};

const KIND: Kind = Kind {
    type_name: "certward_trusted_ca",
    elsewhere: "",
};
const PUT: &str = "PUT /v1/cluster/certificates";
const DELETE: &str = "DELETE /v1/cluster/certificates/mtls_trusted_ca";

async fn changed(session: &Session, asked: Change<'_>, allow_lockout: bool) -> (Option<Vec<Certificate>>, Diagnostics) {
    let mut diags = Diagnostics::default();
    let redis = session.redis_enterprise(&mut diags, KIND).unwrap();
    let attempt = Attempt {
        what: "change the authorities",
        attribute: AttributePath::root(),
        allow_lockout,
        now: NOW,
    };
    let trusted = change(&mut diags, session, redis, &asked, &attempt).await;
    (trusted.map(|trusted| trusted.authorities), diags)
}

fn trusted(cluster: &FakeCluster) -> Vec<Certificate> {
    certificates_from_pem(&cluster.inside().trusted_ca).unwrap_or_default()
}

#[tokio::test]
async fn additions_and_removals_leave_the_others_alone() {
    let [one, two, three] = ["One CA", "Two CA", "Three CA"].map(Authority::new);
    let [one, two, three] = [one, two, three].map(|authority| authority.certificate());
    let cluster = FakeCluster::start().await;
    for (asked, expected) in [
        (Change::Add(std::slice::from_ref(&one)), vec![&one]),
        (Change::Add(&[two.clone(), three.clone()]), vec![&one, &two, &three]),
        (Change::Remove(std::slice::from_ref(&two)), vec![&one, &three]),
        (Change::Replace(&[three.clone(), two.clone()]), vec![&three, &two]),
    ] {
        // Each in a run of its own.
        let (authorities, diags) = changed(&cluster.session(None), asked, false).await;
        assert_eq!(diags, Diagnostics::default());
        assert_eq!(authorities.unwrap().iter().collect::<Vec<_>>(), expected);
        assert_eq!(trusted(&cluster).iter().collect::<Vec<_>>(), expected);
    }
    let (authorities, _) = changed(&cluster.session(None), Change::Remove(&[two, three]), false).await;
    assert_eq!(authorities, Some(vec![]));
    assert_eq!(
        cluster.written(DELETE).len(),
        1,
        "the last ones are deleted, not written empty"
    );
}

#[tokio::test]
async fn what_this_run_has_made_trusted_is_not_removed() {
    let [one, two] = ["One CA", "Two CA"].map(|name| Authority::new(name).certificate());
    let cluster = FakeCluster::start().await;
    let session = cluster.session(None);
    for wanted in [
        Change::Add(std::slice::from_ref(&one)),
        Change::Replace(std::slice::from_ref(&two)),
    ] {
        changed(&session, wanted, false).await;
    }
    let (authorities, diags) = changed(&session, Change::Remove(&[one, two.clone()]), false).await;
    assert_eq!(authorities, Some(vec![two]));
    assert_eq!(diags.warnings[0].summary, "Not removed");
}

#[tokio::test]
async fn what_is_so_already_writes_nothing() {
    let authority = Authority::new("Team CA");
    let cluster = FakeCluster::start().await;
    cluster.inside().trusted_ca = format!("# kept as it is\n{0}{0}", authority.pem());
    let session = cluster.session(None);
    let member = [authority.certificate()];
    for asked in [Change::Add(&member), Change::Replace(&member)] {
        let (_, diags) = changed(&session, asked, false).await;
        assert_eq!(diags, Diagnostics::default());
    }
    let other = [Authority::new("Other CA").certificate()];
    let (_, diags) = changed(&session, Change::Remove(&other), false).await;
    assert_eq!(diags, Diagnostics::default());
    assert_eq!(cluster.inside().writings, []);
}

#[tokio::test]
async fn twenty_changes_at_once_all_hold() {
    let cluster = FakeCluster::start().await;
    let session = cluster.session(None);
    let authorities: Vec<_> = (0..20)
        .map(|number| Authority::new(&format!("CA {number}")).certificate())
        .collect();
    let changes = authorities
        .iter()
        .map(|authority| changed(&session, Change::Add(std::slice::from_ref(authority)), false));
    for (_, diags) in futures_util::future::join_all(changes).await {
        assert_eq!(diags, Diagnostics::default());
    }
    let trusted = trusted(&cluster);
    assert_eq!(trusted.len(), 20);
    assert!(authorities.iter().all(|authority| trusted.contains(authority)));
}

#[tokio::test]
async fn change_that_another_run_overwrote_is_made_again() {
    let (ours, theirs) = (Authority::new("Our CA"), Authority::new("Their CA"));
    let their_text = theirs.pem();
    let cluster = FakeCluster::start().await;
    let mut writings = 0;
    cluster.intercept(move |inside, asked| {
        if asked != PUT {
            return None;
        }
        writings += 1;
        // The other run had read before this one wrote, and writes after it.
        (writings == 1).then(|| {
            inside.trusted_ca = their_text.clone();
            ResponseTemplate::new(200)
        })
    });
    let (authorities, diags) = changed(&cluster.session(None), Change::Add(&[ours.certificate()]), false).await;
    assert_eq!(diags, Diagnostics::default());
    assert_eq!(authorities.unwrap(), [theirs.certificate(), ours.certificate()]);
    assert_eq!(cluster.written(PUT).len(), 2);
}

#[tokio::test]
async fn on_a_slow_cluster_a_change_is_looked_at_again_when_a_slow_run_has_written_too() {
    let (ours, theirs) = (Authority::new("Our CA"), Authority::new("Their CA"));
    let their_text = theirs.pem();
    let cluster = FakeCluster::start().await;
    let took = Duration::from_millis(150);
    let mut writing = None;
    let mut is_over = false;
    cluster.intercept(move |inside, asked| {
        if asked == PUT {
            writing.get_or_insert_with(Instant::now);
            let written = inside.writings.last().unwrap().1["certificates"][0]["certificate"].clone();
            inside.trusted_ca = written.as_str().unwrap().to_owned();
            return Some(ResponseTemplate::new(200).set_delay(took));
        }
        // The other run had read before this one wrote, and took three times as long.
        if !is_over && writing.is_some_and(|since| since.elapsed() >= took * 3) {
            is_over = true;
            inside.trusted_ca = their_text.clone();
        }
        None
    });
    let added = [ours.certificate()];
    let (authorities, diags) = changed(&cluster.session(None), Change::Add(&added), false).await;
    assert_eq!(diags, Diagnostics::default());
    assert_eq!(authorities.unwrap(), [theirs.certificate(), ours.certificate()]);
}

#[tokio::test]
async fn what_another_run_writes_while_a_removal_is_checked_stays() {
    let [team, own, theirs] = ["Team CA", "Own CA", "Their CA"].map(Authority::new);
    let with_theirs = own.pem() + &team.pem() + &theirs.pem();
    let cluster = FakeCluster::start().await;
    {
        let mut inside = cluster.inside();
        inside.settings["mtls_certificate_authentication"] = json!(true);
        inside.trusted_ca = own.pem() + &team.pem();
        inside.users = user("CN=terraform");
    }
    cluster.intercept(move |inside, asked| {
        if asked == "GET /v1/cluster" {
            inside.trusted_ca = with_theirs.clone();
        }
        None
    });
    let session = cluster.session(Some(own.issue("terraform")));
    let (authorities, diags) = changed(&session, Change::Remove(&[team.certificate()]), false).await;
    assert_eq!(diags, Diagnostics::default());
    assert_eq!(authorities.unwrap(), [own.certificate(), theirs.certificate()]);
    assert_eq!(cluster.written(PUT).len(), 1);
}

#[tokio::test]
async fn slow_nodes_are_waited_for_and_refusals_are_not() {
    let authority = Authority::new("Team CA");
    let cluster = FakeCluster::start().await;
    let mut writings = 0;
    cluster.intercept(move |_, asked| {
        writings += usize::from(asked == PUT);
        (asked == PUT && writings == 1).then(|| refusal(409, "not_all_nodes_updated"))
    });
    let (authorities, _) = changed(&cluster.session(None), Change::Add(&[authority.certificate()]), false).await;
    assert_eq!(authorities, Some(vec![authority.certificate()]));

    let cluster = FakeCluster::start().await;
    cluster.intercept(|_, asked| (asked == PUT).then(|| refusal(406, "certificate_expired")));
    let (authorities, diags) = changed(&cluster.session(None), Change::Add(&[authority.certificate()]), false).await;
    assert_eq!((authorities, diags.errors.len()), (None, 1));
    assert_eq!(cluster.written(PUT).len(), 1, "a refusal is final");
}

#[tokio::test]
async fn older_version_is_written_by_its_own_route() {
    let authority = Authority::new("Team CA");
    let text = authority.pem();
    let cluster = FakeCluster::start().await;
    cluster.intercept(move |inside, asked| match asked {
        PUT => Some(refusal(404, "not_found")),
        "PUT /v1/cluster/update_cert" => {
            inside.trusted_ca = text.clone();
            Some(ResponseTemplate::new(200))
        }
        _ => None,
    });
    let (authorities, diags) = changed(&cluster.session(None), Change::Add(&[authority.certificate()]), false).await;
    assert_eq!(
        (authorities, diags),
        (Some(vec![authority.certificate()]), Diagnostics::default())
    );
    let written = cluster.written("PUT /v1/cluster/update_cert");
    assert_eq!(written[0]["name"], "mtls_trusted_ca");
}

#[tokio::test]
async fn text_that_cannot_be_read_is_not_overwritten() {
    let cluster = FakeCluster::start().await;
    cluster.inside().trusted_ca = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".to_owned();
    let added = [Authority::new("Team CA").certificate()];
    let (authorities, diags) = changed(&cluster.session(None), Change::Add(&added), false).await;
    assert_eq!(
        (authorities, errors(&diags)),
        (None, vec!["Trusted authorities cannot be read"])
    );
    assert_eq!(cluster.inside().writings, []);
}

#[tokio::test]
async fn authority_that_the_own_login_hangs_on_is_guarded() {
    let (team, other) = (Authority::new("Team CA"), Authority::new("Other CA"));
    for (subject, certificates_on, removed, allow_lockout, expected) in [
        ("CN=terraform", true, &team, false, vec!["Would lock you out"]),
        ("CN=terraform", true, &other, false, vec![]),
        ("CN=terraform", true, &team, true, vec![]),
        // Let in for another reason: certificates do not count, or nobody has the subject.
        ("CN=terraform", false, &team, false, vec![]),
        ("CN=somebody", true, &team, false, vec![]),
    ] {
        let cluster = FakeCluster::start().await;
        {
            let mut inside = cluster.inside();
            inside.settings["mtls_certificate_authentication"] = json!(certificates_on);
            inside.trusted_ca = team.pem() + &other.pem();
            inside.users = user(subject);
        }
        let session = cluster.session(Some(team.issue("terraform")));
        let removed = [removed.certificate()];
        let (authorities, diags) = changed(&session, Change::Remove(&removed), allow_lockout).await;
        assert_eq!(errors(&diags), expected, "{subject} {certificates_on}");
        assert_eq!(authorities.is_some(), expected.is_empty());
        assert_eq!(trusted(&cluster).len(), if expected.is_empty() { 1 } else { 2 });
    }
}

#[tokio::test]
async fn last_authority_stays_while_certificates_are_asked_for() {
    let team = Authority::new("Team CA");
    let cluster = FakeCluster::start().await;
    {
        let mut inside = cluster.inside();
        inside.settings["mtls_certificate_authentication"] = json!(true);
        inside.trusted_ca = team.pem();
    }
    let session = cluster.password_session(None);
    let member = [team.certificate()];
    let (_, diags) = changed(&session, Change::Remove(&member), false).await;
    assert_eq!(errors(&diags), ["Last trusted authority"]);
    assert_eq!(cluster.inside().writings, []);
    let (_, diags) = changed(&session, Change::Remove(&member), true).await;
    assert_eq!(diags, Diagnostics::default());
    assert_eq!(cluster.inside().trusted_ca, "");
}
