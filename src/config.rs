//! Settings.

#[derive(Clone, Debug, Default)]
pub struct Config {
    pub listen: String,
}
