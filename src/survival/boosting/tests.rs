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
