use super::*;
use crate::survival::tree::peers::*;
use linfa::prelude::*;

#[test]
#[ignore]
fn explore() {
    let (train, test) = (women("rotterdam.csv", true), women("gbsg.csv", false));
    for (size, lr, depth, leaf, sub, l2) in [
        (200, 0.05, 2, 15.0, 0.5, 1.0),
        (100, 0.05, 2, 15.0, 0.5, 1.0),
        (100, 0.1, 2, 15.0, 0.5, 1.0),
        (100, 0.1, 1, 15.0, 0.5, 1.0),
        (100, 0.05, 3, 15.0, 0.5, 1.0),
        (200, 0.05, 2, 50.0, 0.5, 10.0),
        (200, 0.05, 1, 30.0, 0.5, 1.0),
    ] {
        for seed in 0..3 {
            let t = std::time::Instant::now();
            let model = Boosting::params()
                .ensemble_size(size)
                .learning_rate(lr)
                .max_depth(depth)
                .min_weight_leaf(leaf)
                .subsample(sub)
                .l2(l2)
                .seed(seed)
                .fit(&train)
                .unwrap();
            let fit = t.elapsed();
            let m = measures(&test, &model.predict(&test), &model);
            println!(
                "size {size} lr {lr} depth {depth} leaf {leaf} sub {sub} l2 {l2} seed {seed}: C {:.5} auc {:.4?} ibs {:.5} fit {:?}",
                m.harrell, m.auc, m.brier, fit
            );
        }
    }
}

#[test]
#[ignore]
fn folds() {
    use crate::survival::*;
    use crate::survival::tree::{peers::*};
    let whole = women("rotterdam.csv", false);
    let n = whole.records.nrows();
    let fold = crate::survival::tree::streams(99, 1).remove(0);
    let mut order: Vec<usize> = (0..n).collect();
    use rand::seq::SliceRandom;
    let mut fold = fold; order.shuffle(&mut fold);
    let mut sums: std::collections::BTreeMap<&str, Vec<[f64;5]>> = Default::default();
    for k in 0..5 {
        let (a, b): (Vec<usize>, Vec<usize>) = (0..n).partition(|i| i % 5 != k);
        let pick = |at: &[usize]| { let rows: Vec<usize> = at.iter().map(|i| order[*i]).collect();
            linfa::Dataset::new(whole.records.select(ndarray::Axis(0), &rows), rows.iter().map(|i| whole.targets[*i]).collect::<ndarray::Array1<_>>()) };
        let (train, test) = (pick(&a), pick(&b));
        let mut put = |name, m: Measures| sums.entry(name).or_default().push([m.harrell, m.auc[0], m.auc[1], m.auc[2], m.brier]);
        let m = Cox::params().fit(&train).unwrap(); put("cox linear", measures(&test, &m.predict(&test), &m));
        let (tt, te) = (transformed(train.clone()), transformed(test.clone()));
        let m = Cox::params().fit(&tt).unwrap(); put("cox transformed", measures(&te, &m.predict(&te), &m));
        for seed in 0..2 {
        let m = Forest::params().seed(seed).fit(&train).unwrap(); put("forest default", measures(&test, &m.predict(&test), &m));
        let m = Forest::params().mtry(2).seed(seed).fit(&train).unwrap(); put("forest mtry 2", measures(&test, &m.predict(&test), &m));
        let m = Boosting::params().seed(seed).fit(&train).unwrap(); put("boosting default 100 d2 .1", measures(&test, &m.predict(&test), &m));
        let m = Boosting::params().ensemble_size(200).learning_rate(0.05).seed(seed).fit(&train).unwrap(); put("boosting 200 d2 .05", measures(&test, &m.predict(&test), &m));
        let m = Boosting::params().ensemble_size(200).learning_rate(0.05).max_depth(1).seed(seed).fit(&train).unwrap(); put("boosting 200 d1 .05", measures(&test, &m.predict(&test), &m));
        let m = Boosting::params().ensemble_size(500).learning_rate(0.05).held_out(0.2).seed(seed).fit(&train).unwrap(); put("boosting held out", measures(&test, &m.predict(&test), &m)); println!("{}", m.trees());
        }
    }
    for (name, v) in sums { let mean: Vec<f64> = (0..5).map(|j| v.iter().map(|m| m[j]).sum::<f64>() / v.len() as f64).collect(); println!("{name}: {mean:.5?}"); }
}
