//! Pages of more than one role.

pub mod centre;
pub mod model;
mod model_card;
pub mod patients;
pub mod sign_in;
