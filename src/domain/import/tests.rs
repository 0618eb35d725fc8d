use chrono::NaiveDate;

use super::*;
use crate::domain::date::Life;
use crate::domain::id::{AssayId, PatientRef, TrialId, VisitId};
use crate::domain::measure::{CATALOGUE, Measure, by_code};

fn day(text: &str) -> NaiveDate {
    text.parse().expect("a day")
}

const TODAY: &str = "2026-11-20";

fn known() -> Known {
    let mut known = Known::default();
    known.sites.insert("UMC".into(), SiteId(7));
    for (key, id) in [("P-0001", 1), ("P-0002", 2)] {
        let person = Person {
            at: PatientRef {
                site: SiteId(7),
                patient: PatientId(id),
            },
            life: Life {
                patient_key: key.into(),
                today: day(TODAY),
                birth_year: 1950,
                diagnosed_on: Some(day("2020-03-01")),
                died_on: (id == 2).then(|| day("2024-01-01")),
            },
            seen_on: Some(day("2023-12-01")),
        };
        known.patients.insert((SiteId(7), key.into()), person);
    }
    known.trials.insert(
        "INSPIRE".into(),
        Arm {
            trial: TrialId(3),
            arms: ["A".to_owned()].into(),
        },
    );
    for (id, (measure, seed)) in CATALOGUE
        .iter()
        .flat_map(|m| m.assays().iter().map(move |a| (m, a)))
        .enumerate()
    {
        let assay = seed.on_file(AssayId(id as i32), measure.code());
        known.assays.insert(
            (assay.code.clone(), assay.version.clone(), assay.analyte.clone()),
            assay,
        );
    }
    let at = known.patients[&(SiteId(7), "P-0001".to_owned())].at;
    known.visits.insert((at, "W08".into(), day("2024-04-03")), VisitId(9));
    known
}

/// Checks one row of a file given as two lines.
fn row(kind: Kind, header: &str, cells: &str) -> Result<Vec<Fact>, Vec<Bad>> {
    row_confirmed(kind, header, cells, None)
}

fn row_confirmed(kind: Kind, header: &str, cells: &str, reason: Option<&str>) -> Result<Vec<Fact>, Vec<Bad>> {
    let header = Header::read(kind, header.split(',')).expect("a good header");
    let cells: Vec<String> = cells.split(',').map(str::to_owned).collect();
    let mut fields = Fields::new(2, &header, &cells, day(TODAY)).confirmed(reason);
    let facts = check(kind, &mut fields, &known());
    let bad = fields.into_bad();
    if bad.is_empty() { Ok(facts) } else { Err(bad) }
}

fn told(result: Result<Vec<Fact>, Vec<Bad>>) -> Vec<(String, &'static str)> {
    let bad = result.expect_err("a bad row");
    bad.into_iter()
        .map(|bad| (bad.problem.field, bad.problem.code))
        .collect()
}

fn at(field: &str, code: &'static str) -> (String, &'static str) {
    (field.to_owned(), code)
}

#[test]
fn a_header_says_what_is_missing_unknown_or_twice() {
    let problems = Header::read(Kind::Visits, "site_code,patient_kye,note,note".split(',')).expect_err("bad");
    let said: Vec<_> = problems.iter().map(|p| (p.code, p.field.as_str())).collect();
    assert_eq!(
        said,
        [
            ("V-FILE-02", "patient_kye"),
            ("V-FILE-03", "note"),
            ("V-FILE-01", "patient_key"),
            ("V-FILE-01", "occurred_on"),
        ]
    );
    assert!(problems[0].text.contains("The nearest is patient_key."));
    assert!(Header::read(Kind::Visits, "why, OCCURRED_ON ,patient_key,site_code".split(',')).is_ok());
}

#[test]
fn every_component_of_the_catalogue_has_a_column_or_another_name() {
    let columns = Kind::Observations.columns();
    for component in CATALOGUE.iter().flat_map(|m| m.components()) {
        assert!(
            columns.iter().any(|column| column.name == component.code),
            "{}",
            component.code
        );
    }
}

