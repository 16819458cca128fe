//! Managed resources: what Terraform asks of them beyond `tf_provider::Resource`, and the same behind bytes.

use async_trait::async_trait;
use prost::bytes::Bytes;
use tf_provider::schema::Schema;
use tf_provider::{AttributePath, Diagnostics, Resource};

use super::codec;

/// The parts of a resource that Terraform's protocol needs and `tf_provider::Resource` lacks.
///
/// Every method has a default, so that `impl PluginResource for Thing {}` is enough for a resource of one schema
/// version without write-only attributes.
///
/// The server interprets the results of `Resource`'s methods as follows, where the trait leaves it open:
///
/// * `read` returns `None` without an error: the object is gone. With an error: the old state stays.
/// * `create` returns `None`: nothing was created. `Some` with errors: it was created, and Terraform marks it tainted.
/// * `update` returns `None`: the prior state stays. `Some` with errors: the new state is kept with the errors.
/// * `destroy` returns `None`, or any error: the object stays in the state. Only `Some(())` without errors
///   removes it.
/// * `Resource::upgrade` is never called; [`PluginResource::upgrade_state`] is.
#[async_trait]
pub trait PluginResource: Resource {
    /// The write-only attributes, as paths of attribute names (`AttributePath::new("key").attribute("password_wo")`;
    /// for an attribute inside a list, set or map, leave out the element). Default: none.
    ///
    /// Each is marked in the schema, refused when the client cannot handle write-only attributes (Terraform before
    /// 1.11), and null in every state the server sends. Their values are in the *configuration* only: read them from
    /// `config_state`, never from `planned_state`.
    fn write_only(&self) -> Vec<AttributePath> {
        Vec::new()
    }

    /// Turns a state stored under an older schema `version` into the form of the current schema.
    ///
    /// `state` is the object in the state file: numbers are numbers, sets are arrays, null attributes are null.
    /// Attributes of the current schema that the result lacks become null; attributes that the schema lacks are
    /// dropped. A state of the current version is conformed in the same way without calling this. Default: an error
    /// that says that the version is not supported.
    async fn upgrade_state(
        &self,
        diags: &mut Diagnostics,
        version: i64,
        state: serde_json::Value,
    ) -> Option<serde_json::Value> {
        _ = state;
        diags.root_error(
            "State is of another version",
            format!(
                "The state was stored under schema version {version}, which this version of the provider cannot \
                 read. Use the version of the provider that wrote it, or newer."
            ),
        );
        None
    }

    /// Turns the state of another resource type into one of this type (`moved` blocks). Default: an error that says
    /// that nothing can be moved here.
    async fn move_state(&self, diags: &mut Diagnostics, from: MovedFrom) -> Option<serde_json::Value> {
        diags.root_error(
            "Move is not supported",
            format!("A resource of type `{}` cannot be moved to this type.", from.type_name),
        );
        None
    }
}

/// The resource that a `moved` block names as the source.
#[derive(Debug)]
pub struct MovedFrom {
    /// Source address of its provider, such as `registry.terraform.io/hashicorp/null`.
    pub provider_address: String,
    /// Its type, such as `null_resource`.
    pub type_name: String,
    /// The version of the schema its state was stored under.
    pub schema_version: i64,
    /// The state as the state file has it.
    pub state: serde_json::Value,
}

/// A [`PluginResource`] behind bytes: states are msgpack in and out, private data is opaque.
#[async_trait]
pub(crate) trait ErasedResource: Send + Sync {
    fn schema(&self, diags: &mut Diagnostics) -> Option<Schema>;
    fn write_only(&self) -> Vec<AttributePath>;
    /// Decodes the bytes into the state type; on failure an error in `diags` names the attribute.
    fn check(&self, diags: &mut Diagnostics, state: &[u8]) -> Option<()>;
    /// Returns `true` when the bytes decode into the state type.
    fn fits(&self, state: &[u8]) -> bool;
    async fn validate(&self, diags: &mut Diagnostics, config: &[u8]) -> Option<()>;
    async fn read(&self, diags: &mut Diagnostics, call: &Call) -> Option<(Bytes, Bytes)>;
    async fn plan(&self, diags: &mut Diagnostics, call: &Call) -> Option<Planned>;
    async fn apply(&self, diags: &mut Diagnostics, call: &Call) -> Option<(Bytes, Bytes)>;
    async fn import(&self, diags: &mut Diagnostics, id: String) -> Option<(Bytes, Bytes)>;
    async fn upgrade_state(
        &self,
        diags: &mut Diagnostics,
        version: i64,
        state: serde_json::Value,
    ) -> Option<serde_json::Value>;
    async fn move_state(&self, diags: &mut Diagnostics, from: MovedFrom) -> Option<serde_json::Value>;
}

/// The values of a read, plan or apply; which are set depends on the call.
#[derive(Default)]
pub(crate) struct Call {
    /// The state before; null in a creation.
    pub(crate) prior: Bytes,
    /// The new state: proposed in a plan, planned in an apply; null in a destruction.
    pub(crate) next: Bytes,
    pub(crate) config: Bytes,
    pub(crate) private: Bytes,
    pub(crate) provider_meta: Bytes,
}

/// The answer of a plan.
pub(crate) struct Planned {
    pub(crate) state: Bytes,
    pub(crate) private: Bytes,
    pub(crate) requires_replace: Vec<AttributePath>,
}

pub(crate) struct TypedResource<R>(pub(crate) R);

