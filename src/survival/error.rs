//! What can be wrong with data or settings, each with the number that is wrong.

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("there are no subjects")]
    Empty,
    #[error("{records} rows of covariates but {targets} of follow-up")]
    Lengths { records: usize, targets: usize },
    #[error("a row of {given} numbers where the model has {expected}")]
    Width { given: usize, expected: usize },
    #[error("row {row}, column {column} is not a finite number")]
    NotFinite { row: usize, column: usize },
    #[error("{0} is not a time")]
    NotATime(f64),
    #[error("the time {0} is negative")]
    NegativeTime(f64),
    #[error("follow-up ends at {exit}, not after its start at {entry}")]
    NoTimeAtRisk { entry: f64, exit: f64 },
    #[error("row {row} has the weight {weight}; weights are finite and above 0")]
    Weight { row: usize, weight: f64 },
    #[error("no events of the kind that is modelled")]
    NoEvents,
    #[error("{name} can't be {value}")]
    Parameter { name: &'static str, value: f64 },
    #[error("no maximum after {iterations} steps: the coefficient of column {column} runs away or can't be told apart")]
    NotConverged { iterations: usize, column: usize },
    #[error("{columns} columns without a penalty can't be told apart by {rows} subjects")]
    Unpenalised { columns: usize, rows: usize },
    #[error("a comparison needs two groups or more, each with somebody at risk; there are {0}")]
    Groups(usize),
    #[error("the time {asked} lies beyond the follow-up of the data, which ends at {followed}")]
    BeyondFollowUp { asked: f64, followed: f64 },
    #[error(transparent)]
    Linfa(#[from] linfa::Error),
}
