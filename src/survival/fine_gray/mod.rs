//! Fine and Gray's model of a cumulative incidence.
