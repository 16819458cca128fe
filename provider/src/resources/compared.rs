//! The differences between two objects, attribute by attribute.

use tf_provider::AttributePath;

/// The attributes of a resource that can differ between two objects.
pub(crate) trait Attribute: Copy + PartialEq + Send + Sync + 'static {
    /// Every attribute, in the order in which messages name them.
    const ALL: &'static [Self];

    /// Its name in configurations.
    fn name(self) -> &'static str;

    fn path(self) -> AttributePath {
        AttributePath::new(self.name())
    }
}

/// The part of an object that a configuration decides, in a form to compare.
pub(crate) trait Compared {
    type Attribute: Attribute;

    /// Returns `true` if both say the same about an attribute. An attribute that this one says nothing about does not differ.
    fn agrees(&self, there: &Self, attribute: Self::Attribute) -> bool;

    /// The value of an attribute, as it stands in a configuration.
    fn shown(&self, attribute: Self::Attribute) -> String;

    /// The attributes in which something other than this is there.
    fn differences(&self, there: &Self) -> Vec<Self::Attribute> {
        let all = Self::Attribute::ALL.iter().copied();
        all.filter(|attribute| !self.agrees(there, *attribute)).collect()
    }
}

/// Declares the [`Attribute`]s of a resource with their names.
macro_rules! attributes {
    ($(#[$about:meta])* $name:ident { $($variant:ident = $text:expr,)* }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum $name {
            $($variant,)*
        }

        impl $crate::resources::compared::Attribute for $name {
            const ALL: &'static [Self] = &[$(Self::$variant,)*];

            fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)*
                }
            }
        }
    };
}
pub(crate) use attributes;
