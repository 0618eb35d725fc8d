//! From the hidden burden to what a laboratory or a scanner reports.

use super::baseline::Baseline;
use super::calendar::Centre;
use super::course::{Course, Look, Seen, Visit, VisitKind};
use super::disease::{Disease, diameter};
use super::draw::Draw;
use super::groups::{Group, Organ};
use super::readings::{Analyte, Cells, Ctdna, Marker, Readings, Sample, Scan};

/// Molecules that must be examined, at a fraction equal to the limit, for two in 95 % of samples: the mean at which a Poisson count is 2 or more
/// that often.
pub(super) const MOLECULES_AT_LIMIT: f64 = 4.743_864_518;
/// Standard deviation of the logarithm of the yield of a tube. Assumed.
const YIELD_SD: f64 = 0.35;
/// Marrow is drawn from so many, at diagnosis, one and two years. Assumed.
const MARROW: f64 = 0.5;
/// Cells in the blood without tumour, per 7.5 mL (Sparano 2018: 4.8 % with >= 1 about five years after, no relapse).
const STRAY_CELLS: f64 = 0.035;
/// Cells per two million in marrow: without deposits, and more with them (Braun 2005, PADDY: 27 to 31 % positive at diagnosis,
/// hazard ratio near 2).
const MARROW_CELLS: (f64, f64) = (0.16, 0.50);

struct Patient<'a> {
    who: &'a Baseline,
    disease: &'a Disease,
    centre: &'a Centre,
    /// Mutant fraction of a clone of the blood, if there is one.
    clone: Option<f64>,
    cells: f64,
    markers: Vec<Expression>,
}

struct Expression {
    analyte: Analyte,
    baseline: f64,
    /// Multiples of the baseline per cm³ of metastasis; 0 for a tumour that does not make it.
    per_cm3: f64,
    drawn: f64,
    limit: f64,
}

pub(super) fn readings(
    draw: &mut Draw,
    who: &Baseline,
    disease: &Disease,
    course: &Course,
    centre: &Centre,
) -> Readings {
    // clonal haematopoiesis rises with age; a twentieth at 60 carries a clone that a panel sees (assumed)
    let carried = (0.05 * (0.05 * (f64::from(who.age) - 60.0)).exp()).min(0.4);
    let patient = Patient {
        who,
        disease,
        centre,
        clone: draw.chance(carried).then(|| draw.around(6e-4, 0.7)),
        cells: draw.around(1.0, 1.0),
        markers: markers(draw, who),
    };
    let marrow = draw.chance(MARROW);
    let mut readings = Readings::default();
    for (place, visit) in course.visits.iter().enumerate() {
        if draw.chance(0.84) {
            let ctdna = patient.ctdna(draw, place, *visit);
            readings.ctdna.push(ctdna);
        }
        if centre.counts_cells && draw.chance(0.72) {
            readings.ctc.push(patient.blood_cells(draw, place, *visit));
        }
        if marrow && marrow_is_due(course, place) {
            readings.dtc.push(patient.marrow_cells(draw, place, *visit));
        }
        patient.proteins(draw, place, *visit, &mut readings.markers);
    }
    let relapse = course.outcome.relapse.map(|r| r.organ);
    for look in &course.looks {
        readings.scans.push(scan(draw, disease, *look, relapse));
    }
    readings
}

/// At diagnosis, and at the first visit of the second and of the third year, before a relapse.
fn marrow_is_due(course: &Course, place: usize) -> bool {
    let visit = course.visits[place];
    let year = |v: Visit| (f64::from(v.day + 20) / 365.25).floor() as i32;
    match visit.kind {
        VisitKind::Baseline => true,
        VisitKind::Scheduled => {
            let before = place.checked_sub(1).map_or(0, |p| year(course.visits[p]));
            (1..=2).contains(&year(visit)) && before < year(visit)
        }
        VisitKind::Workup | VisitKind::AfterRelapse => false,
    }
}

