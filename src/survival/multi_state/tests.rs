use proptest::prelude::*;

use super::*;
use crate::survival::kaplan_meier::tests::some_subjects;
use crate::survival::oracle::{json, near, numbers, table};
use crate::survival::{AalenJohansen, KaplanMeier};

const RELAPSE: usize = 1;
const METASTASIS: usize = 2;
const DEATH: usize = 3;

/// Start disease-free (0). A relapse or metastasis at or after the exit, or not after the row's start, is ignored, and so is a
/// relapse after the metastasis; the last row ends at the exit, by death or unknown.
fn histories() -> Vec<Sojourn> {
    let women = table("brca_metastasis.csv");
    let column = |name| women.column(name);
    let mut rows = Vec::new();
    for i in 0..women.rows {
        let (id, exit) = (column("pid")[i] as u64, column("t_exit")[i]);
        let mut moves = vec![
            (column("t_relapse")[i], RELAPSE),
            (column("t_metastasis")[i], METASTASIS),
        ];
        moves.retain(|(time, _)| !time.is_nan());
        moves.sort_by(|a, b| a.0.total_cmp(&b.0));
        let (mut from, mut spread) = (0.0, false);
        for (time, to) in moves {
            if (to == RELAPSE && spread) || time <= from || time >= exit {
                continue;
            }
            rows.push(Sojourn::new(id, from, time, Some(to)).unwrap());
            (from, spread) = (time, to == METASTASIS);
        }
        let died = column("dead")[i] == 1.0;
        rows.push(Sojourn::new(id, from, exit, died.then_some(DEATH)).unwrap());
    }
    rows
}

#[test]
fn relapse_metastasis_and_death_equal_the_reference() {
    let fitted = MultiState::params(4).fit(&histories()).unwrap();
    let expected = &json("competing_risks.json")["brca_multistate"];
    for (from, counts) in expected["transitions"]["count"].as_array().unwrap().iter().enumerate() {
        let ours = [1, 2, 3].map(|to| fitted.transitions[[from, to]] as f64);
        let censored = fitted.censored[from] as f64;
        assert_eq!([ours.as_slice(), &[censored]].concat(), numbers(counts));
    }
    let times = numbers(&expected["time"]);
    let errors = fitted.se(&times);
    for (k, time) in times.into_iter().enumerate() {
        let p = numbers(&expected["p"][k]);
        for (state, p) in p.into_iter().enumerate() {
            near(fitted.occupation_at(time)[state], p, 1e-10);
            near(errors[[k, state]], numbers(&expected["se"][k])[state], 1e-10);
        }
    }
}

