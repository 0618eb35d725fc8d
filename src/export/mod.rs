//! What leaves the registry: tidy CSV without identifiers, and the dictionary of its columns. One declaration of a column gives
//! its header, its cells and its entry in the dictionary.

pub mod cell;
pub mod column;
pub mod measurements;
pub mod patients;
pub mod pseudonym;
pub mod sheet;

pub use cell::Cell;
pub use column::{Column, dictionary};
pub use pseudonym::Pseudonyms;
pub use sheet::{Sealed, Sheet};

/// What one row is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    Patients,
    Measurements,
}

impl Shape {
    pub fn code(self) -> &'static str {
        match self {
            Shape::Patients => "patients",
            Shape::Measurements => "measurements",
        }
    }

    pub fn from_code(code: &str) -> Option<Shape> {
        [Shape::Patients, Shape::Measurements]
            .into_iter()
            .find(|shape| shape.code() == code)
    }
}
