//! Accelerated failure time.
