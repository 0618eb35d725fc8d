//! Messages that belong to one kind of measurement: V-CALL, V-CTC, V-DNA, V-DTC, V-NODE, V-IMG, V-MRK.

use super::Problem;

impl Problem {
    pub fn call_against_value(value: f64, lod: f64, unit: &str) -> Problem {
        Problem::hard(
            "V-CALL-01",
            format!(
                "Call says not detected but the value {value} {unit} is above the limit {lod}. One of them is wrong."
            ),
        )
    }

    pub fn detected_at_zero() -> Problem {
        Problem::hard(
            "V-CALL-02",
            "Call says detected, value is 0. If no number was reported, leave it empty.",
        )
    }

    pub fn call_differs(call: &str, reading: &str) -> Problem {
        Problem::hard(
            "V-CALL-03",
            format!("Call says {call}, the result says {reading}. One of them is wrong."),
        )
    }

    pub fn count_not_whole() -> Problem {
        Problem::hard(
            "V-CTC-01",
            "A CTC count is a whole number of cells. If the lab gave cells per mL, enter the count and the volume.",
        )
    }

    pub fn no_volume(count: &str) -> Problem {
        Problem::hard(
            "V-CTC-02",
            format!("How much blood was analysed? Without the volume a count of {count} has no meaning."),
        )
    }

    pub fn small_volume(volume: f64) -> Problem {
        Problem::soft(
            "V-CTC-03",
            format!(
                "{volume} mL is less than the 7.5 mL this assay needs; the result will be shown per 7.5 mL \
                 with a wider interval."
            ),
        )
    }

    pub fn old_sample(hours: f64, max: i32) -> Problem {
        Problem::soft(
            "V-CTC-04",
            format!("The sample was {hours} h old; this assay accepts {max} h."),
        )
    }

    pub fn after_doxorubicin(days: i64) -> Problem {
        Problem::note(
            "V-CTC-05",
            format!("Doxorubicin {days} days before the draw: CELLSEARCH counts are unreliable within 7 days."),
        )
    }

    pub fn more_in_clusters(clusters: f64, count: f64) -> Problem {
        Problem::soft(
            "V-CTC-07",
            format!(
                "{clusters} clusters of at least two cells are more than the {count} cells counted. If clusters were counted apart, say so."
            ),
        )
    }

    pub fn other_platform(platform: &str) -> Problem {
        Problem::note(
            "V-CTC-06",
            format!("The last count was by {platform}. Counts by different platforms are kept as separate series."),
        )
    }

    pub fn soon_after_surgery(days: i64) -> Problem {
        Problem::note(
            "V-DNA-01",
            format!("Drawn {days} days after surgery; within 14 days cell-free DNA from healing can hide tumour DNA."),
        )
    }

    pub fn more_detected_than_tracked(detected: f64, tracked: f64) -> Problem {
        Problem::hard(
            "V-DNA-02",
            format!("{detected} variants detected but only {tracked} tracked."),
        )
    }

    pub fn variants_in_a_negative(detected: f64, rule: Option<u32>) -> Problem {
        let rule = rule.map_or(String::new(), |rule| format!("; this assay calls positive at {rule}"));
        Problem::soft(
            "V-DNA-08",
            format!("Not detected, with {detected} variants detected{rule}. Is one of the two wrong?"),
        )
    }

    pub fn below_positivity_rule(detected: f64, rule: u32) -> Problem {
        Problem::soft(
            "V-DNA-03",
            format!("Detected with {detected} variant(s); this assay calls positive at {rule}."),
        )
    }

    pub fn sample_floor(genome_equivalents: f64, floor: &str) -> Problem {
        Problem::note(
            "V-DNA-05",
            format!(
                "This tube held {genome_equivalents:.0} genome copies, so a negative excludes only fractions \
                 above {floor}."
            ),
        )
    }

    pub fn during_chemotherapy() -> Problem {
        Problem::note(
            "V-DNA-06",
            "Drawn during chemotherapy or within 14 days of it: the level may be lower than it will settle at.",
        )
    }

    pub fn other_assay(assay: &str) -> Problem {
        Problem::note(
            "V-DNA-07",
            format!("The last result was by {assay}. This one starts a new series."),
        )
    }

    pub fn lysed_white_cells(per_ml: f64) -> Problem {
        Problem::soft(
            "V-DNA-08",
            format!("{per_ml:.0} ng of cell-free DNA per mL of plasma is more than 200: were white cells lysed?"),
        )
    }

    pub fn nothing_screened() -> Problem {
        Problem::hard(
            "V-DTC-01",
            "How many mononuclear cells were screened? (usually 2 million)",
        )
    }

    pub fn staining_and_pcr_differ() -> Problem {
        Problem::soft(
            "V-DTC-02",
            "Positive by RT-PCR and negative by staining: both are kept. Confirm this is the same aspirate.",
        )
    }

    pub fn more_found_than_screened() -> Problem {
        Problem::hard(
            "V-DTC-03",
            "More tumour cells found than cells screened. Check the counts.",
        )
    }

    pub fn response_without_finding() -> Problem {
        Problem::hard(
            "V-IMG-01",
            "Overall response needs at least one lesion or 'no evidence of disease'.",
        )
    }

    pub fn response_differs(derived: &str, typed: &str) -> Problem {
        Problem::soft(
            "V-IMG-02",
            format!("By RECIST the sums give {derived}; you entered {typed}. Keep yours with a reason?"),
        )
    }

    pub fn response_against_finding(finding: &str, derived: &str, typed: &str) -> Problem {
        Problem::soft(
            "V-IMG-05",
            format!(
                "With {finding} the response by RECIST is {derived}; you entered {typed}. Keep yours with a reason?"
            ),
        )
    }

    pub fn clear_scan_with_lesions() -> Problem {
        Problem::hard(
            "V-IMG-04",
            "The scan is called clear, yet a lesion or a sum of diameters is given. One of them is wrong.",
        )
    }

    pub fn psa_once() -> Problem {
        Problem::note(
            "V-MRK-03",
            "One PSA at or above 0.2: a second value is needed before this counts as recurrence.",
        )
    }
}
