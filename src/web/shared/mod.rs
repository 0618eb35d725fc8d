//! Pages of more than one role.

pub mod centre;
pub mod model;
pub mod patients;
pub mod sign_in;
