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
    #[error("row {row} comes under observation at {entry}; everybody must be watched from the origin here")]
    DelayedEntry { row: usize, entry: f64 },
    #[error("row {row} starts at {time}, before an earlier row of its subject has ended")]
    Overlap { row: usize, time: f64 },
    #[error("the model has {0} strata, each with its own baseline; say which is meant")]
    Stratified(usize),
    #[error("{events} events at one time among {at_risk} at risk are more draws than can be summed; take Efron's rule")]
    TiesBeyondExact { events: usize, at_risk: usize },
    #[error("row {row} names the state {state}, and there are {states}, counted from 0")]
    State { row: usize, state: usize, states: usize },
    #[error("nobody in the data that give the censoring weights could still be watched at {0}")]
    NoWeight(f64),
    #[error("column {column} has {values} different values, too few for what needs {needed}")]
    TooFewValues {
        column: usize,
        values: usize,
        needed: usize,
    },
    #[error("row {row}: {value} has no power and no logarithm; values above {above} have")]
    OutOfScale { row: usize, value: f64, above: f64 },
    #[error("nobody is observed through the interval that ends at {end}")]
    NobodyAtRisk { end: f64 },
    #[error("everybody at risk falls in the interval that ends at {end}: nobody is left to compare causes with")]
    EverybodyFalls { end: f64 },
    #[error("row {row}: the time {time} has no logarithm")]
    NoLogarithm { row: usize, time: f64 },
    #[error("row {row}: an event after {after} and not after {until} is none")]
    EmptyInterval { row: usize, after: f64, until: f64 },
    #[error("no maximum after {iterations} steps: {term} runs away or can't be told apart")]
    Runaway { iterations: usize, term: String },
    #[error("the exact rule for events at one time is not to be had here; take Efron's or Breslow's")]
    ExactTies,
    #[error(transparent)]
    Linfa(#[from] linfa::Error),
}
