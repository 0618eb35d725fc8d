//! Degenerate and odd input: named errors, documented answers.

use super::*;

#[test]
fn degenerate_input_has_named_errors() {
    let y = || until(&[(1.0, 1), (2.0, 1), (3.0, 0), (4.0, 1), (5.0, 0), (6.0, 0)]);
    let x = array![[1.0, 2.0], [1.0, 0.0], [0.5, 1.0], [0.4, 2.0], [0.0, 1.0], [0.1, 0.0]];
    let data = Dataset::new(x.clone(), y());
    let fit = |params: CoxNetParams| params.fit(&data);
    let refused = |params: CoxNetParams| matches!(fit(params), Err(Error::Parameter { .. }));
    assert!(refused(CoxNet::params().alpha(1.1)));
    assert!(refused(CoxNet::params().alpha(f64::NAN)));
    assert!(refused(CoxNet::params().lambdas(vec![])));
    assert!(refused(CoxNet::params().lambdas(vec![-1.0])));
    assert!(refused(CoxNet::params().count(0)));
    assert!(refused(CoxNet::params().ratio(1.0)));
    assert!(refused(CoxNet::params().cause(0)));
    assert!(refused(CoxNet::params().tolerance(0.0)));
    assert!(refused(CoxNet::params().max_iterations(0)));
    assert!(refused(CoxNet::params().penalty_factors(vec![1.0, f64::INFINITY])));
    assert!(matches!(
        fit(CoxNet::params().penalty_factors(vec![1.0])),
        Err(Error::Width { .. })
    ));
    assert!(matches!(
        fit(CoxNet::params().strata(vec![1])),
        Err(Error::Lengths { .. })
    ));
    assert!(matches!(
        fit(CoxNet::params().weights(vec![1.0])),
        Err(Error::Lengths { .. })
    ));
    assert!(matches!(
        fit(CoxNet::params().weights(vec![1.0, 0.0, 1.0, 1.0, 1.0, 1.0])),
        Err(Error::Weight { row: 1, .. })
    ));
    assert!(matches!(fit(CoxNet::params().cause(2)), Err(Error::NoEvents)));
    let model = CoxNet::params().check().unwrap();
    assert!(matches!(model.fit_at(-1.0, &data), Err(Error::Parameter { .. })));
    let fitted = model.fit_at(0.01, &data).unwrap();
    assert!(matches!(
        fitted.survival_at(array![[1.0]].view(), &[1.0]),
        Err(Error::Width { .. })
    ));
    assert!(matches!(
        fitted.survival_at(array![[1.0, f64::NAN]].view(), &[1.0]),
        Err(Error::NotFinite { .. })
    ));
    assert!(matches!(
        fitted.survival_in(3, array![[1.0, 1.0]].view(), &[1.0]),
        Err(Error::Parameter { .. })
    ));
    let mut holed = x;
    holed[[1, 1]] = f64::NAN;
    let holed = CoxNet::params().fit(&Dataset::new(holed, y()));
    assert!(matches!(holed, Err(Error::NotFinite { row: 1, column: 1 })));
    let nobody = CoxNet::params().fit(&Dataset::new(Array2::zeros((0, 2)), Array1::from(vec![])));
    assert!(matches!(nobody, Err(Error::Empty)));
}

#[test]
fn odd_columns_have_documented_answers() {
    let y = || until(&[(1.0, 1), (2.0, 1), (3.0, 0), (4.0, 1), (5.0, 0), (6.0, 1)]);
    // All constant: nothing enters, and the baseline is Nelson and Aalen's.
    let flat = Dataset::new(Array2::from_elem((6, 2), 0.1), y());
    let path = CoxNet::params().fit(&flat).unwrap();
    assert_eq!((path.lambdas.as_slice(), path.nonzero(0)), (&[0.0][..], 0));
    let model = CoxNet::params().check().unwrap().fit_at(0.1, &flat).unwrap();
    near(
        model.survival_at(array![[0.1, 0.1]].view(), &[1.0]).unwrap()[[0, 0]],
        (-1.0_f64 / 6.0).exp(),
        1e-15,
    );
    // A penalty too large for anything.
    let x = array![[1.0], [3.0], [2.0], [5.0], [4.0], [4.5]];
    let path = CoxNet::params()
        .lambdas(vec![1e9])
        .fit(&Dataset::new(x.clone(), y()))
        .unwrap();
    assert_eq!(
        (path.nonzero(0), path.log_likelihoods[0]),
        (0, path.log_likelihood_null)
    );
    // The same column twice: without a penalty the later is out, a ridge part shares evenly, the lasso's sum is that of one.
    let twice = ndarray::concatenate![ndarray::Axis(1), x, x];
    let at = |alpha: f64, lambda: f64, x: &Array2<f64>| {
        let params = CoxNet::params().alpha(alpha).check().unwrap();
        params
            .fit_at(lambda, &Dataset::new(x.clone(), y()))
            .unwrap()
            .coefficients
    };
    let (free, one) = (at(1.0, 0.0, &twice), at(1.0, 0.0, &x));
    near(free[0], one[0], 1e-8);
    assert_eq!(free[1], 0.0);
    let shared = at(0.5, 0.01, &twice);
    near(shared[0], shared[1], 1e-8);
    near(at(1.0, 0.01, &twice).sum(), at(1.0, 0.01, &x)[0], 1e-8);
}

