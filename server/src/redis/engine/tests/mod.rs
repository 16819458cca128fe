//! Tests with a real engine.
