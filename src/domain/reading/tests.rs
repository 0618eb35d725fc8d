use proptest::prelude::*;

use super::*;

const ASSAY: Limits = Limits {
    lod: Some(0.3),
    loq: Some(0.5),
    range_high: Some(10_000.0),
};
const NO_LIMITS: Limits = Limits {
    lod: None,
    loq: None,
    range_high: None,
};

fn reading(raw: &str, limits: &Limits) -> Reading {
    parse(raw, limits)
        .unwrap_or_else(|p| panic!("{raw}: {}", p.text))
        .reading
}

fn told(raw: &str) -> &'static str {
    parse(raw, &ASSAY).expect_err(raw).code
}

/// The table of data dictionary 1.1, row by row.
#[test]
fn the_table_of_the_dictionary() {
    let inf = f64::INFINITY;
    for (raw, detection, interval) in [
        ("0.52", "quantified", Some((0.52, 0.52))),
        ("0.5", "quantified", Some((0.5, 0.5))),
        ("0.42", "detected_not_quantified", Some((0.3, 0.5))),
        ("0.12", "detected_not_quantified", Some((0.0, 0.3))),
        ("<0.30", "not_detected", Some((0.0, 0.3))),
        ("<= 0.30", "not_detected", Some((0.0, 0.3))),
        ("\u{2264}0.30", "not_detected", Some((0.0, 0.3))),
        ("\u{ff1c}0.30", "not_detected", Some((0.0, 0.3))),
        ("ND", "not_detected", Some((0.0, 0.3))),
        ("neg", "not_detected", Some((0.0, 0.3))),
        ("Not Detected", "not_detected", Some((0.0, 0.3))),
        ("0", "not_detected", Some((0.0, 0.3))),
        ("POS", "detected_not_quantified", Some((0.3, inf))),
        ("detected", "detected_not_quantified", Some((0.3, inf))),
        ("POS >113.85", "detected_not_quantified", Some((113.85, inf))),
        ("POS <113.85", "detected_not_quantified", Some((0.3, 113.85))),
        ("pos<0.2", "detected_not_quantified", Some((0.0, 0.2))),
        (">10000", "above_range", Some((10_000.0, inf))),
        (">= 10000", "above_range", Some((10_000.0, inf))),
        ("12000", "above_range", Some((10_000.0, inf))),
        ("equivocal", "indeterminate", None),
        ("not done", "not_done", None),
        ("QNS", "failed", None),
        ("failed", "failed", None),
        ("insufficient", "failed", None),
    ] {
        let parsed = reading(raw, &ASSAY);
        assert_eq!((parsed.detection(), parsed.interval()), (detection, interval), "{raw}");
    }
}

#[test]
fn typed_text_comparator_and_number_are_kept() {
    let parsed = parse(" <0.30 ", &ASSAY).expect("a limit");
    assert_eq!(parsed.raw_text, "<0.30");
    assert_eq!((parsed.comparator, parsed.value), (Some(Comparator::Below), Some(0.3)));
    let parsed = parse("QNS", &ASSAY).expect("a failed sample");
    assert_eq!((parsed.comparator, parsed.value), (None, None));
}

#[test]
fn below_the_limit_is_asked_and_kept_only_as_below() {
    let parsed = parse("0.12", &ASSAY).expect("soft");
    assert_eq!(parsed.remarks[0].code, "V-LOD-01");
    assert_eq!(
        parsed.remarks[0].text,
        "0.12 is below this assay's limit (0.3). Enter it as <0.3, or confirm the lab reported the number."
    );
    assert_eq!(parsed.remarks[0].suggestion.as_deref(), Some("<0.3"));
}

#[test]
fn without_a_limit_a_non_detect_has_no_upper_bound() {
    for raw in ["ND", "0"] {
        let parsed = parse(raw, &NO_LIMITS).expect(raw);
        assert_eq!(parsed.reading, Reading::NotDetected { hi: None });
        assert_eq!(parsed.reading.interval(), None);
        assert_eq!(parsed.reading.is_detected(), Some(false));
        assert_eq!(parsed.remarks[0].code, "V-LOD-02");
    }
    assert_eq!(reading("0.07", &NO_LIMITS), Reading::Quantified { value: 0.07 });
    assert_eq!(reading("POS", &NO_LIMITS).interval(), Some((0.0, f64::INFINITY)));
}

#[test]
fn failed_samples_say_why() {
    for (raw, reason) in [
        ("QNS", FailedReason::QuantityNotSufficient),
        ("Failed: clotted", FailedReason::Clotted),
        ("haemolysis", FailedReason::Haemolysis),
        ("failed", FailedReason::Other),
        ("wrong tube", FailedReason::WrongTube),
        ("library failed", FailedReason::LibraryFailed),
    ] {
        assert_eq!(reading(raw, &ASSAY), Reading::Failed { reason });
    }
    for reason in FailedReason::ALL {
        assert_eq!(FailedReason::from_code(reason.code()), Some(reason));
        assert_eq!(
            parse_failed(&format!("failed: {}", reason.code())),
            match reason {
                FailedReason::QuantityNotSufficient => Some(FailedReason::QuantityNotSufficient),
                reason => Some(reason),
            }
        );
    }
}

