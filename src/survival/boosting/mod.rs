//! Gradient boosting of the partial likelihood.
