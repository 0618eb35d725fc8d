//! burden
