//! One model of several landmarks.

use super::*;

/// A joint model of the five landmarks, years counted from the first.
fn joint(baseline: LandmarkBaseline, interactions: Vec<usize>) -> (Stacked, LandmarkModel) {
    let mut set = stacked(&landmarks());
    set.records = set.records.select(Axis(1), &[0, 1, 2, 3]);
    let params = Supermodel::params()
        .stacked(&set)
        .baseline(baseline)
        .interactions(interactions)
        .unit(365.25);
    let model = params.fit(&set.dataset(&VALUES)).unwrap();
    (set, model)
}

#[test]
fn supermodels_equal_the_reference() {
    let all = json("landmark.json");
    let cases = [
        ("supermodel_stratified", LandmarkBaseline::Stratified, vec![]),
        ("supermodel_stratified_bili_by_s", LandmarkBaseline::Stratified, vec![0]),
        ("supermodel_ipl", LandmarkBaseline::Smooth, vec![0]),
    ];
    for (name, baseline, interactions) in cases {
        let (_, model) = joint(baseline, interactions);
        let (expected, cox) = (&all[name], &model.cox);
        assert_eq!(expected["ties"], "breslow");
        let size = |name: &str| expected[name].as_u64().unwrap() as usize;
        assert_eq!((cox.n, cox.events), (size("n"), size("events")));
        let robust = cox.robust_covariance.as_ref().unwrap();
        let summary = cox.summary(0.95).unwrap();
        let theirs: Vec<&str> = expected["terms"]
            .as_array()
            .unwrap()
            .iter()
            .map(|t| t.as_str().unwrap())
            .collect();
        for (j, row) in summary.coefficients.iter().enumerate() {
            let same = match theirs[j] {
                "bili_s" => "log_bili:s",
                "s1" => "s",
                "s2" => "s^2",
                name => name,
            };
            assert_eq!(row.name, same);
            close(row.estimate, numbers(&expected["coef"])[j], 1e-8);
            close(row.se.unwrap(), numbers(&expected["se"])[j], 1e-8);
            close(row.robust_se.unwrap(), numbers(&expected["robust_se"])[j], 1e-8);
            for i in 0..theirs.len() {
                let scale = |m: &Array2<f64>| 1e-8 * (m[[i, i]] * m[[j, j]]).sqrt();
                near(
                    cox.covariance[[i, j]],
                    numbers(&expected["vcov"][i])[j],
                    scale(&cox.covariance),
                );
                near(robust[[i, j]], numbers(&expected["robust_vcov"][i])[j], scale(robust));
            }
        }
        assert_eq!(summary.coefficients.len(), theirs.len());
        let number = |name: &str| expected[name].as_f64().unwrap();
        close(cox.log_likelihood_null, number("loglik_null"), 1e-8);
        close(cox.log_likelihood, number("loglik"), 1e-8);
        close(cox.likelihood_ratio_test().chi_square, number("lr_chisq"), 1e-8);
        close(cox.score_test.chi_square, number("score_chisq"), 1e-8);
        close(cox.wald_test().chi_square, number("wald_chisq"), 1e-8);
    }
}

#[test]
fn a_joint_model_of_one_landmark_is_the_model_of_that_landmark() {
    let s = landmarks()[1];
    let mut set = stacked(&[s]);
    set.records = set.records.select(Axis(1), &[0, 1, 2, 3]);
    let alone = Cox::params().ties(Ties::Breslow).fit(&set.dataset(&VALUES)).unwrap();
    for baseline in [LandmarkBaseline::Stratified, LandmarkBaseline::Smooth] {
        let model = Supermodel::params()
            .stacked(&set)
            .baseline(baseline)
            .fit(&set.dataset(&VALUES))
            .unwrap();
        let risk = model.risk(set.records.view(), s).unwrap();
        for (ours, survival) in risk.iter().zip(kept(&alone, &set.records, s + WINDOW)) {
            near(*ours, 1.0 - survival, 1e-10);
        }
    }
}

#[test]
fn risks_of_a_joint_model_follow_from_its_hazard() {
    let (set, smooth) = joint(LandmarkBaseline::Smooth, vec![0]);
    let (_, strata) = joint(LandmarkBaseline::Stratified, vec![]);
    let rows = set.records.select(Axis(0), &[0, 7, 100, 900]);
    // Between two landmarks of the fit the smooth model still speaks.
    let s = 2.5 * 365.25;
    let sy = 1.5;
    let risk = smooth.risk(rows.view(), s).unwrap();
    let hazard = smooth.cox.baseline_at_zero(s + WINDOW) - smooth.cox.baseline_at_zero(s);
    for (i, row) in rows.rows().into_iter().enumerate() {
        let b = &smooth.cox.coefficients;
        let lp: f64 = (0..4).map(|j| b[j] * row[j]).sum::<f64>() + b[4] * row[0] * sy + b[5] * sy + b[6] * sy * sy;
        near(risk[i], 1.0 - (-hazard * lp.exp()).exp(), 1e-12);
    }
    assert!(matches!(strata.risk(rows.view(), s), Err(Error::Parameter { .. })));
    assert!(matches!(smooth.risk(rows.view(), 10.0), Err(Error::Parameter { .. })));
    let s = landmarks()[2];
    let times = [s - 1.0, s, s + 100.0, s + WINDOW];
    for model in [&smooth, &strata] {
        let curves = model.survival_from(rows.view(), s, &times).unwrap();
        let risk = model.risk(rows.view(), s).unwrap();
        for (curve, risk) in curves.rows().into_iter().zip(&risk) {
            assert_eq!((curve[0], curve[1]), (1.0, 1.0));
            assert!(curve[2] <= 1.0 && curve[3] <= curve[2] && curve[3] > 0.0);
            near(1.0 - curve[3], *risk, 1e-14);
        }
        let beyond = model.survival_from(rows.view(), s, &[s + WINDOW + 1.0]);
        assert!(matches!(beyond, Err(Error::BeyondFollowUp { .. })));
        let again: LandmarkModel = serde_json::from_str(&serde_json::to_string(model).unwrap()).unwrap();
        assert_eq!(again.risk(rows.view(), s).unwrap(), risk);
    }
    assert!(matches!(
        smooth.risk(Array2::zeros((1, 3)).view(), s),
        Err(Error::Width { .. })
    ));
    let mut wrong = rows.clone();
    wrong[[2, 1]] = f64::NAN;
    assert!(matches!(
        smooth.risk(wrong.view(), s),
        Err(Error::NotFinite { row: 2, column: 1 })
    ));
}
