use linfa::prelude::*;
use ndarray::{Array1, Array2, Axis, array};
use proptest::prelude::*;

use super::*;
use crate::survival::oracle::{close, json, near, numbers, table};
use crate::survival::{Cox, Error, FollowUp};

fn one_column(values: &[f64]) -> Dataset<f64, (), ndarray::Ix1> {
    Dataset::from(Array1::from(values.to_vec()).insert_axis(Axis(1)))
}

#[test]
fn knots_and_basis_equal_the_reference() {
    let women = table("rotterdam.csv");
    for case in json("transform.json")["splines"].as_array().unwrap() {
        let rows = case["rows"].as_u64().unwrap() as usize;
        let count = case["count"].as_u64().unwrap() as usize;
        let data = one_column(&women.column("age")[..rows]);
        let spline = Spline::params(0).knots(Knots::Quantiles(count)).fit(&data).unwrap();
        for (ours, theirs) in spline.knots.iter().zip(numbers(&case["knots"])) {
            close(*ours, theirs, 1e-14);
        }
        for (at, row) in numbers(&case["at"]).into_iter().zip(case["basis"].as_array().unwrap()) {
            let row = numbers(row);
            let basis = spline.basis(at);
            assert_eq!(basis.len(), row.len());
            for (ours, theirs) in basis.iter().zip(row) {
                near(*ours, theirs, 1e-12 * (1.0 + theirs.abs()));
            }
        }
    }
}

#[test]
fn the_papers_transformation_of_age() {
    let women = table("rotterdam.csv");
    assert!(
        json("external_validation.json")["transforms"]
            .as_str()
            .unwrap()
            .starts_with("age_fp1=(age/100)^3; age_fp2=(age/100)^3*ln(age/100)")
    );
    let data = Dataset::from(women.design(&["nodes", "age", "er"])).with_feature_names(vec!["nodes", "age", "er"]);
    let fitted = FractionalPolynomial::params(1).powers(&[3.0, 3.0]).fit(&data).unwrap();
    assert_eq!((fitted.shift, fitted.scale), (0.0, 100.0));
    let wide = fitted.transform(data.records.clone()).unwrap();
    for (i, age) in women.column("age").iter().enumerate() {
        close(wide[[i, 1]], (age / 100.0).powf(3.0), 1e-14);
        close(wide[[i, 2]], (age / 100.0).powf(3.0) * (age / 100.0).ln(), 1e-13);
        assert_eq!(wide[[i, 0]], women.column("nodes")[i]);
        assert_eq!(wide[[i, 3]], women.column("er")[i]);
    }
    assert_eq!(
        fitted.names(data.feature_names()),
        ["nodes", "age^3", "age^3*ln(age)", "er"]
    );
}

/// The transformed model of the paper, fitted on columns that the transformers made, and carried over to the other trial.
#[test]
fn the_papers_model_on_transformed_columns() {
    let (women, trial) = (table("rotterdam.csv"), table("gbsg.csv"));
    let columns = [
        "age",
        "size_20_50",
        "size_gt50",
        "grade3",
        "nodes",
        "pgr",
        "er",
        "hormon",
    ];
    let positive: Vec<usize> = (0..women.rows).filter(|i| women.column("nodes")[*i] > 0.0).collect();
    let subjects = women.follow_up("rfs_days", "rfs_event");
    let cut = |s: &FollowUp| match s.exit() > 2557.0 {
        true => FollowUp::until(2557.0, 0).unwrap(),
        false => *s,
    };
    let targets: Array1<FollowUp> = positive.iter().map(|i| cut(&subjects[*i])).collect();
    let records = women.design(&columns).select(Axis(0), &positive);
    let plus_one = Scaling::Given { shift: 1.0, scale: 1.0 };
    let mut forms = Vec::new();
    let mut wide = records;
    for (column, powers, scaling) in [
        (6, &[0.0][..], plus_one),
        (5, &[0.0], plus_one),
        (0, &[3.0, 3.0], Scaling::Automatic),
    ] {
        let params = FractionalPolynomial::params(column).powers(powers).scaling(scaling);
        let form = params.fit(&Dataset::from(wide.clone())).unwrap();
        wide = form.apply(wide.view()).unwrap();
        forms.push(form);
    }
    // The paper's term of nodes is no power: it is written here.
    let with_nodes = |mut x: Array2<f64>| {
        x.column_mut(5).mapv_inplace(|nodes| (-0.12 * nodes).exp());
        x
    };
    let model = Cox::params().fit(&Dataset::new(with_nodes(wide), targets)).unwrap();
    let expected = &json("external_validation.json")["models"]["transformed"];
    for (ours, theirs) in model.coefficients.iter().zip(numbers(&expected["fit"]["coef"])) {
        close(*ours, theirs, 1e-8);
    }
    let trial = (forms.iter()).fold(trial.design(&columns), |x, form| form.transform(x).unwrap());
    let scores = model.predict(&with_nodes(trial));
    for (ours, theirs) in scores.iter().zip(numbers(&expected["lp_gbsg_first5_by_row"])) {
        close(*ours, theirs, 1e-8);
    }
}

