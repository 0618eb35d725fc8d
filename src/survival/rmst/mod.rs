//! Restricted mean survival time and its difference between groups.
