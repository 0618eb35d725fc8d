//! One integration binary: one link, shared support.
#![expect(clippy::unwrap_used, reason = "a test that can't go on should stop where it stands")]

mod access;
mod analyst;
mod arrows;
mod audit;
mod bad_inputs;
mod browser;
mod catalogue;
mod clinician;
mod coordinator;
mod hardening;
mod import;
mod ledger;
mod lifecycle;
mod nightly;
mod scores;
mod simulate;
mod stats;
mod study;
mod support;
mod walls;