#[test]
fn shift_and_scale_follow_their_rule() {
    let fitted = |values: &[f64]| {
        let fitted = FractionalPolynomial::params(0).fit(&one_column(values)).unwrap();
        (fitted.shift, fitted.scale)
    };
    assert_eq!(fitted(&[0.0, 1.0, 2.0, 5.0, 50.0]), (1.0, 1.0));
    assert_eq!(fitted(&[-3.0, -2.75, 9.0]), (3.3, 1.0));
    assert_eq!(fitted(&[0.01, 0.02, 0.04]), (0.0, 0.01));
    assert_eq!(fitted(&[3000.0, 4000.0, 9000.0]), (0.0, 10_000.0));
}

#[test]
fn repeated_powers_bring_logarithms() {
    let given = Scaling::Given { shift: 0.0, scale: 1.0 };
    let fit = |powers: &[f64]| {
        let params = FractionalPolynomial::params(0).powers(powers).scaling(given);
        params.fit(&one_column(&[1.0, 4.0])).unwrap().terms(4.0).unwrap()
    };
    let ln = 4.0_f64.ln();
    assert_eq!(fit(&[0.0, 0.0]), vec![ln, ln * ln]);
    assert_eq!(fit(&[2.0, -0.5]), vec![0.5, 16.0]);
    assert_eq!(fit(&[0.5, 0.5, 0.5]), vec![2.0, 2.0 * ln, 2.0 * ln * ln]);
}

/// Deviance of least squares, the variance estimated: n ln(RSS / n).
fn least_squares(y: &[f64]) -> impl FnMut(ArrayView2<f64>) -> Result<f64, Error> {
    let y = Array1::from(y.to_vec());
    move |columns| {
        let mut x = Array2::ones((y.len(), columns.ncols() + 1));
        for (mut out, column) in x.columns_mut().into_iter().skip(1).zip(columns.columns()) {
            out.assign(&column);
        }
        let factor = crate::survival::symmetric::Cholesky::of(x.t().dot(&x).view(), 1e-14);
        let beta = Array1::from(factor.solve(&x.t().dot(&y).to_vec()));
        let rest = &y - &x.dot(&beta);
        Ok(y.len() as f64 * (rest.dot(&rest) / y.len() as f64).ln())
    }
}

#[test]
fn the_closed_test_finds_the_form() {
    let x: Vec<f64> = (1..=200).map(|i| f64::from(i) / 20.0).collect();
    // A deterministic disturbance, the same at every run.
    let noise = |i: usize| 0.02 * ((i * 7919 % 101) as f64 / 50.0 - 1.0);
    let shape = |f: fn(f64) -> f64| -> Vec<f64> { x.iter().enumerate().map(|(i, v)| f(*v) + noise(i)).collect() };
    let choose = |y: &[f64], selection: Selection| {
        selection
            .choose(Array1::from(x.clone()).view(), least_squares(y))
            .unwrap()
    };
    let wave = choose(&shape(|v| v.ln() * v.ln() - v.ln()), Selection::default());
    assert_eq!(wave.chosen.unwrap().powers, [0.0, 0.0]);
    assert_eq!(wave.tests.iter().map(|t| t.degrees).collect::<Vec<_>>(), [4, 3, 2]);
    let root = choose(&shape(f64::sqrt), Selection::default());
    assert_eq!(root.first.powers, [0.5]);
    assert_eq!(root.chosen.unwrap().powers, [0.5]);
    assert_eq!(
        choose(&shape(|v| 2.0 * v), Selection::default()).chosen.unwrap().powers,
        [1.0]
    );
    let nothing = choose(&shape(|_| 0.0), Selection::default());
    assert!(nothing.chosen.is_none());
    let kept = Selection {
        degree: 1,
        select: 1.0,
        ..Selection::default()
    };
    assert_eq!(choose(&shape(|_| 0.0), kept).chosen.unwrap().powers, [1.0]);
    assert!(matches!(
        Selection { degree: 3, ..kept }.choose(array![1.0, 2.0].view(), |_| Ok(0.0)),
        Err(Error::Parameter { .. })
    ));
}

#[test]
fn a_choice_for_a_cox_model() {
    let women = table("rotterdam.csv");
    let subjects = Array1::from(women.follow_up("rfs_days", "rfs_event"));
    let deviance = |columns: ArrayView2<f64>| {
        let model = Cox::params().fit(&Dataset::new(columns.to_owned(), subjects.clone()))?;
        Ok(-2.0 * model.log_likelihood)
    };
    let choice = Selection {
        degree: 1,
        ..Selection::default()
    }
    .choose(Array1::from(women.column("nodes").to_vec()).view(), deviance)
    .unwrap();
    assert!(choice.first.deviance <= choice.linear.deviance && choice.linear.deviance < choice.null.deviance);
    assert!(choice.chosen.is_some_and(|form| form.powers == choice.first.powers));
}

