//! Sample size and power.