#[test]
fn a_patient_may_come_with_a_trial() {
    let header = "site_code,patient_key,birth_year,sex,trial_code,arm_code,enrolled_on";
    let facts = row(Kind::Patients, header, "UMC,P-0003,1961,F,INSPIRE,A,3 Apr 2024").expect("good");
    assert_eq!(
        facts.iter().map(|f| f.table).collect::<Vec<_>>(),
        [Table::Patient, Table::Enrolment]
    );
    assert_eq!(facts[0].patient, None);
    assert_eq!(facts[1].natural_key, "P-0003|INSPIRE");
    assert_eq!(facts[1].values["enrolled_on"], "2024-04-03");
    assert_eq!(
        told(row(Kind::Patients, header, "UMC,p 3,2061,X,NOPE,A,")),
        [
            at("patient_key", "V-CODE-02"),
            at("birth_year", "V-RANGE-01"),
            at("sex", "V-CODE-01"),
            at("trial_code", "V-ID-03"),
        ]
    );
    assert_eq!(
        told(row(Kind::Patients, header, "UMC,P-3,1950,F,,A,")),
        [at("arm_code", "V-FILE-07")]
    );
    assert_eq!(told(row(Kind::Patients, header, "UMC,P-3,1950,F,INSPIRE,B,")).len(), 2);
}

#[test]
fn another_centre_does_not_exist_here() {
    let header = "site_code,patient_key,occurred_on";
    assert_eq!(
        told(row(Kind::Visits, header, "OTHER,P-0001,2024-04-03")),
        [at("site_code", "V-ID-02")]
    );
    let bad = row(Kind::Visits, header, "UMC,P-0010,2024-04-03").expect_err("bad");
    assert_eq!(bad[0].problem.code, "V-ID-01");
    assert_eq!(bad[0].value, "P-0010");
    assert!(bad[0].problem.text.contains("P-0001"));
}

#[test]
fn days_stay_within_a_life() {
    let header = "site_code,patient_key,occurred_on";
    for (cells, code) in [
        ("UMC,P-0001,2027-01-01", "V-DATE-01"),
        ("UMC,P-0001,2020-02-29", "V-DATE-02"),
        ("UMC,P-0002,2024-01-02", "V-DATE-04"),
        ("UMC,P-0001,03/04/2024", "V-DATE-05"),
        ("UMC,P-0001,2024-02-30", "V-DATE-06"),
        ("UMC,P-0001,", "V-REQ-01"),
    ] {
        assert_eq!(
            told(row(Kind::Visits, header, cells)),
            [at("occurred_on", code)],
            "{cells}"
        );
    }
}

#[test]
fn a_tumour_may_come_with_its_stage() {
    let header = "site_code,patient_key,tumour_no,diagnosed_on,organ,metastatic_at_entry,grade,nodes_positive,nodes_examined,\
                  stage_prefix,stage_t,size_band";
    let facts = row(
        Kind::Tumours,
        header,
        "UMC,P-0001,1,2020-03-01,breast,no,3,2,14,p,T2,20-50",
    )
    .expect("good");
    assert_eq!(
        facts.iter().map(|f| f.natural_key.as_str()).collect::<Vec<_>>(),
        ["P-0001|1", "P-0001|1|p"]
    );
    assert_eq!(facts[0].values["size_band"], "20-50");
    assert_eq!(facts[1].values["staged_on"], "2020-03-01");
    assert_eq!(
        told(row(
            Kind::Tumours,
            header,
            "UMC,P-0001,1,2020-03-01,brest,maybe,4,15,14,,T2,20"
        )),
        [
            at("organ", "V-CODE-01"),
            at("metastatic_at_entry", "V-CODE-01"),
            at("nodes_positive", "V-NODE-01"),
            at("grade", "V-RANGE-01"),
            at("size_band", "V-CODE-01"),
            at("stage_t", "V-FILE-07"),
        ]
    );
}

#[test]
fn an_operation_is_a_treatment_of_its_own_table() {
    let header = "site_code,patient_key,category,started_on,procedure,agent,stopped_on";
    let facts = row(Kind::Treatments, header, "UMC,P-0001,surgery,2020-04-01,Mastectomy,,").expect("good");
    assert_eq!(facts[0].table, Table::Surgery);
    let facts = row(
        Kind::Treatments,
        header,
        "UMC,P-0001,endocrine,2020-05-01,,tamoxifen,2025-05-01",
    )
    .expect("good");
    assert_eq!(facts[0].natural_key, "P-0001|endocrine|tamoxifen|2020-05-01");
    assert_eq!(
        told(row(
            Kind::Treatments,
            header,
            "UMC,P-0001,surgery,2020-04-01,,tamoxifen,"
        )),
        [at("agent", "V-FILE-07"), at("procedure", "V-REQ-01")]
    );
    assert_eq!(
        told(row(
            Kind::Treatments,
            header,
            "UMC,P-0001,endocrine,2020-05-01,Mastectomy,,2020-04-30"
        )),
        [at("stopped_on", "V-DATE-10"), at("procedure", "V-FILE-07")]
    );
}

