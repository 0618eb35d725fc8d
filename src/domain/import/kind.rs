//! The nine files and their columns.

use crate::domain::measure;

/// In the order in which they are read: what a file refers to is on file before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    Sites,
    Trials,
    Assays,
    Patients,
    Tumours,
    Treatments,
    Visits,
    Observations,
    Events,
}

/// Whether a column may be left out of the header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    Required,
    Optional,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    pub name: &'static str,
    pub need: Need,
}

const SITES: &str = "site_code! name! time_zone arrangement";
const TRIALS: &str = "trial_code! title! blinded! arm_code arm_title";
const ASSAYS: &str = "assay_code! version! measure! analyte! specimen_type! unit! platform lab lod loq lob range_high \
                      volume_required_ml max_age_h positivity_rule source_document loinc";
const PATIENTS: &str = "site_code! patient_key! birth_year! sex! birth_month menopausal_status registry_consent_on trial_code \
                        arm_code enrolled_on reported_on";
const TUMOURS: &str = "site_code! patient_key! tumour_no! diagnosed_on! organ! metastatic_at_entry! date_precision subtype \
                       laterality grade size_mm size_band nodes_positive nodes_examined er_fmol pgr_fmol ki67_percent her2 stage_prefix \
                       stage_t stage_n stage_n_suffix stage_m stage_group stage_edition staged_on reported_on";
const TREATMENTS: &str = "site_code! patient_key! category! started_on! agent procedure margin phase intent date_precision \
                          stopped_on reported_on";
const VISITS: &str = "site_code! patient_key! occurred_on! visit_code ecog note reported_on";
const OBSERVATIONS: &str = "site_code! patient_key! collected_on! assay_code! assay_version! analyte! result! unit! visit_code \
                            collected_time specimen_type draw_site lod volume_ml cells_screened_million call status lab \
                            accession comment reported_on";
const EVENTS: &str =
    "site_code! patient_key! kind! occurred_on! relapse_kind organs detected_by cause last_clear_on reported_on";

impl Kind {
    pub const ALL: [Kind; 9] = [
        Kind::Sites,
        Kind::Trials,
        Kind::Assays,
        Kind::Patients,
        Kind::Tumours,
        Kind::Treatments,
        Kind::Visits,
        Kind::Observations,
        Kind::Events,
    ];

    pub fn code(self) -> &'static str {
        match self {
            Kind::Sites => "sites",
            Kind::Trials => "trials",
            Kind::Assays => "assays",
            Kind::Patients => "patients",
            Kind::Tumours => "tumours",
            Kind::Treatments => "treatments",
            Kind::Visits => "visits",
            Kind::Observations => "observations",
            Kind::Events => "events",
        }
    }

    pub fn file(self) -> String {
        format!("{}.csv", self.code())
    }

    /// The rows are about patients of centres; the others set the registry up.
    pub fn has_patients(self) -> bool {
        !matches!(self, Kind::Sites | Kind::Trials | Kind::Assays)
    }

    /// All columns that the file may have. Observations also take the components that the catalogue declares.
    pub fn columns(self) -> Vec<Column> {
        let layout = match self {
            Kind::Sites => SITES,
            Kind::Trials => TRIALS,
            Kind::Assays => ASSAYS,
            Kind::Patients => PATIENTS,
            Kind::Tumours => TUMOURS,
            Kind::Treatments => TREATMENTS,
            Kind::Visits => VISITS,
            Kind::Observations => OBSERVATIONS,
            Kind::Events => EVENTS,
        };
        let mut columns: Vec<Column> = layout
            .split_whitespace()
            .map(|name| match name.strip_suffix('!') {
                Some(name) => Column {
                    name,
                    need: Need::Required,
                },
                None => Column {
                    name,
                    need: Need::Optional,
                },
            })
            .collect();
        // A file of rejected rows can be mended and imported as it is.
        columns.push(Column {
            name: "why",
            need: Need::Optional,
        });
        if self == Kind::Observations {
            // `result` and `cells_screened_million` carry what the catalogue calls by each measure's own name.
            for component in measure::CATALOGUE.iter().flat_map(|m| m.components()) {
                if columns.iter().all(|column| column.name != component.code) {
                    columns.push(Column {
                        name: component.code,
                        need: Need::Optional,
                    });
                }
            }
        }
        columns
    }
}
