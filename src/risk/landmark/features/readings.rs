//! Columns of the readings: last values, time since, runs, slopes against the patient's own baseline.

use std::collections::BTreeMap;

use super::summary::{Count, Draw, Level, Readings};
use crate::burden::case::{Case, Day, Finding, What};

const TIME: [&str; 1] = ["years since day zero"];
const CTDNA: [&str; 14] = [
    "ctDNA draws",
    "ctDNA detections",
    "ctDNA detections in a row",
    "ctDNA non-detections in a row",
    "ctDNA last detected",
    "ctDNA last level",
    "ctDNA lower of last two",
    "ctDNA last molecules",
    "ctDNA highest level",
    "ctDNA slope",
    "ctDNA days since last",
    "ctDNA days since first detection",
    "ctDNA found before day zero",
    "ctDNA cleared after day zero",
];
const CTC: [&str; 5] = [
    "CTC draws",
    "CTC last",
    "CTC of a year",
    "CTC share positive",
    "CTC days since last",
];
const DTC: [&str; 4] = ["DTC draws", "DTC last", "DTC of all", "DTC days since last"];
const SCANS: [&str; 4] = [
    "scans",
    "scan last equivocal",
    "scans equivocal",
    "scan days since last",
];
const VISITS: [&str; 3] = [
    "days seen in a year",
    "days since last seen",
    "longest gap in two years",
];
/// Labels and columns that every schema has.
pub(super) const FIXED: [(&str, &[&str]); 6] = [
    ("time since day zero", &TIME),
    ("ctDNA", &CTDNA),
    ("CTC", &CTC),
    ("marrow DTC", &DTC),
    ("scans", &SCANS),
    ("pattern of visits", &VISITS),
];
/// Columns of each analyte.
pub(super) const MARKER: [&str; 6] = [
    "last",
    "above own baseline",
    "lower of last two above own baseline",
    "highest above own baseline",
    "slope",
    "days since last",
];
const YEAR: f64 = 365.25;
/// CTCs are told per tube of this size.
const TUBE_ML: f64 = 7.5;

/// The analytes that at least `least` cases have.
pub(super) fn analytes<'a>(cases: impl Iterator<Item = (&'a Case, Day)>, least: usize) -> Vec<String> {
    let mut count: BTreeMap<&str, usize> = BTreeMap::new();
    for (case, day) in cases {
        let mut own: Vec<&str> = (case.signals_on(day))
            .filter_map(|signal| match &signal.what {
                What::Marker { analyte, .. } => Some(&**analyte),
                _ => None,
            })
            .collect();
        own.sort_unstable();
        own.dedup();
        for analyte in own {
            *count.entry(analyte).or_default() += 1;
        }
    }
    let often = count.into_iter().filter(|(_, n)| *n >= least);
    often.map(|(name, _)| name.to_owned()).collect()
}

pub(super) fn fill(readings: &Readings, day: Day, out: &mut Vec<f64>) {
    out.push(f64::from(day) / YEAR);
    ctdna(&readings.draws, day, out);
    ctc(&readings.blood, day, out);
    dtc(&readings.marrow, day, out);
    scans(&readings.scans, day, out);
    visits(&readings.days, day, out);
    for levels in &readings.markers {
        marker(levels, day, out);
    }
}

fn flag(holds: bool) -> f64 {
    f64::from(u8::from(holds))
}

fn since(then: Option<Day>, day: Day) -> f64 {
    then.map_or(f64::NAN, |then| f64::from((day - then).max(0)).sqrt())
}

fn in_a_row<T>(items: &[T], holds: impl Fn(&T) -> bool) -> f64 {
    (items.iter().rev().take_while(|item| holds(item)).count() as f64).ln_1p()
}

fn ctdna(draws: &[Draw], day: Day, out: &mut Vec<f64>) {
    let after = &draws[draws.partition_point(|draw| draw.on <= 0)..];
    let before = &draws[..draws.len() - after.len()];
    let found = |draw: &&Draw| draw.detected;
    let detected: Vec<&Draw> = after.iter().filter(found).collect();
    let before_found = before
        .last()
        .map_or(f64::NAN, |_| flag(before.iter().any(|draw| draw.detected)));
    let Some(last) = after.last() else {
        out.extend([0.0, 0.0, 0.0, 0.0]);
        out.extend([f64::NAN; 8]);
        out.extend([before_found, f64::NAN]);
        return;
    };
    let two = &after[after.len().saturating_sub(2)..];
    let lower = two
        .iter()
        .map(|draw| if draw.detected { draw.level } else { f64::NEG_INFINITY })
        .fold(f64::INFINITY, f64::min);
    let highest = detected.iter().map(|draw| draw.level).fold(f64::NEG_INFINITY, f64::max);
    let slope = match detected[..] {
        [.., a, b] if b.on > a.on => {
            // shrunk towards 0 over short spans, where noise divided by few days is all there is
            (b.level - a.level) * YEAR / (f64::from(b.on - a.on) + 60.0)
        }
        _ => f64::NAN,
    };
    out.extend([
        (after.len() as f64).ln_1p(),
        (detected.len() as f64).ln_1p(),
        in_a_row(after, |draw| draw.detected),
        in_a_row(after, |draw| !draw.detected),
        flag(last.detected),
        if last.detected { last.level } else { f64::NAN },
        if lower.is_finite() { lower } else { f64::NAN },
        last.molecules.ln_1p(),
        if highest.is_finite() { highest } else { f64::NAN },
        slope,
        since(Some(last.on), day),
        since(detected.first().map(|draw| draw.on), day),
        before_found,
        if before_found == 1.0 {
            flag(!after[0].detected)
        } else {
            f64::NAN
        },
    ]);
}

