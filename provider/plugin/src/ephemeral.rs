//! Ephemeral resources: values that exist during one run and are never stored (Terraform 1.10 and newer).

use async_trait::async_trait;
use prost::bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tf_provider::Diagnostics;
use tf_provider::schema::Schema;
use time::OffsetDateTime;

use super::codec;

/// A resource that is opened, perhaps renewed, and closed within one run of Terraform.
///
/// It is opened during the plan and again during the apply.
#[async_trait]
pub trait EphemeralResource: Send + Sync {
    /// The configuration and the result: one struct of the schema's shape.
    type State: Serialize + DeserializeOwned + Send;

    /// The data kept from opening to closing, in Terraform's memory only; `()` for none.
    type Private: Serialize + DeserializeOwned + Send;

    /// The schema of the ephemeral resource.
    fn schema(&self, diags: &mut Diagnostics) -> Option<Schema>;

    /// Looks at the configuration alone. Default: everything is valid.
    async fn validate(&self, diags: &mut Diagnostics, config: Self::State) -> Option<()> {
        _ = (diags, config);
        Some(())
    }

    /// Makes the value. The configuration is wholly known here; the result must be, too. `None` must come with an
    /// error in `diags`.
    async fn open(&self, diags: &mut Diagnostics, config: Self::State) -> Option<Opened<Self::State, Self::Private>>;

    /// Keeps the value alive; called when the time named in [`Opened::renew_at`] or [`Renewed::renew_at`] comes.
    /// Default: nothing to do, no further renewal.
    async fn renew(&self, diags: &mut Diagnostics, private: Self::Private) -> Option<Renewed<Self::Private>> {
        _ = diags;
        Some(Renewed {
            private,
            renew_at: None,
        })
    }

    /// Lets the value go, at the end of the run. Default: nothing to do.
    async fn close(&self, diags: &mut Diagnostics, private: Self::Private) -> Option<()> {
        _ = (diags, private);
        Some(())
    }
}

/// An opened ephemeral resource.
pub struct Opened<S, P> {
    /// The configuration with every computed attribute filled in.
    pub result: S,
    /// The data for renewing and closing.
    pub private: P,
    /// The time to call [`EphemeralResource::renew`]; `None` for never.
    pub renew_at: Option<OffsetDateTime>,
}

/// A renewed ephemeral resource.
pub struct Renewed<P> {
    /// The data for the next renewal and for closing.
    pub private: P,
    /// The time of the next renewal; `None` for never.
    pub renew_at: Option<OffsetDateTime>,
}

/// An [`EphemeralResource`] behind bytes.
#[async_trait]
pub(crate) trait ErasedEphemeralResource: Send + Sync {
    fn schema(&self, diags: &mut Diagnostics) -> Option<Schema>;
    /// Returns `true` when the bytes decode into the state type.
    fn fits(&self, config: &[u8]) -> bool;
    async fn validate(&self, diags: &mut Diagnostics, config: &[u8]) -> Option<()>;
    async fn open(&self, diags: &mut Diagnostics, config: &[u8]) -> Option<Opened<Bytes, Bytes>>;
    async fn renew(&self, diags: &mut Diagnostics, private: &[u8]) -> Option<Renewed<Bytes>>;
    async fn close(&self, diags: &mut Diagnostics, private: &[u8]) -> Option<()>;
}

pub(crate) struct TypedEphemeralResource<E>(pub(crate) E);

#[async_trait]
impl<E: EphemeralResource> ErasedEphemeralResource for TypedEphemeralResource<E> {
    fn schema(&self, diags: &mut Diagnostics) -> Option<Schema> {
        self.0.schema(diags)
    }

    fn fits(&self, config: &[u8]) -> bool {
        codec::fits::<E::State>(config)
    }

    async fn validate(&self, diags: &mut Diagnostics, config: &[u8]) -> Option<()> {
        let config = codec::decode(diags, config, codec::fits::<E::State>)?;
        self.0.validate(diags, config).await
    }

    async fn open(&self, diags: &mut Diagnostics, config: &[u8]) -> Option<Opened<Bytes, Bytes>> {
        let config = codec::decode(diags, config, codec::fits::<E::State>)?;
        let opened = self.0.open(diags, config).await?;
        Some(Opened {
            result: codec::encode(diags, &opened.result)?,
            private: codec::encode(diags, &opened.private)?,
            renew_at: opened.renew_at,
        })
    }

    async fn renew(&self, diags: &mut Diagnostics, private: &[u8]) -> Option<Renewed<Bytes>> {
        let private = codec::decode(diags, codec::or_null(private), codec::fits::<E::Private>)?;
        let renewed = self.0.renew(diags, private).await?;
        Some(Renewed {
            private: codec::encode(diags, &renewed.private)?,
            renew_at: renewed.renew_at,
        })
    }

    async fn close(&self, diags: &mut Diagnostics, private: &[u8]) -> Option<()> {
        let private = codec::decode(diags, codec::or_null(private), codec::fits::<E::Private>)?;
        self.0.close(diags, private).await
    }
}
