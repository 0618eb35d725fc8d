//! Cross-validation, derived lambdas, strata, delayed entry and ties against glmnet and R.

use super::*;

/// Within a share of what moves the linear predictor by one standard deviation.
fn all_near(ours: impl IntoIterator<Item = f64>, theirs: &[f64], within: f64, spread: impl Fn(usize) -> f64) {
    for (j, ours) in ours.into_iter().enumerate() {
        near(ours * spread(j), theirs[j] * spread(j), within);
    }
}

/// The exact references below: active-set Newton in R on survival's own score and information (`coxph` with `iter.max = 0`).
const EXACT: f64 = 1e-8;

fn spreads() -> Vec<f64> {
    numbers(&json("penalised_cox.json")["design"]["sd_population"])
}

#[test]
fn cross_validation_equals_glmnet() {
    let (x, y) = rotterdam();
    let data = Dataset::new(x, Array1::from(y));
    let weights: Vec<f64> = table("rotterdam.csv")
        .column("pid")
        .iter()
        .map(|pid| 1.0 + pid % 3.0)
        .collect();
    let params = CoxNet::params().alpha(0.5).lambdas(LAMBDAS.to_vec());
    let plain = params
        .clone()
        .check()
        .unwrap()
        .cross_validate(&data, &every_fifth())
        .unwrap();
    let (mean, error) = (
        [
            15.2552353445857,
            15.1905138391326,
            15.1690002861714,
            15.1645365420352,
            15.1639934385364,
            15.1647179213061,
        ],
        [
            0.0471916368560884,
            0.0419598220159896,
            0.0400291401816145,
            0.0403383480897498,
            0.0404953237289243,
            0.0406307740483038,
        ],
    );
    all_near(plain.deviance.clone(), &mean, EXACT, |_| 1.0);
    all_near(plain.error.clone(), &error, EXACT, |_| 1.0);
    // cv.glmnet, whose coefficients stop 2e-5 short
    let theirs = [
        15.2551485159,
        15.1904385395,
        15.1689344204,
        15.1644814619,
        15.1639446304,
        15.1646710481,
    ];
    all_near(plain.deviance.clone(), &theirs, 1e-4, |_| 1.0);
    assert_eq!((plain.lambda_min, plain.lambda_1se), (0.01, 0.1));
    assert_eq!((plain.number_min, plain.number_1se), (4, 1));

    let weighted = params
        .weights(weights)
        .check()
        .unwrap()
        .cross_validate(&data, &every_fifth())
        .unwrap();
    let (mean, error) = (
        [
            7.57340451629790,
            7.54303195305188,
            7.53213158611093,
            7.52916275353529,
            7.53043248926259,
            7.53154245996943,
        ],
        [
            0.0263550465163936,
            0.0235396115277750,
            0.0230333971921321,
            0.0236194330118592,
            0.0237998937528759,
            0.0238822571361348,
        ],
    );
    all_near(weighted.deviance.clone(), &mean, EXACT, |_| 1.0);
    all_near(weighted.error.clone(), &error, EXACT, |_| 1.0);
    let coef = [
        0.0,
        3.08006280901791e-02,
        2.75101010401133e-01,
        5.52955647401759e-01,
        3.01952730508197e-01,
        7.51418427246488e-02,
        -4.03356305138189e-05,
        0.0,
        -6.78892275078092e-02,
        -9.10685898845838e-02,
    ];
    let spreads = spreads();
    all_near(weighted.path.coefficients.row(3).to_owned(), &coef, EXACT, |j| {
        spreads[j]
    });
}

#[test]
fn cross_validation_knows_no_threads() {
    let (x, y) = rotterdam();
    let data = Dataset::new(x, Array1::from(y));
    let params = CoxNet::params().alpha(0.5).lambdas(LAMBDAS.to_vec()).check().unwrap();
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| params.cross_validate(&data, &every_fifth()).unwrap())
    };
    assert!(on(1) == on(3));
}