/// Days in the laboratory, and now and then a report that comes months late.
fn sample(draw: &mut Draw, visit: usize, day: i32, usual: f64) -> Sample {
    let late = if draw.chance(0.03) {
        20.0 + 55.0 * draw.exponential()
    } else {
        0.0
    };
    let days = draw.around(usual, 0.35).round().max(1.0) + late;
    Sample {
        visit,
        collected: day,
        reported: day + days as i32,
    }
}

impl Patient<'_> {
    fn fraction(&self, visit: Visit) -> f64 {
        match visit.kind {
            VisitKind::Baseline => self.disease.fraction_of_primary(self.who),
            _ => self.disease.fraction(f64::from(visit.day)),
        }
    }

    fn ctdna(&self, draw: &mut Draw, place: usize, visit: Visit) -> Ctdna {
        let sample = sample(draw, place, visit.day, 14.0);
        let platform = self
            .centre
            .platform(self.who.surgery + chrono::Duration::days(i64::from(visit.day)));
        let plasma_ml = if draw.chance(0.07) { 2.0 } else { 4.5 };
        let input_ge =
            draw.around(6_600.0, 0.5).clamp(400.0, 60_000.0).round() * if plasma_ml < 3.0 { 0.6 } else { 1.0 };
        let examined = input_ge.round() * platform.efficiency;
        let clone = self.clone.filter(|_| platform.naive).unwrap_or(0.0) * draw.around(1.0, 0.3);
        let mean = examined * (self.fraction(visit) * platform.bias.exp() + clone) * draw.around(1.0, YIELD_SD);
        // look-alikes vary from run to run
        let count = draw.poisson(mean) + draw.negative_binomial(platform.background, 1.0);
        // a fraction in per cent, or mutant molecules per mL of plasma
        let per_molecule = if self.centre.per_ml {
            1.0 / (platform.efficiency * plasma_ml)
        } else {
            100.0 / examined
        };
        Ctdna {
            sample,
            platform,
            per_ml: self.centre.per_ml,
            value: (count >= 2).then(|| f64::from(count) * per_molecule),
            lod95: MOLECULES_AT_LIMIT * per_molecule,
            input_ge: input_ge.round(),
            plasma_ml,
        }
    }

    fn blood_cells(&self, draw: &mut Draw, place: usize, visit: Visit) -> Cells {
        let traits = self.who.traits();
        let screened = if draw.chance(0.05) { 5.0 } else { 7.5 };
        let shed = match visit.kind {
            VisitKind::Baseline => traits.cells_at_diagnosis * (self.who.size_mm / traits.size).powf(0.8),
            _ => traits.cells * self.disease.volume(f64::from(visit.day)).powf(0.75),
        };
        let mean = (STRAY_CELLS + shed * self.cells) * screened / 7.5;
        Cells {
            sample: sample(draw, place, visit.day, 4.0),
            count: draw.negative_binomial(mean, 0.8),
            screened,
        }
    }

    fn marrow_cells(&self, draw: &mut Draw, place: usize, visit: Visit) -> Cells {
        let screened = (draw.around(2.0, 0.22) * 100.0).round() * 1e4;
        let (stray, seeded) = MARROW_CELLS;
        let day = f64::from(visit.day);
        let deposits = self
            .disease
            .deposits
            .iter()
            .filter(|d| self.disease.ln_size(d, day).is_some());
        let bone = deposits.clone().filter(|d| d.organ == Organ::Bone).count();
        let mut mean = stray + seeded * (deposits.count() as f64).min(2.0) * if bone > 0 { 1.5 } else { 1.0 };
        if visit.kind == VisitKind::Baseline {
            mean += 0.22; // of the primary tumour
        }
        Cells {
            sample: sample(draw, place, visit.day, 11.0),
            count: draw.negative_binomial(mean * screened / 2e6, 0.5),
            screened,
        }
    }

    fn proteins(&self, draw: &mut Draw, place: usize, visit: Visit, rows: &mut Vec<Marker>) {
        for marker in &self.markers {
            if !draw.chance(marker.drawn) {
                continue;
            }
            let before = visit.kind == VisitKind::Baseline;
            let volume = if before {
                0.15 * self.who.volume()
            } else {
                self.disease.volume(f64::from(visit.day))
            };
            let mut mean = marker.baseline * (1.0 + marker.per_cm3 * volume);
            if before && marker.analyte == Analyte::Psa {
                mean += 7.0 * (self.cells).powf(0.6); // the gland is still there
            }
            let level = draw.around(mean, 0.12);
            rows.push(Marker {
                sample: sample(draw, place, visit.day, 2.0),
                analyte: marker.analyte,
                below: level < marker.limit,
                value: level.max(marker.limit),
            });
        }
    }
}

