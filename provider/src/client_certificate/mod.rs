//! The resource `certward_client_certificate`.

pub(crate) mod certificate_pem;
mod clearance;
mod database_permissions;
mod import;
mod import_id;
mod lifecycle;
mod name;
mod plan;
mod schema;
mod state;
mod validate;

use async_trait::async_trait;
use tf_provider::schema::Schema;
use tf_provider::value::StructEmpty;
use tf_provider::{AttributePath, Diagnostics, Resource};

pub use state::ClientCertificateState;

use crate::effects::{self, Act, Loss};
use crate::interruption::until_stopped;
use crate::plugin::{Configured, PluginResource};
use crate::session::{Kind, Session};

/// `certward_client_certificate`: a public client certificate, registered on RavenDB.
pub struct ClientCertificate {
    session: Configured<Session>,
}

impl ClientCertificate {
    pub(crate) fn new(session: Configured<Session>) -> Self {
        Self { session }
    }
}

impl PluginResource for ClientCertificate {}

#[async_trait]
impl Resource for ClientCertificate {
    type State<'a> = ClientCertificateState;
    type PrivateState<'a> = Option<StructEmpty>;
    type ProviderMetaState<'a> = Option<StructEmpty>;

    fn schema(&self, _diags: &mut Diagnostics) -> Option<Schema> {
        Some(schema::client_certificate())
    }

    async fn validate<'a>(&self, diags: &mut Diagnostics, config: ClientCertificateState) -> Option<()> {
        validate::validate(diags, &config);
        diags.errors.is_empty().then_some(())
    }

    async fn read<'a>(
        &self,
        diags: &mut Diagnostics,
        mut state: ClientCertificateState,
        private: Option<StructEmpty>,
        _meta: Option<StructEmpty>,
    ) -> Option<(ClientCertificateState, Option<StructEmpty>)> {
        let session = self.session.get(diags)?;
        // Before it is looked for: the thumbprint is one of them.
        state.describe_again();
        let answer = until_stopped(lifecycle::read(diags, &session, state)).await;
        let mut state = answer.or_interrupted(diags)?;
        state.drop_idle_permissions();
        Some((state, private))
    }

    async fn plan_create<'a>(
        &self,
        diags: &mut Diagnostics,
        _proposed: ClientCertificateState,
        config: ClientCertificateState,
        _meta: Option<StructEmpty>,
    ) -> Option<(ClientCertificateState, Option<StructEmpty>)> {
        let session = self.session.get(diags)?;
        session.check_ravendb(diags, KIND)?;
        let planned = plan::create(diags, config, session.clock.now())?;
        Some((planned, None))
    }

    async fn plan_update<'a>(
        &self,
        diags: &mut Diagnostics,
        prior: ClientCertificateState,
        _proposed: ClientCertificateState,
        config: ClientCertificateState,
        private: Option<StructEmpty>,
        _meta: Option<StructEmpty>,
    ) -> Option<(ClientCertificateState, Option<StructEmpty>, Vec<AttributePath>)> {
        let session = self.session.get(diags)?;
        session.check_ravendb(diags, KIND)?;
        let (planned, requires_replace) = plan::update(diags, &prior, config, session.own_thumbprint())?;
        if let Some(attribute) = requires_replace.first() {
            warn_of_removal(diags, &session, &prior, Act::Replace, attribute.clone()).await;
        }
        Some((planned, private, requires_replace))
    }

    async fn plan_destroy<'a>(
        &self,
        diags: &mut Diagnostics,
        prior: ClientCertificateState,
        private: Option<StructEmpty>,
        _meta: Option<StructEmpty>,
    ) -> Option<Option<StructEmpty>> {
        let session = self.session.peek();
        let own = session.as_ref().and_then(|session| session.own_thumbprint());
        plan::guard_removal(diags, &prior, own, AttributePath::root());
        if let Some(session) = &session {
            warn_of_removal(diags, session, &prior, Act::Destroy, AttributePath::root()).await;
        }
        diags.errors.is_empty().then_some(private)
    }

    async fn create<'a>(
        &self,
        diags: &mut Diagnostics,
        planned: ClientCertificateState,
        _config: ClientCertificateState,
        private: Option<StructEmpty>,
        _meta: Option<StructEmpty>,
    ) -> Option<(ClientCertificateState, Option<StructEmpty>)> {
        let session = self.session.get(diags)?;
        let answer = until_stopped(lifecycle::create(diags, &session, planned)).await;
        let state = answer.or_interrupted(diags)?;
        Some((state, private))
    }

    async fn update<'a>(
        &self,
        diags: &mut Diagnostics,
        prior: ClientCertificateState,
        planned: ClientCertificateState,
        _config: ClientCertificateState,
        private: Option<StructEmpty>,
        _meta: Option<StructEmpty>,
    ) -> Option<(ClientCertificateState, Option<StructEmpty>)> {
        let session = self.session.get(diags)?;
        let answer = until_stopped(lifecycle::update(diags, &session, prior, planned)).await;
        let state = answer.or_interrupted(diags)?;
        Some((state, private))
    }

    async fn destroy<'a>(
        &self,
        diags: &mut Diagnostics,
        prior: ClientCertificateState,
        _private: Option<StructEmpty>,
        _meta: Option<StructEmpty>,
    ) -> Option<()> {
        let session = self.session.get(diags)?;
        let answer = until_stopped(lifecycle::destroy(diags, &session, &prior)).await;
        answer.or_interrupted(diags)
    }

    async fn import<'a>(
        &self,
        diags: &mut Diagnostics,
        id: String,
    ) -> Option<(ClientCertificateState, Option<StructEmpty>)> {
        let session = self.session.get(diags)?;
        let answer = until_stopped(import::import(diags, &session, &id)).await;
        let mut state = answer.or_interrupted(diags)?;
        state.drop_idle_permissions();
        Some((state, None))
    }
}

/// Warns of what the removal of the entry would end.
async fn warn_of_removal(
    diags: &mut Diagnostics,
    session: &Session,
    prior: &ClientCertificateState,
    act: Act,
    attribute: AttributePath,
) {
    if let Some(Ok(thumbprint)) = prior.thumbprint.as_deref_option().map(str::parse) {
        let loss = Loss {
            act,
            subject: effects::named("client certificate", &prior.name),
            attribute,
        };
        effects::warn_ravendb(diags, session, loss, thumbprint).await;
    }
}

pub(crate) const KIND: Kind = Kind {
    type_name: "certward_client_certificate",
    elsewhere: "Redis Enterprise registers no certificates, it knows a user by the subject of its certificate: use \
                certward_cert_user.",
};
