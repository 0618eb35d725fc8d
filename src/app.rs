//! The shared state.
