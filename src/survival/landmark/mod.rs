//! Landmark stacking and the landmark supermodel.
