//! Partial updates: what is not set is not sent, and stays as it is.

macro_rules! changes {
    ($(#[$about:meta])* $name:ident {
        $($(#[doc = $doc:literal])* $(#[serde($($serde:tt)*)])* $field:ident: $type:ty = $argument:ty,)*
    }) => {
        $(#[$about])*
        ///
        /// Members that are not set stay as they are.
        #[derive(Debug, Default, serde::Serialize)]
        pub struct $name {
            $(#[serde(skip_serializing_if = "Option::is_none")] $(#[serde($($serde)*)])* $field: Option<$type>,)*
        }

        impl $name {
            /// Changes nothing yet.
            pub fn new() -> Self {
                Self::default()
            }

            /// Returns `true` when no member is set.
            pub fn is_empty(&self) -> bool {
                true $(&& self.$field.is_none())*
            }

            $($(#[doc = $doc])*
            #[must_use]
            pub fn $field(mut self, value: $argument) -> Self {
                self.$field = Some(value.into());
                self
            })*
        }
    };
}
pub(super) use changes;
