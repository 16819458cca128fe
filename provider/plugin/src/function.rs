//! Functions behind bytes.

use async_trait::async_trait;
use prost::bytes::Bytes;
use tf_provider::schema::FunctionSchema;
use tf_provider::{Diagnostics, Function};

use super::{codec, configuration};

/// A `tf_provider::Function` behind bytes.
#[async_trait]
pub(crate) trait ErasedFunction: Send + Sync {
    fn schema(&self, diags: &mut Diagnostics) -> Option<FunctionSchema>;
    async fn call(&self, diags: &mut Diagnostics, arguments: Vec<Bytes>) -> Option<Bytes>;
}

pub(crate) struct TypedFunction<F>(pub(crate) F);

#[async_trait]
impl<F: Function> ErasedFunction for TypedFunction<F> {
    fn schema(&self, diags: &mut Diagnostics) -> Option<FunctionSchema> {
        self.0.schema(diags)
    }

    async fn call(&self, diags: &mut Diagnostics, arguments: Vec<Bytes>) -> Option<Bytes> {
        let schema = self.0.schema(diags)?;
        configuration::check_arguments(diags, &schema, &arguments);
        if !diags.errors.is_empty() {
            return None;
        }
        let input = pack(&schema, &arguments);
        let Ok(parameters) = rmp_serde::from_slice::<F::Input<'_>>(&input) else {
            blame::<F>(diags, &schema, &arguments);
            return None;
        };
        let output = self.0.call(diags, parameters).await?;
        codec::encode(diags, &output)
    }
}

/// The arguments as one msgpack array in the shape of `Function::Input`; see [`super::Registry::function`].
fn pack(schema: &FunctionSchema, arguments: &[Bytes]) -> Vec<u8> {
    let fixed = schema.parameters.len().min(arguments.len());
    let (fixed, variadic) = match (&schema.variadic, schema.parameters.is_empty()) {
        (Some(_), false) => (&arguments[..fixed], Some(&arguments[fixed..])),
        _ => (arguments, None),
    };
    let mut packed = codec::array(fixed.iter().map(Bytes::as_ref), usize::from(variadic.is_some()));
    if let Some(variadic) = variadic {
        packed.extend(codec::array(variadic.iter().map(Bytes::as_ref), 0));
    }
    packed
}

/// Says which argument could not be read: the one without which, or with null in its place, the rest can be.
fn blame<F: Function>(diags: &mut Diagnostics, schema: &FunctionSchema, arguments: &[Bytes]) {
    let guilty = (0..arguments.len()).find(|&index| {
        let mut others = arguments.to_vec();
        if index >= schema.parameters.len() {
            others.remove(index);
        } else {
            others[index] = codec::null();
        }
        rmp_serde::from_slice::<F::Input<'_>>(&pack(schema, &others)).is_ok()
    });
    let message = "the value does not fit what the function expects here";
    match guilty.and_then(|index| i64::try_from(index).ok()) {
        Some(index) => diags.function_error(index, message),
        None => diags.root_error_short("the arguments do not fit what the function expects"),
    }
}
