//! Charts: pure functions from plain values to SVG text. Drawn at their width in CSS pixels, so that 12 px stays 12 px; colours are
//! classes of the style sheet (no inline style, S-101). Every page shows a table with the same content beside a chart.

mod draw;
mod scale;
mod words;

pub mod bars; // risk: contributions as a waterfall, the interval as a bar
pub mod calibration; // what came against what was predicted
pub mod forest; // ratios with intervals
pub mod heralds; // what announced relapses
pub mod kept; // what came beside what was promised
pub mod km; // survival and incidence curves
pub mod lines; // any lines on two axes
pub mod sheet; // charts as a picture that stands alone
pub mod spark; // three years of burden in a row of the triage list
pub mod timeline; // all measures of one patient on one axis

#[cfg(test)]
mod checks;
