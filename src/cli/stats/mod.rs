//! `metwatch stats`: any CSV through any estimator. It needs no settings and no database.

mod data; // rows, follow-up, covariates
mod near; // spelling
mod output; // JSON, page, picture
mod page; // tables for people
mod plot; // curves for the charts
mod table; // the CSV file
mod times; // numbers on the command line

mod aft;
mod cif;
mod cox;
mod coxnet;
mod design;
mod discrete;
mod finegray;
mod km;
mod logrank;
mod rmst;
mod terms;
mod validate; // coefficients of regression models

use std::process::ExitCode;

/// Put a CSV file through an estimator
#[derive(clap::Subcommand)]
pub enum Command {
    /// Survival curves (Kaplan-Meier) and cumulative hazards (Nelson-Aalen), with quantiles and numbers at risk
    Km(km::Arguments),
    /// Compare groups: log-rank and its family, also stratified
    Logrank(logrank::Arguments),
    /// Mean time free of the event before a horizon, and how groups differ
    Rmst(rmst::Arguments),
    /// Proportional hazards: Efron, Breslow or exact ties, strata, weights, robust errors, delayed entry
    Cox(cox::Arguments),
    /// Lasso, elastic net and ridge of a Cox model: the whole path, and cross-validation
    Coxnet(coxnet::Arguments),
    /// Cumulative incidence with competing causes (Aalen-Johansen), and Gray's test
    Cif(cif::Arguments),
    /// Proportional hazards of the subdistribution, for one of several causes
    Finegray(finegray::Arguments),
    /// Accelerated failure time: five laws, also for values known only to an interval
    Aft(aft::Arguments),
    /// Hazards of intervals: logit or complementary log-log
    Discrete(discrete::Arguments),
    /// Hold predictions against what came: concordance, AUC, Brier, calibration, decision curves
    Validate(validate::Arguments),
    /// How many events and patients a trial of two groups needs
    #[command(subcommand)]
    Design(design::Command),
}

/// Errors name what is wrong with data or settings; nothing is printed before the whole answer is there.
pub fn run(command: &Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Km(arguments) => arguments.run(),
        Command::Logrank(arguments) => arguments.run(),
        Command::Rmst(arguments) => arguments.run(),
        Command::Cox(arguments) => arguments.run(),
        Command::Cif(arguments) => arguments.run(),
        Command::Coxnet(arguments) => arguments.run(),
        Command::Finegray(arguments) => arguments.run(),
        Command::Aft(arguments) => arguments.run(),
        Command::Discrete(arguments) => arguments.run(),
        Command::Validate(arguments) => arguments.run(),
        Command::Design(command) => command.run(),
    }?;
    Ok(ExitCode::SUCCESS)
}
