//! Routes, forms, pages. A handler takes typed input, calls one action, returns a page or a redirect.

pub mod administrator;
pub mod analyst;
pub mod assets;
pub mod chart;
pub mod clinician;
pub mod coordinator;
pub mod error;
pub mod field;
pub mod filters;
pub mod form;
pub mod frame;
pub mod guard;
pub mod health;
pub mod pager;
pub mod routes;
pub mod serve;
pub mod session;
pub mod shared;
pub mod shell;
pub mod write;

pub use error::Error;

pub type Result<T> = std::result::Result<T, Error>;