/// Two start states, a way back, late entry, a gap closed by a second row of the same state, case weights.
/// R 4.2.2, survival 3.5-3: survfit(Surv(t1, t2, to) ~ 1, id = id, istate = state, weights = w), pstate and std.err at 3, 5, 6, 9.
#[test]
fn any_states_equal_the_reference() {
    let data: [(u64, f64, f64, Option<usize>, usize, f64); 15] = [
        (1, 0.0, 2.0, Some(1), 0, 1.0),
        (1, 2.0, 5.0, Some(0), 0, 1.0),
        (1, 5.0, 7.0, None, 0, 1.0),
        (2, 0.0, 3.0, Some(2), 0, 2.0),
        (3, 1.0, 4.0, Some(1), 0, 0.5),
        (3, 4.0, 6.0, Some(2), 0, 0.5),
        (4, 0.0, 4.0, Some(0), 1, 1.5),
        (4, 4.0, 8.0, None, 1, 1.5),
        (5, 0.0, 6.0, Some(2), 1, 1.0),
        (6, 0.0, 5.0, None, 0, 0.75),
        (7, 0.0, 2.0, None, 0, 1.25),
        (7, 2.0, 6.0, Some(1), 0, 1.25),
        (7, 6.0, 9.0, Some(2), 0, 1.25),
        (8, 2.0, 7.0, Some(1), 0, 1.0),
        (8, 7.0, 9.0, None, 0, 1.0),
    ];
    let rows = data.map(|(id, entry, exit, to, ..)| Sojourn::new(id, entry, exit, to).unwrap());
    let params = MultiState::params(3).initial(data.map(|row| row.4).to_vec());
    let plain = params.fit(&rows).unwrap();
    assert_eq!(plain.transitions, ndarray::array![[0, 4, 1], [2, 0, 3], [0, 0, 0]]);
    assert_eq!((plain.censored.as_slice(), plain.subjects), ([3, 1, 0].as_slice(), 8));
    // The same with influence = TRUE: the error of the shares at the start counts.
    let varying = params
        .clone()
        .start_varies(true)
        .fit(&rows)
        .unwrap()
        .se(&[3.0, 5.0, 6.0, 9.0]);
    let expected = [
        [0.1749302234903363, 0.1870439059165649, 0.1113919353692453],
        [0.1690436267932667, 0.1548998164518289, 0.1113919353692453],
        [0.185416973771598, 0.1401262504000674, 0.1690436267932667],
        [0.1805663324385885, 0.1382351800902261, 0.1854169737715979],
    ];
    for (ours, expected) in varying.iter().zip(expected.as_flattened()) {
        near(*ours, *expected, 1e-14);
    }
    let weighted = params.weights(data.map(|row| row.5).to_vec()).fit(&rows).unwrap();
    let expected: [[[f64; 3]; 2]; 8] = [
        [
            [0.4571428571428572, 0.4285714285714286, 0.1142857142857143],
            [0.1409008914964338, 0.127775312999988, 0.1065986177495865],
        ],
        [
            [0.6190476190476191, 0.2666666666666668, 0.1142857142857143],
            [0.1682240165014829, 0.1469508687389403, 0.1065986177495865],
        ],
        [
            [0.4642857142857143, 0.1547619047619048, 0.3809523809523811],
            [0.187540622961456, 0.1389325328252842, 0.1682240165014828],
        ],
        [
            [0.3095238095238096, 0.1547619047619048, 0.5357142857142858],
            [0.1823100695278436, 0.1380456260088174, 0.1875406229614559],
        ],
        [
            [0.3579545454545455, 0.4375, 0.2045454545454546],
            [0.1490129999522553, 0.1172714059122176, 0.1620880607695306],
        ],
        [
            [0.6147727272727274, 0.1806818181818182, 0.2045454545454546],
            [0.1855969107694295, 0.1183337250024058, 0.1620880607695306],
        ],
        [
            [0.4529904306220097, 0.1617822966507177, 0.3852272727272728],
            [0.1954856915173996, 0.1462648962629879, 0.1855969107694296],
        ],
        [
            [0.3235645933014355, 0.1294258373205742, 0.5470095693779905],
            [0.187858476274997, 0.1224295781577865, 0.1954856915173997],
        ],
    ];
    let times = [3.0, 5.0, 6.0, 9.0];
    for (fitted, expected) in [&plain, &weighted].into_iter().zip(expected.chunks(4)) {
        let errors = fitted.se(&times);
        for (k, [p, se]) in expected.iter().enumerate() {
            for state in 0..3 {
                near(fitted.occupation_at(times[k])[state], p[state], 1e-14);
                near(errors[[k, state]], se[state], 1e-14);
            }
        }
    }
}

#[test]
fn degenerate_input() {
    let row = |id, entry, exit, to| Sojourn::new(id, entry, exit, to).unwrap();
    let two = MultiState::params(2);
    assert!(matches!(two.fit(&[]), Err(Error::Empty)));
    assert!(matches!(two.fit(&[row(1, 0.0, 1.0, None)]), Err(Error::NoEvents)));
    assert!(matches!(two.fit(&[row(1, 0.0, 1.0, Some(0))]), Err(Error::NoEvents)));
    assert!(matches!(
        two.fit(&[row(1, 0.0, 1.0, Some(2))]),
        Err(Error::State {
            row: 0,
            state: 2,
            states: 2
        })
    ));
    let rows = [row(1, 1.0, 3.0, Some(1)), row(1, 0.0, 2.0, None)];
    assert!(matches!(two.fit(&rows), Err(Error::Overlap { row: 0, .. })));
    assert!(matches!(MultiState::params(1).fit(&rows), Err(Error::Parameter { .. })));
    assert!(matches!(
        two.clone().initial(vec![0]).fit(&rows),
        Err(Error::Lengths { .. })
    ));
    assert!(matches!(
        two.clone().initial(vec![0, 5]).fit(&rows),
        Err(Error::State { .. })
    ));
    assert!(matches!(
        two.weights(vec![1.0, -1.0]).fit(&rows),
        Err(Error::Weight { row: 1, .. })
    ));
    assert!(matches!(
        Sojourn::new(1, 2.0, 2.0, None),
        Err(Error::NoTimeAtRisk { .. })
    ));
    let sure = MultiState::params(2).fit(&[row(1, 0.0, 1.0, Some(1))]).unwrap();
    assert_eq!(
        (sure.occupation_at(0.5), sure.occupation_at(9.0)),
        (vec![1.0, 0.0], vec![0.0, 1.0])
    );
    assert_eq!(sure.se(&[0.5, 1.0]), Array2::<f64>::zeros((2, 2)));
    assert_eq!((sure.hazard_at(0, 1, 1.0), sure.hazard_at(1, 0, 1.0)), (1.0, 0.0));
}