#[test]
fn events_carry_what_belongs_to_their_kind() {
    let header = "site_code,patient_key,kind,relapse_kind,organs,cause,last_clear_on,occurred_on";
    let facts = row(
        Kind::Events,
        header,
        "UMC,P-0001,relapse,distant,liver; bone;liver,,2023-01-01,2023-06-01",
    )
    .expect("good");
    assert_eq!(facts[0].values["organs"], serde_json::json!(["liver", "bone"]));
    assert_eq!(
        told(row(
            Kind::Events,
            header,
            "UMC,P-0001,relapse,,,this_cancer,2023-06-02,2023-06-01"
        )),
        [
            at("relapse_kind", "V-REQ-01"),
            at("organs", "V-REQ-01"),
            at("cause", "V-FILE-07"),
            at("last_clear_on", "V-DATE-10"),
        ]
    );
    assert_eq!(
        told(row(
            Kind::Events,
            header,
            "UMC,P-0002,last_contact,distant,knee,,,2024-01-02"
        )),
        [
            at("occurred_on", "V-DATE-04"),
            at("organs", "V-CODE-01"),
            at("relapse_kind", "V-FILE-07"),
            at("organs", "V-FILE-07"),
        ]
    );
    // Another day of death is an amendment of the one death.
    let death = |on: &str| row(Kind::Events, header, &format!("UMC,P-0002,death,,,unknown,,{on}")).expect("good");
    assert_eq!(death("2024-01-01")[0].natural_key, death("2024-01-05")[0].natural_key);
}

const LAB: &str = "site_code,patient_key,visit_code,collected_on,assay_code,assay_version,analyte,result,unit,lab,accession,\
                   volume_ml,cells_screened_million,call,reported_on,comment";

#[test]
fn results_are_judged_by_the_catalogue() {
    let facts = row(
        Kind::Observations,
        LAB,
        "UMC,P-0001,W08,2024-04-03,SIGNATERA-16,1,tumour-informed ctDNA,<0.3,MTM/mL,NKI,A1,,,not_detected,2024-04-10,",
    )
    .expect("good");
    let values = &facts[0].values;
    assert_eq!(facts[0].natural_key, "NKI|A1|SIGNATERA-16|tumour-informed ctDNA");
    assert_eq!(
        (values["detection"].as_str(), values["raw_text"].as_str()),
        (Some("not_detected"), Some("<0.3"))
    );
    assert_eq!((values["lo"].as_f64(), values["hi"].as_f64()), (Some(0.0), Some(0.3)));
    assert_eq!(
        (values["visit_id"].as_i64(), values["reported_on"].as_str()),
        (Some(9), Some("2024-04-10"))
    );

    let count = row(
        Kind::Observations,
        LAB,
        "UMC,P-0001,,2024-04-03,CELLSEARCH,1,CTC,3,{cells},,,15,,,,",
    )
    .expect("good");
    assert_eq!(count[0].values["screened"].as_f64(), Some(15.0));
    let marrow = row(
        Kind::Observations,
        LAB,
        "UMC,P-0001,,2024-04-03,DTC-ICC,1,marrow DTC,2,,,,,2,,,",
    )
    .expect("good");
    assert_eq!(marrow[0].values["screened"].as_f64(), Some(2.0));
    assert_eq!(by_code("marrow_dtc").and_then(Measure::screened), Some("mnc_screened"));
}

#[test]
fn an_open_bound_travels_as_a_word() {
    let facts = row(
        Kind::Observations,
        LAB,
        "UMC,P-0001,,2024-04-03,INSPIRE-BESPOKE,1,ctdna,POS >113.85,{mtm}/mL,,,,,,,",
    )
    .expect("good");
    assert_eq!(
        (facts[0].values["lo"].as_f64(), facts[0].values["hi"].as_str()),
        (Some(113.85), Some("Infinity"))
    );
}

