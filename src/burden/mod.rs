//! Burden: what is there. From a history to its ctDNA series, the sparkline, one line of state and the last reading in words.
//! It says nothing of what may come; that is `risk`.

pub mod case;
pub mod filter;
pub mod lesions;
pub mod line;
pub mod population;
mod record;
pub mod series;
mod spark;
mod state;
mod watch;
pub mod words;

#[cfg(test)]
pub(crate) mod tests;

pub use case::Case;
pub use filter::{Engine, Follow};
pub use line::{Band, Line, Regimes, Slip, Surprise};
pub use population::Population;
pub use record::{MOLECULES_AT_LIMIT, Names};
pub use series::{Against, Series};
pub use spark::{Mark, Spark, spark};
pub use state::{last_reading, state};
pub use watch::{Ended, STILL_WATCHED_DAYS};