/// Log of the rate per `unit`, with half a unit and a tenth of a cell for nothing seen.
fn rate<'a>(counts: impl Iterator<Item = &'a Count>, unit: f64) -> f64 {
    let (mut cells, mut units) = (0.0, 0.0);
    for count in counts {
        cells += count.count;
        units += count.screened / unit;
    }
    ((cells + 0.1) / (units + 0.5)).ln()
}

fn ctc(counts: &[Count], day: Day, out: &mut Vec<f64>) {
    let after = &counts[counts.partition_point(|count| count.on <= 0)..];
    let Some(last) = after.last() else {
        out.extend([0.0, f64::NAN, f64::NAN, f64::NAN, f64::NAN]);
        return;
    };
    let year = after.iter().filter(|count| day - count.on <= 365);
    let positive = after.iter().filter(|count| count.count > 0.0).count();
    out.extend([
        (after.len() as f64).ln_1p(),
        (last.count * TUBE_ML / last.screened).ln_1p(),
        rate(year, TUBE_ML),
        positive as f64 / (after.len() as f64 + 1.0),
        since(Some(last.on), day),
    ]);
}

fn dtc(counts: &[Count], day: Day, out: &mut Vec<f64>) {
    let Some(last) = counts.last() else {
        out.extend([0.0, f64::NAN, f64::NAN, f64::NAN]);
        return;
    };
    out.extend([
        (counts.len() as f64).ln_1p(),
        (last.count / last.screened).ln_1p(),
        rate(counts.iter(), 1.0),
        since(Some(last.on), day),
    ]);
}

fn scans(scans: &[(Day, Finding)], day: Day, out: &mut Vec<f64>) {
    let after = &scans[scans.partition_point(|(on, _)| *on <= 0)..];
    let doubtful = |scan: &&(Day, Finding)| scan.1 != Finding::Clear;
    out.extend([
        (after.len() as f64).ln_1p(),
        after.last().map_or(0.0, |scan| flag(doubtful(&scan))),
        (after.iter().filter(doubtful).count() as f64).ln_1p(),
        since(after.last().map(|(on, _)| *on), day),
    ]);
}

fn visits(days: &[Day], day: Day, out: &mut Vec<f64>) {
    let recent = days.iter().filter(|on| day - **on <= 365).count();
    let mut gap = 0;
    for pair in days.windows(2).filter(|pair| day - pair[1] <= 730) {
        gap = gap.max(pair[1] - pair[0]);
    }
    out.extend([
        (recent as f64).ln_1p(),
        since(days.last().copied(), day),
        f64::from(gap).sqrt(),
    ]);
}

/// The patient's own baseline: the middle of the first three readings from day zero on, else of the first three of all.
fn baseline(levels: &[Level]) -> f64 {
    let after = &levels[levels.partition_point(|level| level.on < 0)..];
    let first = if after.is_empty() { levels } else { after };
    let mut first: Vec<f64> = first.iter().take(3).map(|level| level.log).collect();
    first.sort_by(f64::total_cmp);
    match first[..] {
        [a] => a,
        [a, b] => 0.5 * (a + b),
        [_, b, _] => b,
        _ => f64::NAN,
    }
}

/// A value below its limit is taken for the patient's own baseline, or for the limit where that is lower: a limit that rises is no rise.
fn taken(levels: &[Level], own: f64) -> Vec<Level> {
    let one = |level: &Level| Level {
        log: if level.below { level.log.min(own) } else { level.log },
        ..*level
    };
    levels.iter().map(one).collect()
}

fn marker(levels: &[Level], day: Day, out: &mut Vec<f64>) {
    let own = baseline(levels);
    let levels = &taken(levels, own)[..];
    let Some(last) = levels.last() else {
        out.extend([f64::NAN; MARKER.len()]);
        return;
    };
    let lower = levels
        .iter()
        .rev()
        .take(2)
        .map(|level| level.log)
        .fold(f64::INFINITY, f64::min);
    let highest = levels.iter().map(|level| level.log).fold(f64::NEG_INFINITY, f64::max);
    out.extend([
        last.log,
        last.log - own,
        lower - own,
        highest - own,
        slope(levels, last.on),
        since(Some(last.on), day),
    ]);
}

/// Least squares over the readings of the last two years, per year, shrunk towards 0 as with one prior reading's worth of spread.
fn slope(levels: &[Level], last: Day) -> f64 {
    let recent: Vec<&Level> = levels.iter().filter(|level| last - level.on <= 730).collect();
    if recent.len() < 2 {
        return f64::NAN;
    }
    let n = recent.len() as f64;
    let x = |level: &Level| f64::from(level.on - last) / YEAR;
    let mean_x = recent.iter().map(|level| x(level)).sum::<f64>() / n;
    let mean_y = recent.iter().map(|level| level.log).sum::<f64>() / n;
    let (mut xx, mut xy) = (0.1, 0.0);
    for level in recent {
        xx += (x(level) - mean_x).powi(2);
        xy += (x(level) - mean_x) * (level.log - mean_y);
    }
    xy / xx
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_that_rises_is_no_rise() {
        let rise = |last: f64, below: bool| {
            let level = |on, value: f64, below| Level {
                on,
                log: value.ln(),
                below,
            };
            let levels = [level(10, 2.0, false), level(100, 2.0, false), level(200, last, below)];
            let mut out = vec![];
            marker(&levels, 250, &mut out);
            [out[1], out[3], out[4]]
        };
        assert!(rise(5.0, false).iter().all(|x| *x > 0.5));
        assert!(rise(5.0, true).iter().all(|x| x.abs() < 1e-12));
        assert!(rise(1.0, true)[0] < -0.5, "below a limit that lies below the usual");
    }
}
