//! Pages of more than one role.

pub mod centre;
pub mod flags;
pub mod kept;
pub mod model;
mod model_card;
mod model_history;
pub mod patients;
pub mod sign_in;