#[test]
fn what_can_t_be_read_is_said_so() {
    for (raw, code) in [
        ("0,42", "V-NUM-02"),
        ("<0,3", "V-NUM-02"),
        ("-1", "V-NUM-03"),
        ("\u{2212}1", "V-NUM-03"),
        ("<-1", "V-NUM-03"),
        ("1e3", "V-NUM-01"),
        ("NaN", "V-NUM-01"),
        ("inf", "V-NUM-01"),
        ("1 000", "V-NUM-01"),
        ("<0", "V-NUM-01"),
        ("POS <0", "V-CALL-02"),
        ("POS 3", "V-NUM-01"),
        ("position", "V-NUM-01"),
        ("maybe", "V-NUM-01"),
        ("N/A", "V-NUM-01"),
        ("null", "V-NUM-01"),
        ("", "V-NUM-01"),
        ("<", "V-NUM-01"),
        ("0.1234567", "V-NUM-04"),
        ("5\0", "V-TEXT-02"),
        ("5\r\nX-Injected: 1", "V-TEXT-02"),
    ] {
        assert_eq!(told(raw), code, "{raw:?}");
    }
    assert_eq!(told(&"1".repeat(5000)), "V-TEXT-01");
}

#[test]
fn a_count_is_whole_and_zero_counts() {
    assert_eq!(
        parse_count("0").map(|p| p.reading),
        Ok(Reading::Quantified { value: 0.0 })
    );
    assert_eq!(parse_count("QNS").map(|p| p.reading.detection()), Ok("failed"));
    for (raw, code) in [
        ("5.5", "V-CTC-01"),
        ("5.0", "V-CTC-01"),
        ("-1", "V-NUM-03"),
        ("5,5", "V-NUM-02"),
        ("<5", "V-NUM-01"),
        ("ND", "V-NUM-01"),
        ("1e3", "V-NUM-01"),
    ] {
        assert_eq!(
            parse_count(raw).map_err(|p| p.code).map(|p| p.reading),
            Err(code),
            "{raw}"
        );
    }
}

#[test]
fn contradictions_have_no_form() {
    assert!(Reading::quantified(f64::NAN).is_err());
    assert!(Reading::quantified(-1.0).is_err());
    assert!(Reading::detected(2.0, 1.0).is_err());
    assert!(Reading::detected(2.0, f64::NAN).is_err());
    assert!(Reading::not_detected(Some(0.0)).is_err());
    assert!(Reading::above(f64::INFINITY).is_err());
    for (detection, lo, hi, why) in [
        ("quantified", Some(1.0), Some(2.0), None),
        ("failed", Some(1.0), Some(1.0), Some("qns")),
        ("failed", None, None, None),
        ("failed", None, None, Some("bad luck")),
        ("not_detected", Some(0.1), Some(0.3), None),
        ("not_detected", Some(0.0), Some(-0.3), None),
        ("above_range", Some(5.0), Some(9.0), None),
        ("detected_not_quantified", Some(5.0), None, None),
        ("quantified", Some(1.0), Some(1.0), Some("qns")),
        ("guessed", None, None, None),
    ] {
        assert!(Reading::from_columns(detection, lo, hi, why).is_err(), "{detection}");
    }
}

fn limits() -> impl Strategy<Value = Limits> {
    let positive = || proptest::option::of(1e-6..1e6_f64);
    (positive(), positive(), positive()).prop_map(|(lod, loq, range_high)| Limits {
        lod,
        loq: match (lod, loq) {
            (Some(lod), Some(loq)) => Some(lod.max(loq)),
            (_, loq) => loq,
        },
        range_high,
    })
}

fn typed() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[<>=≤≥＜]{0,2} ?[0-9]{0,7}[.,]?[0-9]{0,7}",
        "(POS|ND|QNS|failed|detected|neg)[ :]?[<>]?=? ?[0-9.]{0,6}",
    ]
}

proptest! {
    #[test]
    fn no_text_panics_and_each_reading_survives_the_database(raw in typed(), limits in limits()) {
        for parsed in [parse(&raw, &limits), parse_count(&raw)].into_iter().flatten() {
            let (lo, hi, why) = parsed.reading.columns();
            prop_assert_eq!(Reading::from_columns(parsed.reading.detection(), lo, hi, why), Ok(parsed.reading));
            prop_assert!(parsed.raw_text.chars().count() <= 64 && !parsed.raw_text.is_empty());
            prop_assert_eq!(parsed.value.is_some(), parsed.comparator.is_some());
            if let Some((lo, hi)) = parsed.reading.interval() {
                prop_assert!(lo >= 0.0 && lo <= hi);
            }
        }
    }

    #[test]
    fn a_non_detect_is_never_a_zero(raw in typed(), limits in limits()) {
        if let Ok(parsed) = parse(&raw, &limits) {
            if let Reading::NotDetected { hi } = parsed.reading {
                prop_assert!(hi.is_none_or(|hi| hi > 0.0));
                prop_assert!(hi.is_some() || limits.lod.is_none());
            }
            prop_assert!(parsed.reading.interval() != Some((0.0, 0.0)));
        }
    }

    #[test]
    fn reading_the_raw_text_again_gives_the_same_reading(raw in typed(), limits in limits()) {
        if let Ok(parsed) = parse(&raw, &limits) {
            prop_assert_eq!(parse(&parsed.raw_text, &limits).map(|p| p.reading), Ok(parsed.reading));
        }
    }
}