/// Subjects with up to three rows each, times on a coarse grid; one number in four goes nowhere.
fn some_histories() -> impl Strategy<Value = (Vec<Sojourn>, Vec<usize>)> {
    let row = (0u8..2, 1u8..4, 0usize..4);
    let subject = (0usize..3, prop::collection::vec(row, 1..4));
    prop::collection::vec(subject, 2..15).prop_map(|subjects| {
        let (mut rows, mut initial) = (vec![], vec![]);
        for (id, (start, history)) in subjects.into_iter().enumerate() {
            let mut from = 0;
            for (gap, length, to) in history {
                let (entry, exit) = (from + gap, from + gap + length);
                rows.push(Sojourn::new(id as u64, f64::from(entry), f64::from(exit), (to < 3).then_some(to)).unwrap());
                initial.push(start);
                from = exit;
            }
        }
        (rows, initial)
    })
}

proptest! {
    /// The infinitesimal jackknife is the derivative of the chances by a subject's weight, here by the difference of two fits.
    #[test]
    fn the_error_is_the_slope_by_each_weight((rows, initial) in some_histories()) {
        let params = MultiState::params(3).initial(initial).start_varies(true);
        let Ok(fitted) = params.fit(&rows) else { return Ok(()) };
        let step = 1e-5;
        let chances = |id: u64, step: f64| {
            let weights = rows.iter().map(|row| if row.id == id { 1.0 + step } else { 1.0 }).collect();
            params.clone().weights(weights).fit(&rows).unwrap().occupation
        };
        let mut squares = Array2::<f64>::zeros(fitted.occupation.raw_dim());
        for id in 0..fitted.subjects as u64 {
            let slope = (chances(id, step) - chances(id, -step)) / (2.0 * step);
            squares += &slope.mapv(|slope| slope * slope);
        }
        for (ours, square) in fitted.se(&fitted.times).iter().zip(&squares) {
            prop_assert!((ours - square.sqrt()).abs() < 1e-6, "{ours} {}", square.sqrt());
        }
        for row in fitted.occupation.rows() {
            prop_assert!((row.sum() - 1.0).abs() < 1e-12 && row.iter().all(|p| *p >= 0.0));
        }
    }

    #[test]
    fn competing_causes_are_states_that_nobody_leaves(subjects in some_subjects()) {
        let rows: Vec<Sojourn> = (subjects.iter().zip(0..))
            .map(|(s, id)| {
                let to = (s.event() > 0).then_some(s.event() as usize);
                Sojourn::new(id, s.entry(), s.exit(), to).unwrap()
            })
            .collect();
        let Ok(fitted) = MultiState::params(4).fit(&rows) else { return Ok(()) };
        let other = AalenJohansen::fit(&subjects).unwrap();
        let curve = KaplanMeier::fit(&subjects, None).unwrap();
        let errors = fitted.se(&fitted.times);
        for (row, time) in fitted.times.iter().enumerate() {
            let chances = fitted.occupation_at(*time);
            prop_assert!((chances.iter().sum::<f64>() - 1.0).abs() < 1e-12);
            prop_assert!((chances[0] - curve.survival_at(*time)).abs() < 1e-12);
            for cause in 1..=other.causes {
                prop_assert!((chances[cause] - other.incidence[[row, cause - 1]]).abs() < 1e-12);
                prop_assert!((errors[[row, cause]] - other.se_at(cause as u32, *time)).abs() < 1e-8);
            }
        }
    }

    #[test]
    fn the_order_of_rows_does_not_matter(turn in 0usize..200) {
        let mut rows = histories();
        rows.truncate(200);
        let first = MultiState::params(4).fit(&rows).unwrap();
        rows.rotate_left(turn);
        let second = MultiState::params(4).fit(&rows).unwrap();
        prop_assert_eq!(&first.occupation, &second.occupation);
        let difference = first.se(&[1.0, 5.0]) - second.se(&[1.0, 5.0]);
        prop_assert!(difference.iter().all(|d| d.abs() < 1e-14));
    }
}
