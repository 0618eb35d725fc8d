use super::*;
use crate::survival::tree::peers::*;
use crate::survival::*;
use linfa::prelude::*;
use ndarray::{Array1, Array2, array, s};

#[test]
#[ignore]
fn explore() {
    let (train, test) = (women("rotterdam.csv", true), women("gbsg.csv", false));
    for (mtry, leaf) in [(3, 15.0), (2, 15.0)] {
        for seed in 0..4 {
            let t = std::time::Instant::now();
            let model = Forest::params()
                .ensemble_size(500)
                .mtry(mtry)
                .min_weight_leaf(leaf)
                .min_weight_split(6.0)
                .seed(seed)
                .fit(&train)
                .unwrap();
            let fit = t.elapsed();
            let m = measures(&test, &model.predict(&test), &model);
            println!(
                "mtry {mtry} leaf {leaf} seed {seed}: C {:.5} auc {:.4?} ibs {:.5} oob {:?} leaves {} fit {:?} all {:?}",
                m.harrell,
                m.auc,
                m.brier,
                model.oob_concordance,
                model.leaves() / 500,
                fit,
                t.elapsed()
            );
        }
    }
}
