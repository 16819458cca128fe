//! Help for the tests of a provider.
