//! Time since a landmark: what measures of predictions made at that moment are given.

use crate::survival::{Error, FollowUp};

/// The rows under observation and free of events at `landmark`, with their follow-up counted from there. Who is still free at the end
/// of the window stands beyond it, so that a censoring at its very end counts as free. Errors: `NotATime`, `Parameter` (a window that
/// is not above 0).
pub fn since(subjects: &[FollowUp], landmark: f64, window: f64) -> Result<Vec<(usize, FollowUp)>, Error> {
    if !landmark.is_finite() {
        return Err(Error::NotATime(landmark));
    }
    if !(window.is_finite() && window > 0.0) {
        return Err(Error::Parameter {
            name: "the length of a window",
            value: window,
        });
    }
    let here = |s: &&FollowUp| s.entry() <= landmark && s.exit() > landmark;
    (subjects.iter().enumerate())
        .filter(|(_, s)| here(s))
        .map(|(row, s)| {
            let end = landmark + window;
            let outlasts = s.exit() > end || (s.exit() == end && s.event() == 0);
            let counted = if outlasts {
                FollowUp::until(2.0 * window, 0)
            } else {
                FollowUp::until((s.exit() - landmark).min(window), s.event())
            };
            Ok((row, counted?))
        })
        .collect()
}
