//! From readings to where the burden is: a hidden Markov filter on a lattice of log burden, pace of growth and shedding, with three
//! regimes (cleared, silent, growing). Each step of time costs the same whatever the number of readings; each reading costs one pass over
//! the lattice. Rabiner, Proc IEEE 1989;77:257; on a grid for state space: Kitagawa, J Am Stat Assoc 1987;82:1032.

mod counts;
mod engine;
mod era;
mod evidence;
mod follow;
mod forecast;
mod lattice;
mod message;
mod moves;
mod read_out;
mod smooth;
mod surprise;
#[cfg(test)]
pub(crate) mod tests;
mod wide;

pub use counts::{at_least, below_two, given, log_count, log_found, log_ways};
pub use engine::{Engine, LEVELS, before, cells_grown, level, level_node, read_before};
pub use evidence::{Likelihood, Own};
pub use follow::{Follow, Heard, step_of};
pub use forecast::scans;
pub use lattice::Lattice;
pub use message::{Course, Message, NODES, place};
pub use smooth::{End, Visitor};