#[test]
fn degenerate_columns_have_named_errors() {
    let constant = one_column(&[2.0; 20]);
    assert!(matches!(
        Spline::params(0).fit(&constant),
        Err(Error::TooFewValues {
            column: 0,
            values: 1,
            needed: 4
        })
    ));
    assert!(matches!(
        FractionalPolynomial::params(0).fit(&constant),
        Err(Error::TooFewValues { .. })
    ));
    assert!(matches!(Standardise.fit(&constant), Err(Error::TooFewValues { .. })));
    assert!(matches!(
        Spline::params(3).fit(&constant),
        Err(Error::Width { given: 1, expected: 4 })
    ));
    assert!(matches!(
        Spline::params(0).fit(&one_column(&[f64::NAN])),
        Err(Error::NotFinite { row: 0, column: 0 })
    ));
    assert!(matches!(Spline::params(0).fit(&one_column(&[])), Err(Error::Empty)));
    for knots in [
        Knots::Quantiles(2),
        Knots::Quantiles(8),
        Knots::At(vec![1.0, 1.0, 2.0]),
        Knots::At(vec![1.0, f64::NAN, 2.0]),
        Knots::At(vec![1.0, 2.0]),
    ] {
        let fitted = Spline::params(0).knots(knots).fit(&constant);
        assert!(matches!(fitted, Err(Error::Parameter { .. })));
    }
    let below = FractionalPolynomial::params(0)
        .powers(&[0.0])
        .fit(&one_column(&[1.0, 2.0, 3.0]))
        .unwrap();
    assert!(matches!(
        below.apply(array![[1.0], [0.0]].view()),
        Err(Error::OutOfScale { row: 1, .. })
    ));
    assert!(matches!(below.terms(f64::INFINITY), Err(Error::NotFinite { .. })));
    for scaling in [
        Scaling::Given { shift: 0.0, scale: 0.0 },
        Scaling::Given {
            shift: f64::NAN,
            scale: 1.0,
        },
    ] {
        let fitted = FractionalPolynomial::params(0).scaling(scaling).fit(&constant);
        assert!(matches!(fitted, Err(Error::Parameter { .. })));
    }
}

#[test]
fn a_standardised_column_has_mean_0_and_variance_1() {
    let women = table("rotterdam.csv");
    let data = Dataset::from(women.design(&["age", "pgr"]));
    let fitted = Standardise.fit(&data).unwrap();
    let again: Standardiser = serde_json::from_str(&serde_json::to_string(&fitted).unwrap()).unwrap();
    assert_eq!(fitted, again);
    let z = fitted.transform(data.records).unwrap();
    for column in z.columns() {
        near(column.mean().unwrap(), 0.0, 1e-12);
        near(column.var(0.0), 1.0, 1e-12);
    }
}

proptest! {
    #[test]
    fn straight_beyond_the_outer_knots(
        places in prop::collection::btree_set(-500i32..500, 3..8),
        far in 1.0f64..1e3,
    ) {
        let knots: Vec<f64> = places.iter().map(|p| f64::from(*p) / 7.0).collect();
        let (first, last) = (knots[0], knots[knots.len() - 1]);
        let spline = Spline { column: 0, name: "x".into(), knots };
        let middle = |a: f64, b: f64| {
            let (low, mid, high) = (spline.basis(a), spline.basis(0.5 * (a + b)), spline.basis(b));
            (0..low.len()).all(|j| {
                let size = low[j].abs().max(high[j].abs()).max(1.0);
                // Cubes of the distance cancel: their rounding is what is left.
                let cube = ((b - first).abs() / (last - first)).powi(3).max(1.0) * (last - first);
                (mid[j] - 0.5 * (low[j] + high[j])).abs() <= 1e-9 * size + 1e-11 * cube * (last - first).max(1.0)
            })
        };
        prop_assert!(middle(first - far, first));
        prop_assert!(middle(last, last + far));
        prop_assert!(spline.basis(first - far)[1..].iter().all(|v| *v == 0.0));
        let again: Spline = serde_json::from_str(&serde_json::to_string(&spline).unwrap()).unwrap();
        prop_assert_eq!(again.basis(last + far), spline.basis(last + far));
    }

    #[test]
    fn fits_or_says_why(values in prop::collection::vec(-5i8..6, 0..40), count in 3usize..8) {
        let values: Vec<f64> = values.into_iter().map(f64::from).collect();
        let data = one_column(&values);
        if let Ok(spline) = Spline::params(0).knots(Knots::Quantiles(count)).fit(&data) {
            prop_assert!(spline.apply(data.records.view()).unwrap().iter().all(|v| v.is_finite()));
        }
        if let Ok(form) = FractionalPolynomial::params(0).powers(&[-2.0, 0.0]).fit(&data) {
            prop_assert!(form.apply(data.records.view()).unwrap().iter().all(|v| v.is_finite()));
        }
    }
}