#[test]
fn a_runaway_coefficient_is_reported() {
    let x = array![[0.3, 1.0], [0.1, 1.0], [0.2, 1.0], [0.4, 0.0], [0.2, 0.0], [0.3, 0.0]];
    let y = until(&[(1.0, 1), (2.0, 1), (3.0, 1), (4.0, 0), (5.0, 0), (6.0, 0)]);
    let data = Dataset::new(x, y);
    let free = CoxNet::params().lambdas(vec![0.1, 0.0]).fit(&data);
    assert!(matches!(free, Err(Error::NotConverged { column: 1, .. })), "{free:?}");
    assert!(CoxNet::params().lambdas(vec![0.1, 1e-3]).fit(&data).is_ok());
}

/// The third subject, not yet there at the one event, outweighs the others ten thousand times: what subtracting it leaves of the
/// likelihood is noise in the twelfth digit.
#[test]
fn a_heavy_late_row_does_not_stop_the_descent() {
    let x = array![[-2.0, -1.0], [3.0, -2.0], [2.0, 2.0], [0.0, -1.0]];
    let y: Array1<FollowUp> = [(0.0, 1.0, 0), (0.0, 2.0, 0), (1.0, 2.0, 0), (0.0, 1.0, 1)]
        .map(|(entry, exit, event)| FollowUp::new(entry, exit, event).unwrap())
        .into_iter()
        .collect();
    let params = CoxNet::params()
        .alpha(0.3432725307991135)
        .weights(vec![3.0, 2.0, 1.0, 3.0]);
    let path = params.count(6).ratio(0.05).fit(&Dataset::new(x, y)).unwrap();
    assert!(path.violations.iter().all(|v| *v <= 1e-10));
}

proptest! {
    #[test]
    fn fits_or_says_why(
        rows in prop::collection::vec((1u8..9, 0u8..4, 0u32..2, -3i8..4, -3i8..4, 1u8..4), 2..40),
        turn in 0usize..40,
        alpha in 0.0..1.0_f64,
        efron in any::<bool>(),
    ) {
        let ties = if efron { Ties::Efron } else { Ties::Breslow };
        let fit = |rows: &[(u8, u8, u32, i8, i8, u8)], time: f64, weighted: bool| {
            let x = Array2::from_shape_fn((rows.len(), 2), |(i, j)| f64::from([rows[i].3, rows[i].4][j]));
            let y: Array1<FollowUp> = (rows.iter())
                .map(|r| {
                    let exit = time * f64::from(r.0 + r.1);
                    FollowUp::new(time * f64::from(r.1), exit, r.2).unwrap()
                })
                .collect();
            let weights = rows.iter().map(|r| if weighted { f64::from(r.5) } else { 1.0 }).collect();
            let params = CoxNet::params().alpha(alpha).ties(ties).weights(weights).count(6).ratio(0.05);
            params.fit(&Dataset::new(x, y))
        };
        let same = |a: &CoxNetPath, b: &CoxNetPath| {
            let pairs = a.coefficients.iter().zip(&b.coefficients);
            a.lambdas.iter().zip(&b.lambdas).all(|(a, b)| (a - b).abs() < 1e-9)
                && pairs.clone().all(|(a, b)| (a - b).abs() < 1e-6)
        };
        let plain = fit(&rows, 1.0, true);
        if let Ok(path) = &plain {
            prop_assert!(path.coefficients.iter().all(|b| b.is_finite()));
            prop_assert!(path.violations.iter().all(|v| *v <= 1e-9));
            prop_assert!(path.log_likelihoods.iter().all(|l| *l >= path.log_likelihood_null - 1e-9));
            let mut turned = rows.clone();
            turned.rotate_left(turn % rows.len());
            prop_assert!(same(path, &fit(&turned, 1.0, true).unwrap()));
            prop_assert!(same(path, &fit(&rows, 0.37, true).unwrap()));
            if ties == Ties::Breslow {
                let repeated: Vec<_> = rows.iter().flat_map(|r| std::iter::repeat_n(*r, usize::from(r.5))).collect();
                prop_assert!(same(path, &fit(&repeated, 1.0, false).unwrap()));
            }
        } else {
            prop_assert!(matches!(plain, Err(Error::NoEvents)), "{:?}", plain);
        }
    }
}
