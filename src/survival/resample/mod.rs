//! Bootstrap and cross-validation in which a subject is never on both sides.
