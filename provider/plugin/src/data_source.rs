//! Data sources behind bytes.

use async_trait::async_trait;
use prost::bytes::Bytes;
use tf_provider::schema::Schema;
use tf_provider::{DataSource, Diagnostics};

use super::codec;

/// A `tf_provider::DataSource` behind bytes.
#[async_trait]
pub(crate) trait ErasedDataSource: Send + Sync {
    fn schema(&self, diags: &mut Diagnostics) -> Option<Schema>;
    /// Returns `true` when the bytes decode into the state type.
    fn fits(&self, config: &[u8]) -> bool;
    async fn validate(&self, diags: &mut Diagnostics, config: &[u8]) -> Option<()>;
    async fn read(&self, diags: &mut Diagnostics, config: &[u8], provider_meta: &[u8]) -> Option<Bytes>;
}

pub(crate) struct TypedDataSource<D>(pub(crate) D);

fn state_fits<D: DataSource>(bytes: &[u8]) -> bool {
    rmp_serde::from_slice::<D::State<'_>>(bytes).is_ok()
}

fn meta_fits<D: DataSource>(bytes: &[u8]) -> bool {
    rmp_serde::from_slice::<D::ProviderMetaState<'_>>(bytes).is_ok()
}

#[async_trait]
impl<D: DataSource> ErasedDataSource for TypedDataSource<D> {
    fn schema(&self, diags: &mut Diagnostics) -> Option<Schema> {
        self.0.schema(diags)
    }

    fn fits(&self, config: &[u8]) -> bool {
        state_fits::<D>(config)
    }

    async fn validate(&self, diags: &mut Diagnostics, config: &[u8]) -> Option<()> {
        let config = codec::decode(diags, config, state_fits::<D>)?;
        self.0.validate(diags, config).await
    }

    async fn read(&self, diags: &mut Diagnostics, config: &[u8], provider_meta: &[u8]) -> Option<Bytes> {
        let config = codec::decode(diags, config, state_fits::<D>)?;
        let provider_meta = codec::decode(diags, codec::or_null(provider_meta), meta_fits::<D>)?;
        let state = self.0.read(diags, config, provider_meta).await?;
        codec::encode(diags, &state)
    }
}
