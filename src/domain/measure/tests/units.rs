//! Limits and results in the unit that they are told in, and what is offered where they can't be read.

use super::*;

#[test]
fn a_stated_limit_replaces_that_on_file() {
    let accepted = judge("SIGNATERA-16", &[("result", "ND"), ("lod", "0.1")]).expect("accepted");
    assert_eq!(accepted.observation.reading, Reading::NotDetected { hi: Some(0.1) });
    assert_eq!(accepted.observation.limits.lod, Some(0.1));
}

#[test]
fn a_stated_limit_is_read_in_its_unit() {
    let limit = |assay: &str, pairs: &[(&str, &str)]| judge(assay, pairs).expect("accepted").observation.limits.lod;
    // a fraction is stored, and read in per cent
    assert_eq!(
        limit("PANEL-VAF", &[("result", "0.42"), ("unit", "%"), ("lod", "0.1")]),
        Some(0.001)
    );
    assert_eq!(
        limit("PANEL-VAF", &[("result", "0.42%"), ("lod", "<0.1 %")]),
        Some(0.001)
    );
    assert_eq!(
        limit("PANEL-VAF", &[("result", "0.0042"), ("unit", "1"), ("lod", "0.001")]),
        Some(0.001)
    );
    let field = "ctdna.lod";
    assert_eq!(
        only("PANEL-VAF", &[("result", "0.42%"), ("lod", "0.1")]),
        at("V-UNIT-03", field)
    );
    assert_eq!(
        only("SIGNATERA-16", &[("result", "ND"), ("lod", "0.1 ppm")]),
        at("V-UNIT-01", field)
    );
    for unreadable in ["0", "none", "0.3 to 0.4"] {
        assert_eq!(
            only("SIGNATERA-16", &[("result", "ND"), ("lod", unreadable)]),
            at("V-NUM-01", field),
            "{unreadable}"
        );
    }
    assert_eq!(
        only("SIGNATERA-16", &[("result", "ND"), ("lod", "30")]),
        at("V-LOD-05", field)
    );
    assert_eq!(limit("SIGNATERA-16", &[("result", "ND"), ("lod", "29")]), Some(29.0));
    // a limit alone is no empty form
    assert!(!RawEntry::of([("lod", "0.1")]).is_empty(by_code("ctdna").expect("ctDNA")));
}

/// What is offered takes the place of the whole box: sign, word and unit stay.
#[test]
fn a_suggestion_mends_the_part_that_could_not_be_read() {
    let offered = |assay: &str, pairs: &[(&str, &str)]| {
        let problems = judge(assay, pairs).expect_err("refused");
        problems.into_iter().find_map(|problem| problem.suggestion)
    };
    let result = |assay: &str, text: &str| offered(assay, &[("result", text), ("unit", "ng/mL")]);
    assert_eq!(offered("SIGNATERA-16", &[("result", "<0,3")]).as_deref(), Some("<0.3"));
    assert_eq!(
        offered("SIGNATERA-16", &[("result", "POS >113,85")]).as_deref(),
        Some("POS >113.85")
    );
    assert_eq!(result("CEA", "1,2 µg/mL").as_deref(), Some("1.2 µg/mL"));
    assert_eq!(result("CEA", ">10000,5").as_deref(), Some(">10000.5"));
    let stated = [("result", "ND"), ("lod", "<0,3")];
    assert_eq!(offered("SIGNATERA-16", &stated).as_deref(), Some("<0.3"));
    // below the limit, in per cent
    let low = [("result", "0.02"), ("unit", "%"), ("lod", "0.05")];
    let problems = judge("PANEL-VAF", &low).expect_err("asked");
    assert_eq!(
        (problems[0].code, problems[0].suggestion.as_deref()),
        ("V-LOD-01", Some("<0.05 %"))
    );
    assert!(
        problems[0]
            .text
            .starts_with("0.02 % is below this assay's limit (0.05 %)."),
        "{}",
        problems[0].text
    );
}

#[test]
fn a_fraction_is_kept_as_it_is_read() {
    let seen = judge("PANEL-VAF", &[("result", "0.0007"), ("unit", "1")])
        .expect("accepted")
        .observation;
    assert_eq!(
        (seen.raw_text.as_str(), seen.reading),
        ("0.07 %", Reading::Quantified { value: 0.0007 })
    );
    let below = judge("PANEL-VAF", &[("result", "<0.001"), ("unit", "1")])
        .expect("accepted")
        .observation;
    assert_eq!(
        (below.raw_text.as_str(), below.reading),
        ("<0.1 %", Reading::NotDetected { hi: Some(0.001) })
    );
}
