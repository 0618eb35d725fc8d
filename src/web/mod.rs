//! Routes, forms, pages: parse, call one action, show.

pub mod chart; // SVG drawn on the server, from plain values
pub mod field; // one row of a form
pub mod filters; // `write` for templates
pub mod pager; // where a long list stands
pub mod shell; // what every page shares
pub mod write; // how values are written
