//! Which family is chosen, on what, and whether it is told.

use super::*;

#[test]
fn the_choice_rests_on_time_and_is_told() {
    let model = model();
    assert!(matches!(model.judged, Judged::OutOfTime(day) if day < cut()));
    let chosen: Vec<_> = model.rivals.iter().filter(|rival| rival.chosen).collect();
    assert_eq!(chosen.len(), 1);
    assert_eq!(chosen[0].families, model.learned.blend.families);
    let least = model
        .rivals
        .iter()
        .map(|rival| rival.loss)
        .fold(f64::INFINITY, f64::min);
    assert!(
        chosen[0].loss == least || chosen[0].families.len() > 1,
        "{:?}",
        model.rivals
    );
    assert!(model.rivals.len() >= 3);
    assert!(model.report.horizons.len() == WINDOWS && model.report.landmarks > 500);
}

/// In a small registry columns without the burden line are tried beside those with it, and the choice with less loss on later landmarks decides. The
/// line is told either way.
#[test]
fn with_few_relapses_the_burden_line_has_to_earn_its_place() {
    let settings = Settings {
        lines: true,
        trees: false,
        ..settings()
    };
    let model = fit(&cohort()[..250], cut(), &settings).unwrap();
    // without trees and line the regression is the one rival
    let (with, without): (Vec<_>, Vec<_>) = model.rivals.iter().partition(|rival| rival.line);
    assert_eq!((with.len(), without.len()), (3, 1), "{:?}", model.rivals);
    let chosen: Vec<_> = model.rivals.iter().filter(|rival| rival.chosen).collect();
    assert_eq!(chosen.len(), 1);
    assert_eq!(model.schema.line, chosen[0].line);
    let earned = with.iter().any(|rival| rival.loss <= without[0].loss);
    assert!(
        if chosen[0].line {
            chosen[0].loss <= without[0].loss
        } else {
            chosen[0].loss == without[0].loss || !earned
        },
        "{:?}",
        model.rivals
    );
    assert_eq!(
        model.schema.labels.iter().any(|label| label == "burden line"),
        model.schema.line
    );
    let line = model.follow(&cohort()[0]).on(400).unwrap().line;
    assert!(line.regimes.growing > 0.0, "{line:?}");
    assert_eq!(
        serde_json::from_value::<Model>(serde_json::to_value(&model).unwrap()).unwrap(),
        model
    );
}

/// Everybody entered on one day and is looked at once: relapses came before any earlier cut and after it, all of landmarks before it. The
/// choice is by patients held out.
#[test]
fn without_landmarks_after_a_cut_patients_are_held_out() {
    let mut cases = cohort().clone();
    cases.iter_mut().for_each(|case| case.origin = date("2014-01-01"));
    let settings = Settings {
        horizons: [365, 730, 1825],
        landmarks: Landmarks::At(vec![30]),
        ..settings()
    };
    let model = fit(&cases, cut(), &settings).unwrap();
    assert_eq!(model.judged, Judged::CrossFitted);
    assert!(model.rivals.iter().all(|rival| rival.loss > 0.0), "{:?}", model.rivals);
    assert_eq!(model.report.landmarks, model.fitted_on.landmarks);
}

/// Where patients held out decide, the weights of a rival are fitted without those it is judged by: on the rows that weights are fitted to
/// no others have as little loss.
#[test]
fn rivals_are_judged_by_weights_that_have_not_seen_the_patients() {
    let (cases, settings) = (cohort(), settings());
    let members = rows::members(cases, cut(), &settings);
    let look = |m: &rows::Member| (&cases[m.case], cases[m.case].day_of(cut()));
    let schema = Schema::learn(members.iter().map(look)).without_line();
    let stack = rows::stack(cases, &members, &schema, None, &settings);
    let basis = Basis::learn(&stack, &stack.weight, &schema);
    let design = regression::Design::of(&stack, &stack, &basis, &settings.horizons, settings.folds);
    let raw = ndarray::Array2::from_shape_fn((stack.len(), stack.width), |(i, j)| trees::filled(stack.raw(i)[j]));
    let work = learned::Work {
        design: &design,
        raw: &raw,
        mechanism: &[],
        line: false,
    };
    let (learned, crossed) = work.learn(&settings).unwrap();
    let validated = work.by_patients(&stack, &learned, &crossed, &settings).unwrap();
    let relapses = design.fell[0].iter().flatten().count() as f64;
    for rival in validated.rivals {
        let said = work.blend(&crossed, &rival.families).unwrap().log_hazards(&crossed);
        let losses = blend::losses(&said, design.exposure.view(), &design.fell[0], &stack.weight);
        let seen = losses.iter().sum::<f64>() / relapses;
        assert!(
            rival.loss > seen + 1e-6,
            "{:?}: {} is not above {seen}",
            rival.families,
            rival.loss
        );
    }
}
