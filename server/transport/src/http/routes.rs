//! The form in which an API states its routes.

/// Makes the table of an API's routes: method, path, access and handler of each, its summary, and what else there is to
/// say of it by the methods of `Route`. The API gives `route`, the function, and `access!`, the macro.
#[macro_export]
macro_rules! routes {
    ($($method:ident $path:literal $access:ident $handler:path => $summary:literal $(: $($with:ident $what:tt)+)?;)*) => {
        &[$(
            route($crate::routes!(@name $method), $path, access!($access), $summary, || $crate::routes!(@serve $method $handler))
            $($(.$with $what)+)?,
        )*]
    };
    (@name ANY) => { "*" };
    (@name $method:ident) => { stringify!($method) };
    (@serve ANY $handler:path) => { axum::routing::any($handler) };
    (@serve $method:ident $handler:path) => { axum::routing::on(axum::routing::MethodFilter::$method, $handler) };
}
