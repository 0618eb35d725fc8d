//! `metwatch stats design`: how many events and patients a trial of two groups needs, or what chance a given number has.

use metwatch::survival::trial_design::{
    Hazards, Level, MeanTimes, Method, Proportions, Recruitment, Variance, exponential_mean,
};
use serde::Serialize;

use super::page::{Grid, figure, plain};
use super::times;

#[derive(clap::Subcommand)]
pub enum Command {
    /// The log-rank test: events from the hazard ratio, patients from the course of the trial
    Logrank(Logrank),
    /// Two proportions
    Proportions(TwoProportions),
    /// The difference of two restricted mean times
    Rmst(Means),
}

#[derive(clap::Args)]
struct Common {
    /// Of a false positive
    #[arg(long, default_value_t = 0.05, value_parser = times::share)]
    alpha: f64,
    /// Allow it on one side only
    #[arg(long)]
    one_sided: bool,
    /// The chance to find what is there
    #[arg(long, default_value_t = 0.8, value_parser = times::share)]
    power: f64,
    /// The share of the patients in the experimental group
    #[arg(long, default_value_t = 0.5, value_parser = times::share)]
    share: f64,
    /// Print the answer as JSON
    #[arg(long)]
    json: bool,
}

impl Common {
    fn level(&self) -> Level {
        if self.one_sided {
            Level::OneSided(self.alpha)
        } else {
            Level::TwoSided(self.alpha)
        }
    }
}

#[derive(clap::Args)]
pub struct Logrank {
    #[command(flatten)]
    common: Common,
    /// Experimental over control
    #[arg(long, value_parser = times::number)]
    hazard_ratio: f64,
    /// The power of so many events, in place of the number for --power
    #[arg(long, value_parser = times::number)]
    events: Option<f64>,
    /// Count events by Freedman's formula, not Schoenfeld's
    #[arg(long)]
    freedman: bool,
    /// The control group's hazard (a constant): patients are counted too
    #[arg(long, value_parser = times::number)]
    control_hazard: Option<f64>,
    /// How long patients come in
    #[arg(long, default_value_t = 0.0, value_parser = times::time)]
    accrual: f64,
    /// How long the last one is watched
    #[arg(long, default_value_t = 0.0, value_parser = times::time)]
    follow_up: f64,
    /// The hazard of dropping out
    #[arg(long, default_value_t = 0.0, value_parser = times::time)]
    dropout: f64,
}

#[derive(clap::Args)]
pub struct TwoProportions {
    #[command(flatten)]
    common: Common,
    #[arg(long, value_parser = times::share)]
    control: f64,
    #[arg(long, value_parser = times::share)]
    experimental: f64,
    /// The power of so many patients, in place of the number for --power
    #[arg(long, value_parser = times::number)]
    patients: Option<f64>,
    /// The variance of each group's own, not of one common proportion
    #[arg(long)]
    unpooled: bool,
    /// For the test with a continuity correction
    #[arg(long)]
    continuity: bool,
}

#[derive(clap::Args)]
pub struct Means {
    #[command(flatten)]
    common: Common,
    /// The horizon
    #[arg(long, value_parser = times::time)]
    tau: f64,
    /// The control group's hazard (a constant)
    #[arg(long, value_parser = times::number)]
    control_hazard: f64,
    /// The experimental group's
    #[arg(long, value_parser = times::number)]
    experimental_hazard: f64,
    /// The power of so many patients, in place of the number for --power
    #[arg(long, value_parser = times::number)]
    patients: Option<f64>,
}

/// Events and patients are of both groups together, and not rounded.
#[derive(Default, Serialize)]
struct Answer {
    design: &'static str,
    version: &'static str,
    alpha: f64,
    sides: u8,
    power: f64,
    share: f64,
    events: Option<f64>,
    patients: Option<f64>,
    /// The share of all patients who have the event.
    event_share: Option<f64>,
    difference: Option<f64>,
}