fn state_fits<R: Resource>(bytes: &[u8]) -> bool {
    rmp_serde::from_slice::<R::State<'_>>(bytes).is_ok()
}

fn private_fits<R: Resource>(bytes: &[u8]) -> bool {
    rmp_serde::from_slice::<R::PrivateState<'_>>(bytes).is_ok()
}

fn meta_fits<R: Resource>(bytes: &[u8]) -> bool {
    rmp_serde::from_slice::<R::ProviderMetaState<'_>>(bytes).is_ok()
}

fn state<'a, R: Resource>(diags: &mut Diagnostics, bytes: &'a [u8]) -> Option<R::State<'a>> {
    codec::decode(diags, bytes, state_fits::<R>)
}

fn private<'a, R: Resource>(diags: &mut Diagnostics, bytes: &'a [u8]) -> Option<R::PrivateState<'a>> {
    codec::decode(diags, codec::or_null(bytes), private_fits::<R>)
}

fn meta<'a, R: Resource>(diags: &mut Diagnostics, bytes: &'a [u8]) -> Option<R::ProviderMetaState<'a>> {
    codec::decode(diags, codec::or_null(bytes), meta_fits::<R>)
}

#[async_trait]
impl<R: PluginResource> ErasedResource for TypedResource<R> {
    fn schema(&self, diags: &mut Diagnostics) -> Option<Schema> {
        self.0.schema(diags)
    }

    fn write_only(&self) -> Vec<AttributePath> {
        self.0.write_only()
    }

    fn check(&self, diags: &mut Diagnostics, bytes: &[u8]) -> Option<()> {
        state::<R>(diags, bytes).map(drop)
    }

    fn fits(&self, bytes: &[u8]) -> bool {
        state_fits::<R>(bytes)
    }

    async fn validate(&self, diags: &mut Diagnostics, config: &[u8]) -> Option<()> {
        let config = state::<R>(diags, config)?;
        self.0.validate(diags, config).await
    }

    async fn read(&self, diags: &mut Diagnostics, call: &Call) -> Option<(Bytes, Bytes)> {
        let prior = state::<R>(diags, &call.prior)?;
        let prior_private = private::<R>(diags, &call.private)?;
        let provider_meta = meta::<R>(diags, &call.provider_meta)?;
        let (state, private) = self.0.read(diags, prior, prior_private, provider_meta).await?;
        Some((codec::encode(diags, &state)?, codec::encode(diags, &private)?))
    }

    async fn plan(&self, diags: &mut Diagnostics, call: &Call) -> Option<Planned> {
        let provider_meta = meta::<R>(diags, &call.provider_meta)?;
        if codec::is_null(&call.next) {
            let prior = state::<R>(diags, &call.prior)?;
            let prior_private = private::<R>(diags, &call.private)?;
            let private = self.0.plan_destroy(diags, prior, prior_private, provider_meta).await?;
            let private = codec::encode(diags, &private)?;
            return Some(Planned {
                state: codec::null(),
                private,
                requires_replace: Vec::new(),
            });
        }
        let proposed = state::<R>(diags, &call.next)?;
        let config = state::<R>(diags, &call.config)?;
        let (state, private, requires_replace) = if codec::is_null(&call.prior) {
            let (state, private) = self.0.plan_create(diags, proposed, config, provider_meta).await?;
            (state, private, Vec::new())
        } else {
            let prior = state::<R>(diags, &call.prior)?;
            let prior_private = private::<R>(diags, &call.private)?;
            self.0
                .plan_update(diags, prior, proposed, config, prior_private, provider_meta)
                .await?
        };
        Some(Planned {
            state: codec::encode(diags, &state)?,
            private: codec::encode(diags, &private)?,
            requires_replace,
        })
    }

    async fn apply(&self, diags: &mut Diagnostics, call: &Call) -> Option<(Bytes, Bytes)> {
        let planned_private = private::<R>(diags, &call.private)?;
        let provider_meta = meta::<R>(diags, &call.provider_meta)?;
        if codec::is_null(&call.next) {
            let prior = state::<R>(diags, &call.prior)?;
            self.0.destroy(diags, prior, planned_private, provider_meta).await?;
            return Some((codec::null(), Bytes::new()));
        }
        let planned = state::<R>(diags, &call.next)?;
        let config = state::<R>(diags, &call.config)?;
        let (state, private) = if codec::is_null(&call.prior) {
            self.0
                .create(diags, planned, config, planned_private, provider_meta)
                .await?
        } else {
            let prior = state::<R>(diags, &call.prior)?;
            self.0
                .update(diags, prior, planned, config, planned_private, provider_meta)
                .await?
        };
        Some((codec::encode(diags, &state)?, codec::encode(diags, &private)?))
    }

    async fn import(&self, diags: &mut Diagnostics, id: String) -> Option<(Bytes, Bytes)> {
        let (state, private) = self.0.import(diags, id).await?;
        Some((codec::encode(diags, &state)?, codec::encode(diags, &private)?))
    }

    async fn upgrade_state(
        &self,
        diags: &mut Diagnostics,
        version: i64,
        state: serde_json::Value,
    ) -> Option<serde_json::Value> {
        self.0.upgrade_state(diags, version, state).await
    }

    async fn move_state(&self, diags: &mut Diagnostics, from: MovedFrom) -> Option<serde_json::Value> {
        self.0.move_state(diags, from).await
    }
}
