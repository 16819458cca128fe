//! Handles: the operations of a client, grouped by what they are about.

/// Declares a handle, and the method of the client that returns it.
macro_rules! handle {
    ($(#[$about:meta])* $name:ident = $method:ident) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug)]
        pub struct $name<'a>(pub(crate) &'a Client);

        impl Client {
            $(#[$about])*
            pub fn $method(&self) -> $name<'_> {
                $name(self)
            }
        }
    };
}
pub(crate) use handle;