#[test]
fn problems_of_the_catalogue_stand_at_the_columns_of_the_file() {
    let with = |assay: &str, rest: &str| {
        told(row(
            Kind::Observations,
            LAB,
            &format!("UMC,P-0001,,2024-04-03,{assay},{rest}"),
        ))
    };
    assert_eq!(
        with("SIGNATERA-16,1,tumour-informed ctDNA", "0.4 2,,,,,,,,"),
        [at("result", "V-NUM-01")]
    );
    assert_eq!(with("CELLSEARCH,1,CTC", "2.5,,,,7.5,,,,"), [at("result", "V-CTC-01")]);
    assert_eq!(with("CELLSEARCH,1,CTC", "2,,,,,,,,"), [at("volume_ml", "V-CTC-02")]);
    assert_eq!(
        with("DTC-ICC,1,marrow DTC", "2,,,,,,,,"),
        [at("cells_screened_million", "V-DTC-01")]
    );
    assert_eq!(
        with("DTC-ICC,1,marrow DTC", "2,,,,7.5,2,,,"),
        [at("volume_ml", "V-FILE-07")]
    );
    assert_eq!(
        with("DTC-ICC,2,marrow DTC", "2,,,,,2,,,"),
        [at("assay_version", "V-ID-03")]
    );
    assert_eq!(with("DTC,1,marrow DTC", "2,,,,,2,,,"), [at("assay_code", "V-ID-03")]);
    assert_eq!(
        with(
            "SIGNATERA-16,1,tumour-informed ctDNA",
            "5,,,,,,,,call Mrs Jansen on 0612345678"
        ),
        [at("comment", "V-PHI-01")]
    );
    assert_eq!(
        told(row(
            Kind::Observations,
            LAB,
            "UMC,P-0001,W09,2024-04-03,DTC-ICC,1,marrow DTC,0,,,,,2,,2024-04-01,"
        )),
        [at("visit_code", "V-ID-04"), at("reported_on", "V-DATE-08")]
    );
    // of somebody who is not on file, what else is wrong is told as well
    assert_eq!(
        told(row(
            Kind::Observations,
            LAB,
            "UMC,P-7777,,2024-04-03,CELLSEARCH,1,CTC,2.5,,,,7.5,,,,"
        )),
        [at("patient_key", "V-ID-01"), at("result", "V-CTC-01")]
    );
}

#[test]
fn an_unusual_value_needs_a_reason() {
    let low = "UMC,P-0001,,2024-04-03,SIGNATERA-16,1,tumour-informed ctDNA,0.1,,,,,,,,";
    assert_eq!(told(row(Kind::Observations, LAB, low)), [at("result", "V-LOD-01")]);
    let kept = row_confirmed(Kind::Observations, LAB, low, Some("the lab reported this number")).expect("good");
    assert_eq!(kept[0].values["confirmed"], "the lab reported this number");
    assert_eq!(kept[0].remarks.len(), 1);
}

#[test]
fn setup_rows_are_checked() {
    let good = row(
        Kind::Sites,
        "site_code,name,time_zone",
        "UMC-2,Another centre,Europe/Paris",
    )
    .expect("good");
    assert_eq!(good[0].values["time_zone"], "Europe/Paris");
    assert_eq!(
        told(row(Kind::Sites, "site_code,name,time_zone", "umc,,Mars/Olympus")),
        [
            at("site_code", "V-CODE-02"),
            at("name", "V-REQ-01"),
            at("time_zone", "V-CODE-03")
        ]
    );
    let trials = "trial_code,title,blinded,arm_code,arm_title";
    assert_eq!(
        row(Kind::Trials, trials, "T-1,A trial,no,A,Arm A").expect("good").len(),
        2
    );
    assert_eq!(
        told(row(Kind::Trials, trials, "T-1,A trial,no,A,")),
        [at("arm_title", "V-REQ-01")]
    );
    let assays = "assay_code,version,measure,analyte,specimen_type,unit,lod,loq";
    assert_eq!(
        row(Kind::Assays, assays, "X,1,ctdna,ctdna,PLAS,{mtm}/mL,0.3,0.5")
            .expect("good")
            .len(),
        1
    );
    assert_eq!(
        told(row(Kind::Assays, assays, "X,1,magic,ctdna,PLAS,{mtm}/mL,0.5,0.3")),
        [at("measure", "V-CODE-01"), at("loq", "V-LOD-04")]
    );
}

#[test]
fn another_code_of_one_letter_is_not_suggested() {
    let header = "site_code,patient_key,birth_year,sex,reported_on";
    let suggested = |sex: &str| {
        let bad = row(Kind::Patients, header, &format!("UMC,P-0009,1960,{sex},2020-01-01")).expect_err("a bad row");
        bad.into_iter()
            .find(|bad| bad.problem.field == "sex")
            .unwrap()
            .problem
            .suggestion
    };
    assert_eq!(suggested("m").as_deref(), Some("M"));
    assert_eq!((suggested("X"), suggested("Male")), (None, None));
}
