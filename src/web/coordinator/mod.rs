//! What a coordinator does: enters visits, corrects results.

mod entry; // the boxes of a measure, from the catalogue
pub mod reading;
pub mod visit;
