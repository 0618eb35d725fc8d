//! What a night decided about its model, with the figures it decided on.

/// Which model a night has, and how it came by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Decided {
    /// Its own.
    Publish,
    /// Its own, level and slope corrected by what came.
    Recalibrate,
    /// The last good one, if there is one: its own was not good enough.
    Hold,
    /// The one on show: its own says the same.
    Stays,
    /// The last good one, if there is one: none could be fitted.
    Unfitted,
}

impl Decided {
    const ALL: [Decided; 5] = [
        Decided::Publish,
        Decided::Recalibrate,
        Decided::Hold,
        Decided::Stays,
        Decided::Unfitted,
    ];

    pub fn code(self) -> &'static str {
        match self {
            Decided::Publish => "publish",
            Decided::Recalibrate => "recalibrate",
            Decided::Hold => "hold",
            Decided::Stays => "stays",
            Decided::Unfitted => "none",
        }
    }

    pub fn from_code(code: &str) -> Option<Decided> {
        Decided::ALL.into_iter().find(|decided| decided.code() == code)
    }
}

/// Of the night's own candidate, on landmarks that it had not seen, at the main horizon.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Figures {
    pub horizon_days: i32,
    pub auc: f64,
    pub scaled_brier: f64,
    pub observed_over_expected: f64,
    /// `None` where the predictions do not differ.
    pub slope: Option<f64>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    pub decided: Decided,
    /// A sentence.
    pub reason: String,
    /// How many the candidate learned from.
    pub patients: usize,
    /// Alerts per 100 patient-years, as set by then.
    pub budget: f64,
    /// Patients under watch for a first distant relapse on the night's day; `None` for nights of an earlier program.
    pub watched: Option<u64>,
    /// `None` where no candidate was fitted, or none reached the horizon.
    pub figures: Option<Figures>,
}
