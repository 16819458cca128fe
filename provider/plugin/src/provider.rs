//! The declaration of a provider.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use async_trait::async_trait;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tf_provider::schema::Schema;
use tf_provider::{DataSource, Diagnostics, Function};

use super::codec;
use super::data_source::{ErasedDataSource, TypedDataSource};
use super::ephemeral::{EphemeralResource, ErasedEphemeralResource, TypedEphemeralResource};
use super::function::{ErasedFunction, TypedFunction};
use super::resource::{ErasedResource, PluginResource, TypedResource};

/// A Terraform provider: its own configuration, and what it offers.
#[async_trait]
pub trait PluginProvider: Send + Sync + 'static {
    /// The provider block. Every field is a [`tf_provider::value::Value`], because any of them can be unknown.
    type Config: Serialize + DeserializeOwned + Send;

    /// The schema of the provider block. `None` must come with an error in `diags`.
    fn schema(&self, diags: &mut Diagnostics) -> Option<Schema>;

    /// Looks at the provider block alone, without reaching out. Called by `terraform validate`, `plan` and `apply`.
    async fn validate(&self, diags: &mut Diagnostics, config: Self::Config) -> Option<()> {
        _ = (diags, config);
        Some(())
    }

    /// Makes the provider ready to work; called once before the first read, plan or apply.
    ///
    /// `terraform_version` is the client's own version, such as `1.11.4`. Values can still be unknown during a plan:
    /// then leave the [`Configured`] handle empty, and the resources that need it say so.
    async fn configure(&self, diags: &mut Diagnostics, terraform_version: &str, config: Self::Config) -> Option<()>;

    /// Names everything the provider offers; called once, before the first request.
    fn register(&self, registry: &mut Registry);
}

/// The resources, data sources and functions of a provider, by type name.
#[derive(Default)]
pub struct Registry {
    pub(crate) resources: BTreeMap<String, Box<dyn ErasedResource>>,
    pub(crate) data_sources: BTreeMap<String, Box<dyn ErasedDataSource>>,
    pub(crate) functions: BTreeMap<String, Box<dyn ErasedFunction>>,
    pub(crate) ephemeral_resources: BTreeMap<String, Box<dyn ErasedEphemeralResource>>,
}

impl Registry {
    /// Adds a resource under its whole type name, such as `example_thing`. The last one of a name wins.
    pub fn resource<R: PluginResource + 'static>(&mut self, type_name: impl Into<String>, resource: R) -> &mut Self {
        self.resources
            .insert(type_name.into(), Box::new(TypedResource(resource)));
        self
    }

    /// Adds a data source under its whole type name.
    pub fn data_source<D: DataSource + 'static>(&mut self, type_name: impl Into<String>, source: D) -> &mut Self {
        self.data_sources
            .insert(type_name.into(), Box::new(TypedDataSource(source)));
        self
    }

    /// Adds a function under its name, without the provider's: `provider::example::NAME`.
    ///
    /// The function's `Input` is a struct or a tuple with one member for each parameter. The arguments of a variadic
    /// parameter come as one list in the last member; a function without any other parameter takes that list itself
    /// as its `Input`.
    pub fn function<F: Function + 'static>(&mut self, name: impl Into<String>, function: F) -> &mut Self {
        self.functions.insert(name.into(), Box::new(TypedFunction(function)));
        self
    }

    /// Adds an ephemeral resource under its whole type name.
    pub fn ephemeral_resource<E: EphemeralResource + 'static>(
        &mut self,
        type_name: impl Into<String>,
        resource: E,
    ) -> &mut Self {
        self.ephemeral_resources
            .insert(type_name.into(), Box::new(TypedEphemeralResource(resource)));
        self
    }
}

/// A place that is empty until the provider is configured, shared between the provider and its resources.
///
/// The provider keeps one, fills it in [`PluginProvider::configure`], and hands clones to what it registers.
pub struct Configured<T> {
    slot: Arc<RwLock<Option<Arc<T>>>>,
}

impl<T> Configured<T> {
    /// An empty place.
    pub fn new() -> Self {
        Self {
            slot: Arc::new(RwLock::new(None)),
        }
    }

    /// Fills the place; what was there before stays alive with those who hold it.
    pub fn set(&self, value: T) {
        *self.slot.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(value));
    }

    /// The configured value, or `None` before the provider is configured.
    pub fn peek(&self) -> Option<Arc<T>> {
        self.slot.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The configured value.
    ///
    /// While there is nothing, answers `None` and adds the error that the provider's configuration depends on values
    /// that are not known yet.
    pub fn get(&self, diags: &mut Diagnostics) -> Option<Arc<T>> {
        let configured = self.peek();
        if configured.is_none() {
            diags.root_error(
                "Provider is not configured",
                "The provider block depends on values that are known only after apply. \
                 Apply what gives those values first (terraform apply -target=...), or use values known during plan.",
            );
        }
        configured
    }
}

impl<T> Clone for Configured<T> {
    fn clone(&self) -> Self {
        Self {
            slot: Arc::clone(&self.slot),
        }
    }
}

impl<T> Default for Configured<T> {
    fn default() -> Self {
        Self::new()
    }
}

/// A [`PluginProvider`] behind bytes.
#[async_trait]
pub(crate) trait ErasedProvider: Send + Sync {
    fn schema(&self, diags: &mut Diagnostics) -> Option<Schema>;
    /// Returns `true` when the bytes decode into the configuration.
    fn fits(&self, config: &[u8]) -> bool;
    async fn validate(&self, diags: &mut Diagnostics, config: &[u8]) -> Option<()>;
    async fn configure(&self, diags: &mut Diagnostics, terraform_version: &str, config: &[u8]) -> Option<()>;
}

#[async_trait]
impl<P: PluginProvider> ErasedProvider for P {
    fn schema(&self, diags: &mut Diagnostics) -> Option<Schema> {
        PluginProvider::schema(self, diags)
    }

    fn fits(&self, config: &[u8]) -> bool {
        codec::fits::<P::Config>(config)
    }

    async fn validate(&self, diags: &mut Diagnostics, config: &[u8]) -> Option<()> {
        let config = codec::decode(diags, config, codec::fits::<P::Config>)?;
        PluginProvider::validate(self, diags, config).await
    }

    async fn configure(&self, diags: &mut Diagnostics, terraform_version: &str, config: &[u8]) -> Option<()> {
        let config = codec::decode(diags, config, codec::fits::<P::Config>)?;
        PluginProvider::configure(self, diags, terraform_version, config).await
    }
}