/// A patient's own baseline, and how much of each marker the tumour makes (Dawson 2013 for the ranking: below ctDNA). Assumed.
fn markers(draw: &mut Draw, who: &Baseline) -> Vec<Expression> {
    let mut one = |analyte, baseline, sd, makes, per_cm3, drawn, limit| Expression {
        analyte,
        baseline: draw.around(baseline, sd),
        per_cm3: if draw.chance(makes) {
            draw.around(per_cm3, 1.0)
        } else {
            0.0
        },
        drawn,
        limit,
    };
    let smoker = if who.cancer_of_lung() { 1.3 } else { 1.0 };
    match who.group {
        Group::Prostate => vec![one(Analyte::Psa, 0.013, 0.45, 0.95, 300.0, 0.88, 0.01)],
        Group::Colorectal => vec![one(Analyte::Cea, 1.8, 0.45, 0.75, 0.7, 0.8, 0.5)],
        Group::Adenocarcinoma | Group::Squamous => vec![one(Analyte::Cea, 1.8 * smoker, 0.45, 0.55, 0.4, 0.62, 0.5)],
        _ => vec![
            one(Analyte::Cea, 1.6, 0.45, 0.4, 0.25, 0.64, 0.5),
            one(Analyte::Ca153, 15.0, 0.38, 0.7, 0.20, 0.82, 2.0),
        ],
    }
}

impl Baseline {
    fn cancer_of_lung(&self) -> bool {
        matches!(self.group, Group::Adenocarcinoma | Group::Squamous)
    }
}

fn scan(draw: &mut Draw, disease: &Disease, look: Look, organ: Option<Organ>) -> Scan {
    let known = matches!(look.seen, Seen::Relapse | Seen::Assessed);
    let modality = match (known, organ) {
        (true, Some(Organ::Brain)) => "MRI",
        (true, Some(Organ::Bone)) => ["bone_scan", "PET-CT", "CT"][draw.pick(&[0.5, 0.4, 0.1])],
        (true, Some(_)) => ["CT", "PET-CT"][draw.pick(&[0.65, 0.35])],
        _ => "CT",
    };
    let measured = known && modality != "bone_scan";
    let sum = measured.then(|| {
        let sizes = disease
            .deposits
            .iter()
            .filter_map(|d| disease.ln_size(d, f64::from(look.day)));
        let seen = sizes.map(diameter).filter(|mm| *mm > 5.0).sum::<f64>();
        (seen * draw.around(1.0, 0.08)).round() + 0.0 // the sum of nothing is -0
    });
    Scan {
        collected: look.day,
        reported: look.day + draw.around(3.0, 0.35).round().clamp(1.0, 12.0) as i32,
        modality,
        seen: look.seen,
        sum_mm: sum,
        new_lesion: look.seen == Seen::Relapse || (look.seen == Seen::Assessed && draw.chance(0.12)),
        suvmax: (known && modality == "PET-CT").then(|| (draw.around(8.5, 0.28) * 10.0).round() / 10.0),
        site: organ.filter(|_| look.seen == Seen::Relapse),
    }
}
