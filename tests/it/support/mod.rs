//! A private PostgreSQL server for the whole run, a database of its own for each test (cloned from one that is migrated
//! once), the application on it, and a browser-like client for each role.

mod client;
mod database;
mod world;

pub use client::{Client, Page};
pub use database::{Database, folder, server_url};
pub use world::{NORTH, SOUTH, TestApp, noon};
