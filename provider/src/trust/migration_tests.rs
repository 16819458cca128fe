//! From single authorities to a bundle and back, and what a run leaves that is cut off between the two.

use std::time::Duration;

use certward::pki::certificates_from_pem;
use terraform_plugin::Configured;
use tf_provider::value::{StructEmpty, Value};
use tf_provider::{Diagnostics, Resource};
use wiremock::ResponseTemplate;

use super::testing::{Authority, FakeCluster};
use crate::resources::managed::Managed;
use crate::resources::trusted_ca::{TrustedCa, TrustedCaState};
use crate::resources::trusted_ca_bundle::{TrustedCaBundle, TrustedCaBundleState};
use crate::session::Session;

fn single(authority: &Authority) -> TrustedCaState {
    TrustedCaState {
        certificate_pem: Value::Value(authority.pem()),
        ..TrustedCaState::default()
    }
}

fn bundle(authorities: &[&Authority]) -> TrustedCaBundleState {
    let texts = authorities.iter().map(|authority| Value::Value(authority.pem()));
    TrustedCaBundleState {
        certificates_pem: Value::Value(texts.collect()),
        on_destroy: Value::Value("remove".to_owned()),
        ..TrustedCaBundleState::default()
    }
}

fn another_run(cluster: &FakeCluster) -> Configured<Session> {
    let session = Configured::new();
    session.set(cluster.session(None));
    session
}

/// The planned state of a new block.
async fn created<R>(resource: &R, config: R::State<'static>) -> R::State<'static>
where
    R: Resource<ProviderMetaState<'static> = Option<StructEmpty>>,
    R::State<'static>: Clone,
{
    let mut diags = Diagnostics::default();
    let planned = resource.plan_create(&mut diags, config.clone(), config, None).await;
    planned.unwrap_or_else(|| panic!("{diags:?}")).0
}

/// Plans the destruction of one block beside the creation of another, which comes later or earlier, and destroys in a run that
/// is cut off before it creates anything.
async fn cut_off<Old, New>(
    cluster: &FakeCluster,
    block: impl Fn(Configured<Session>) -> (Old, New),
    prior: Old::State<'static>,
    config: New::State<'static>,
    destruction_is_first: bool,
) -> Diagnostics
where
    Old: Resource<ProviderMetaState<'static> = Option<StructEmpty>>,
    Old::State<'static>: Clone,
    Old::PrivateState<'static>: Default,
    New: Resource<ProviderMetaState<'static> = Option<StructEmpty>>,
    New::State<'static>: Clone,
{
    let (old, new) = block(another_run(cluster));
    let mut diags = Diagnostics::default();
    let destruction = async {
        if !destruction_is_first {
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
        let private = Old::PrivateState::default();
        old.plan_destroy(&mut diags, prior.clone(), private, None)
            .await
            .unwrap()
    };
    let creation = async {
        if destruction_is_first {
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
        created(&new, config).await
    };
    let (private, _) = tokio::join!(destruction, creation);
    let (old, _) = block(another_run(cluster));
    let mut diags = Diagnostics::default();
    old.destroy(&mut diags, prior, private, None).await;
    diags
}

#[tokio::test]
async fn run_that_is_cut_off_between_single_authorities_and_a_bundle_ends_no_trust() {
    let [one, two] = ["One CA", "Two CA"].map(Authority::new);
    for destruction_is_first in [true, false] {
        let cluster = FakeCluster::start().await;
        // What the removal would end is asked, too.
        cluster.intercept(|_, asked| (!asked.contains("/v1/cluster")).then(|| ResponseTemplate::new(404)));
        cluster.inside().trusted_ca = one.pem() + &two.pem();
        let to_bundle = |session: Configured<Session>| {
            (
                Managed::<TrustedCa>::new(session.clone()),
                Managed::<TrustedCaBundle>::new(session),
            )
        };
        let prior = created(&Managed::<TrustedCa>::new(another_run(&cluster)), single(&one)).await;
        let both = bundle(&[&one, &two]);
        let diags = cut_off(&cluster, to_bundle, prior, both, destruction_is_first).await;
        assert_eq!(diags, Diagnostics::default());
        assert_eq!(cluster.inside().writings, []);

        let to_single = |session: Configured<Session>| {
            (
                Managed::<TrustedCaBundle>::new(session.clone()),
                Managed::<TrustedCa>::new(session),
            )
        };
        let prior = created(
            &Managed::<TrustedCaBundle>::new(another_run(&cluster)),
            bundle(&[&one, &two]),
        )
        .await;
        let diags = cut_off(&cluster, to_single, prior, single(&one), destruction_is_first).await;
        assert_eq!(diags, Diagnostics::default());
        let trusted = certificates_from_pem(&cluster.inside().trusted_ca).unwrap();
        assert_eq!(trusted, [one.certificate()], "nobody wants the other one");
    }
}
