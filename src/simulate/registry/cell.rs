//! The cells of an observation.

use std::fmt::Display;

use crate::simulate::calendar::{BESPOKE, DPCR, GENOME, NAIVE, Platform};
use crate::simulate::course::Seen;
use crate::simulate::readings::{Analyte, Cells, Ctdna, Marker, Scan};
use crate::simulate::tables::Significant;

/// Modality, code of the assay, words.
pub(super) const IMAGING: [(&str, &str, &str); 4] = [
    ("CT", "SYN-CT", "CT"),
    ("MRI", "SYN-MRI", "MRI"),
    ("PET-CT", "SYN-PET", "PET-CT"),
    ("bone_scan", "SYN-BONE", "Bone scan"),
];

pub(super) fn assay_of(platform: &Platform) -> &'static str {
    let known = [
        (&DPCR, "SYN-DPCR"),
        (&BESPOKE, "SYN-TI-16"),
        (&GENOME, "SYN-TI-GENOME"),
        (&NAIVE, "SYN-PANEL"),
    ];
    known
        .iter()
        .find(|(p, _)| *p == platform)
        .map_or("SYN-DPCR", |(_, code)| code)
}

/// The cells of an observation that differ from measure to measure.
#[derive(Default)]
pub(super) struct Cell {
    pub(super) assay: &'static str,
    pub(super) analyte: &'static str,
    pub(super) result: String,
    pub(super) lod: String,
    pub(super) volume_ml: String,
    pub(super) million: String,
    pub(super) plasma_ml: String,
    pub(super) assessment: &'static str,
    pub(super) new_lesion: &'static str,
}

fn text(value: impl Display) -> String {
    value.to_string()
}

/// Parts per million; `None` where a slip makes more than the whole.
pub(super) fn molecules(row: &Ctdna) -> Option<Cell> {
    let ppm = 1e4;
    let value = row.value.map(|value| value * ppm);
    value.is_none_or(|value| value <= 1e6).then(|| Cell {
        assay: assay_of(row.platform),
        analyte: "ctdna",
        result: value.map_or_else(|| "ND".to_owned(), |value| text(Significant(value, 4))),
        lod: text(Significant(row.lod95 * ppm, 4)),
        plasma_ml: text(row.plasma_ml),
        ..Cell::default()
    })
}

pub(super) fn counted(row: &Cells, blood: bool) -> Cell {
    let (volume, million) = if blood {
        (row.screened, 0.0)
    } else {
        (0.0, row.screened / 1e6)
    };
    let filled = |amount: f64| if amount > 0.0 { text(amount) } else { String::new() };
    Cell {
        assay: if blood { "SYN-CTC" } else { "SYN-DTC" },
        analyte: if blood { "CTC" } else { "marrow DTC" },
        result: text(row.count),
        volume_ml: filled(volume),
        million: filled(million),
        ..Cell::default()
    }
}

pub(super) fn protein(row: &Marker) -> Cell {
    let value = Significant(row.value, 4);
    let (assay, analyte) = match row.analyte {
        Analyte::Ca153 => ("SYN-CA153", "CA 15-3"),
        Analyte::Cea => ("SYN-CEA", "CEA"),
        Analyte::Psa => ("SYN-PSA", "PSA"),
    };
    Cell {
        assay,
        analyte,
        result: if row.below { format!("<{value}") } else { text(value) },
        ..Cell::default()
    }
}

pub(super) fn scanned(row: &Scan) -> Cell {
    let known = IMAGING.iter().find(|(modality, ..)| *modality == row.modality);
    Cell {
        assay: known.map_or("SYN-CT", |(_, code, _)| code),
        analyte: "target lesions",
        result: row.sum_mm.map(text).unwrap_or_default(),
        assessment: match row.seen {
            Seen::Nothing => "none",
            Seen::Unclear => "equivocal",
            Seen::Relapse | Seen::Assessed => "distant",
        },
        new_lesion: if row.new_lesion { "yes" } else { "" },
        ..Cell::default()
    }
}
