//! From histories to scores and flags, each with its reasons. Risk is what may come; what is there is `burden`.

pub mod card;
pub mod flags;
pub mod gate;
pub mod landmark;
pub mod night;
pub mod rules;

#[cfg(test)]
mod tests;

pub use night::NightModel;
pub use rules::flags_for;

/// Why no model could be fitted.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Relapses of the patients fitted to: a study fits to halves of them as well.
    #[error("too few distant relapses to learn from: {events}, where a fit needs {needed}")]
    TooFewEvents { events: usize, needed: usize },
    #[error("a regression has no maximum")]
    Unfitted,
    #[error(transparent)]
    Flags(#[from] flags::Error),
    #[error(transparent)]
    Survival(#[from] crate::survival::Error),
}