impl Command {
    pub fn run(&self) -> anyhow::Result<()> {
        let (common, answer) = match self {
            Command::Logrank(given) => (&given.common, given.answer()?),
            Command::Proportions(given) => (&given.common, given.answer()?),
            Command::Rmst(given) => (&given.common, given.answer()?),
        };
        if common.json {
            println!("{}", serde_json::to_string(&answer)?);
            return Ok(());
        }
        let sides = if common.one_sided { "one side" } else { "two sides" };
        let mut grid = Grid::new(&[answer.design, ""]);
        grid.row(vec![format!("alpha, {sides}"), plain(answer.alpha)]);
        grid.row(vec!["power".to_owned(), format!("{:.4}", answer.power)]);
        for (name, value) in [("events", answer.events), ("patients", answer.patients)] {
            if let Some(value) = value {
                grid.row(vec![format!("{name}, both groups"), format!("{:.0}", value.ceil())]);
                grid.row(vec!["  before rounding".to_owned(), figure(value)]);
            }
        }
        if let Some(share) = answer.event_share {
            grid.row(vec!["share with the event".to_owned(), figure(share)]);
        }
        if let Some(difference) = answer.difference {
            grid.row(vec!["difference to be found".to_owned(), figure(difference)]);
        }
        print!("{}", grid.show());
        Ok(())
    }
}

fn start(design: &'static str, common: &Common) -> Answer {
    Answer {
        design,
        version: env!("CARGO_PKG_VERSION"),
        alpha: common.alpha,
        sides: if common.one_sided { 1 } else { 2 },
        power: common.power,
        share: common.share,
        ..Answer::default()
    }
}

impl Logrank {
    fn answer(&self) -> anyhow::Result<Answer> {
        let mut answer = start("log-rank test", &self.common);
        let trial = Hazards {
            ratio: self.hazard_ratio,
            share: self.common.share,
            method: if self.freedman {
                Method::Freedman
            } else {
                Method::Schoenfeld
            },
        };
        let level = self.common.level();
        let events = match self.events {
            None => trial.events(level, self.common.power)?,
            Some(events) => {
                answer.power = trial.power(level, events)?;
                events
            }
        };
        answer.events = Some(events);
        if let Some(hazard) = self.control_hazard {
            let course = Recruitment {
                accrual: self.accrual,
                follow_up: self.follow_up,
                dropout: self.dropout,
            };
            let share = trial.event_share(hazard, course)?;
            answer.event_share = Some(share);
            answer.patients = Some(events / share);
        }
        Ok(answer)
    }
}

impl TwoProportions {
    fn answer(&self) -> anyhow::Result<Answer> {
        let mut answer = start("two proportions", &self.common);
        let trial = Proportions {
            control: self.control,
            experimental: self.experimental,
            share: self.common.share,
            variance: if self.unpooled {
                Variance::Unpooled
            } else {
                Variance::Pooled
            },
            continuity: self.continuity,
        };
        let level = self.common.level();
        answer.difference = Some(self.experimental - self.control);
        match self.patients {
            None => answer.patients = Some(trial.patients(level, self.common.power)?),
            Some(patients) => {
                answer.power = trial.power(level, patients)?;
                answer.patients = Some(patients);
            }
        }
        Ok(answer)
    }
}

impl Means {
    fn answer(&self) -> anyhow::Result<Answer> {
        let mut answer = start("restricted means", &self.common);
        let control = exponential_mean(self.control_hazard, self.tau)?;
        let experimental = exponential_mean(self.experimental_hazard, self.tau)?;
        let trial = MeanTimes {
            difference: experimental.mean - control.mean,
            deviation: [control.se, experimental.se],
            share: self.common.share,
        };
        answer.difference = Some(trial.difference);
        let level = self.common.level();
        match self.patients {
            None => answer.patients = Some(trial.patients(level, self.common.power)?),
            Some(patients) => {
                answer.power = trial.power(level, patients)?;
                answer.patients = Some(patients);
            }
        }
        Ok(answer)
    }
}
