//! Progress on the terminal: a bar or a turning mark for each long step; plain lines where there is no terminal.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

/// One long step. It ends with `done`, which leaves a line with the time it took.
pub struct Step {
    bar: ProgressBar,
    what: String,
    begun: Instant,
}

impl Step {
    pub fn begin(what: &str) -> Step {
        let bar = if std::io::stderr().is_terminal() {
            ProgressBar::new_spinner()
        } else {
            ProgressBar::hidden()
        };
        bar.set_style(ProgressStyle::with_template("  {spinner} {msg}").expect("the template is a constant"));
        bar.set_message(what.to_owned());
        bar.enable_steady_tick(Duration::from_millis(100));
        Step {
            bar,
            what: what.to_owned(),
            begun: Instant::now(),
        }
    }

    /// From a turning mark to a bar, once the work's size is known; `at` moves it.
    pub fn at(&self, done: u64, of: u64) {
        if self.bar.length() != Some(of) {
            self.bar.set_length(of);
            let style = ProgressStyle::with_template("  {spinner} {msg} {wide_bar} {pos}/{len} {eta} left")
                .expect("the template is a constant");
            self.bar.set_style(style);
        }
        self.bar.set_position(done);
    }

    /// Other words for what is being done.
    pub fn say(&self, what: &str) {
        self.bar.set_message(what.to_owned());
    }

    pub fn done(self, result: &str) {
        self.bar.finish_and_clear();
        let seconds = self.begun.elapsed().as_secs_f64();
        let gap = if result.is_empty() { "" } else { ": " };
        eprintln!("  {}{gap}{result} ({seconds:.1} s)", self.what);
    }
}