#[test]
fn derived_lambdas_and_penalty_factors_equal_glmnet() {
    let (x, y) = rotterdam();
    let data = Dataset::new(x, Array1::from(y));
    let spreads = spreads();
    let five = CoxNet::params().alpha(0.5).count(5).ratio(0.05).fit(&data).unwrap();
    let lambdas = [
        0.5161801273028,
        0.2440865120654,
        0.1154213853284,
        0.0545794033369,
        0.0258090063651,
    ];
    all_near(five.lambdas.clone(), &lambdas, 3e-5, |_| 1.0);
    assert_eq!(five.nonzero(0), 0);
    assert!(five.nonzero(1) > 0);
    let factors = vec![0.0, 1.0, 2.0, 1.0, 1.0, 0.5, 1.0, 1.0, 1.0, 3.0];
    let params = CoxNet::params().alpha(0.7).penalty_factors(factors);
    let path = params.clone().lambdas(LAMBDAS.to_vec()).fit(&data).unwrap();
    let coef = [
        3.52787523051e-03,
        0.0,
        2.21549253315e-01,
        4.86800592769e-01,
        2.98608441780e-01,
        7.59566804363e-02,
        -7.80718737808e-05,
        0.0,
        -3.30088953404e-02,
        0.0,
    ];
    all_near(path.coefficients.row(3).to_owned(), &coef, 3e-5, |j| spreads[j]);
    let five = params.count(5).ratio(0.05).fit(&data).unwrap();
    let lambdas = [
        0.8373940657288,
        0.3959792055460,
        0.1872470054924,
        0.0885436421277,
        0.0418697032864,
    ];
    all_near(five.lambdas.clone(), &lambdas, 3e-5, |_| 1.0);
    assert_eq!(five.nonzero(0), 1);
}

#[test]
fn strata_and_delayed_entry_equal_the_reference() {
    let women = table("rotterdam.csv");
    let names: Vec<&str> = ROTTERDAM.iter().copied().filter(|name| *name != "meno").collect();
    let data = Dataset::new(
        women.design(&names),
        Array1::from(women.follow_up("rfs_days", "rfs_event")),
    );
    let strata = women.column("meno").iter().map(|v| *v as u32).collect();
    let path = CoxNet::params()
        .alpha(0.5)
        .lambdas(LAMBDAS.to_vec())
        .strata(strata)
        .fit(&data)
        .unwrap();
    let coef = [
        0.0,
        3.01034970208114e-01,
        5.56302133466819e-01,
        2.93619580721454e-01,
        7.28515494000063e-02,
        -7.18767675069948e-05,
        0.0,
        -3.71733015781139e-02,
        -2.07548848810551e-02,
    ];
    let mut spreads = spreads();
    spreads.remove(1);
    all_near(path.coefficients.row(3).to_owned(), &coef, EXACT, |j| spreads[j]);

    let (x, y) = intervals();
    let data = Dataset::new(x, y);
    let breslow = [
        [
            0.7784374493558972,
            -1.203681817463401,
            2.970066092227577,
            0.00971775907576834,
            0.0,
        ],
        [
            0.9607925850479043,
            -1.3549021660324247,
            3.024538089246137,
            0.0199526745105275,
            0.0,
        ],
        [
            1.0279040633800998,
            -1.400347118359066,
            3.0147284453953924,
            0.0236337295304493,
            -0.0526983915557382,
        ],
    ];
    let efron = [
        [
            0.7786490794604211,
            -1.2039583516809191,
            2.9693257647133047,
            0.00969394894917764,
            0.0,
        ],
        [
            0.961047872924593,
            -1.35518772054758,
            3.023534670014273,
            0.0199249322346725,
            0.0,
        ],
        [
            1.028168029359122,
            -1.400637692280958,
            3.0137452180502597,
            0.0235992252484029,
            -0.0517813972908030,
        ],
    ];
    for (ties, expected) in [(Ties::Breslow, breslow), (Ties::Efron, efron)] {
        let path = CoxNet::params()
            .alpha(0.5)
            .ties(ties)
            .lambdas(vec![0.02, 0.005, 0.001])
            .fit(&data)
            .unwrap();
        for (k, coef) in expected.iter().enumerate() {
            all_near(path.coefficients.row(k).to_owned(), coef, EXACT, |_| 1.0);
        }
    }
}

#[test]
fn whole_year_ties_with_weights_by_efron() {
    let women = table("rotterdam.csv");
    let y = women.follow_up("rfs_days", "rfs_event");
    let yearly = y
        .iter()
        .map(|f| FollowUp::until((f.exit() / 365.25).ceil(), f.event()).unwrap())
        .collect();
    let weights = women.column("pid").iter().map(|pid| 1.0 + pid % 3.0).collect();
    let params = CoxNet::params()
        .alpha(0.5)
        .ties(Ties::Efron)
        .weights(weights)
        .lambdas(vec![0.02]);
    let path = params.fit(&Dataset::new(women.design(&ROTTERDAM), yearly)).unwrap();
    let coef = [
        0.0,
        2.78028041875935e-02,
        2.79237448832598e-01,
        5.47550497405384e-01,
        2.97218488575317e-01,
        7.49088292325699e-02,
        -4.72578228567176e-05,
        0.0,
        -8.31326021811443e-02,
        -8.84037673999901e-02,
    ];
    let spreads = spreads();
    all_near(path.coefficients.row(0).to_owned(), &coef, EXACT, |j| spreads[j]);
}
