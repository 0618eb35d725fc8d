//! A random survival forest.
