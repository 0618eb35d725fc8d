//! Fine and Gray's sandwich: each subject's influence on the coefficients, with what its censoring tells of the curve `G`.

use ndarray::{Array1, Array2};

use super::censoring::{End, Lost};
use super::design::{Design, Evaluation, numbered, squares};
use super::{FineGrayValidParams, TiedCensoring};

/// Steps times means, summed up to (`before`) and, weighted by `G`, from (`after`) each event time.
struct Paths {
    before: Array2<f64>,
    after: Vec<Array2<f64>>,
    /// The steps alone.
    hazard: Array2<f64>,
}

impl Paths {
    fn of(design: &Design, at: &Evaluation) -> Paths {
        let (m, p) = at.mean.dim();
        let mut before = Array2::zeros((m + 1, p));
        let mut after = vec![Array2::zeros((m + 1, p)); design.groups];
        for k in 0..m {
            let sum = &before.row(k) + &(&at.mean.row(k) * at.jump[k]);
            before.row_mut(k + 1).assign(&sum);
        }
        for k in (0..m).rev() {
            for (g, after) in after.iter_mut().enumerate() {
                let sum = &after.row(k + 1) + &(&at.mean.row(k) * (at.jump[k] * design.later[[k, g]]));
                after.row_mut(k).assign(&sum);
            }
        }
        Paths {
            before,
            after,
            hazard: design.after(&at.jump),
        }
    }
}

/// Each subject's share in the score, on the standardised columns and in the order of the design.
pub(super) fn influence(design: &Design, at: &Evaluation, params: &FineGrayValidParams) -> Array2<f64> {
    let paths = Paths::of(design, at);
    let mut influence = residuals(design, at, &paths);
    add_censoring(design, at, params, &paths, &mut influence);
    influence
}

/// The middle of the sandwich on the standardised columns.
pub(super) fn meat(design: &Design, at: &Evaluation, params: &FineGrayValidParams) -> Array2<f64> {
    let influence = influence(design, at, params);
    let Some(clusters) = &params.clusters else {
        return squares(&influence, &vec![1.0; influence.nrows()]);
    };
    let (cluster, count) = numbered(clusters);
    let mut sums = Array2::zeros((count, influence.ncols()));
    for (row, i) in influence.rows().into_iter().zip(&design.order) {
        let mut sum = sums.row_mut(cluster[*i]);
        sum += &row;
    }
    squares(&sums, &vec![1.0; count])
}

/// The score residuals: the covariates' distance from the mean at the subject's own event, less what its hazard expected.
fn residuals(design: &Design, at: &Evaluation, paths: &Paths) -> Array2<f64> {
    let mut all = Array2::zeros(design.x.dim());
    for (i, mut row) in all.rows_mut().into_iter().enumerate() {
        let (x, k) = (design.x.row(i), design.passed[i]);
        row.scaled_add(-at.risk[i] * at.exposure[i], &x);
        row.scaled_add(at.risk[i], &paths.before.row(k));
        match design.end[i] {
            End::Censored => {}
            End::Event => {
                row.scaled_add(design.weight[i], &x);
                row.scaled_add(-design.weight[i], &at.mean.row(k - 1));
            }
            End::Competing => {
                let after = paths.after[design.group[i]].row(k);
                row.scaled_add(at.risk[i] / design.own[i], &after);
            }
        }
    }
    all
}

/// Adds each subject's share in the error of the censoring curves: `q(u)/pi(u)` integrated over its censoring martingale.
fn add_censoring(
    design: &Design,
    at: &Evaluation,
    params: &FineGrayValidParams,
    paths: &Paths,
    influence: &mut Array2<f64>,
) {
    let p = design.x.ncols();
    let mut taken = vec![0.0; design.groups];
    let mut taken_x = Array2::<f64>::zeros((design.groups, p));
    let mut compensator = Array2::<f64>::zeros((design.groups, p));
    let mut q = Array2::<f64>::zeros((design.groups, p));
    design.ends(params).walk(|block, lost| {
        let events = block.clone().filter(|i| design.end[*i] == End::Event).count();
        // Event times at or after this one start here.
        let from = design.passed[block.start] - usize::from(events > 0);
        let spared = |i: usize| params.tied_censoring == TiedCensoring::AfterEvents && design.end[i] != End::Censored;
        let mut add = |i: usize, pull: &Array1<f64>| influence.row_mut(i).scaled_add(design.weight[i], pull);
        for i in block.clone().filter(|i| spared(*i)) {
            add(i, &compensator.row(design.group[i]).to_owned());
        }
        for &Lost {
            group,
            censored,
            at_risk,
        } in lost
        {
            let mut pull = &taken_x.row(group) * paths.hazard[[from, group]];
            pull.scaled_add(-taken[group], &paths.after[group].row(from));
            compensator
                .row_mut(group)
                .scaled_add(-censored / (at_risk * at_risk), &pull);
            q.row_mut(group).assign(&(pull / at_risk));
        }
        for i in block.clone().filter(|i| !spared(*i)) {
            let mut pull = compensator.row(design.group[i]).to_owned();
            if design.end[i] == End::Censored {
                pull += &q.row(design.group[i]);
            }
            add(i, &pull);
        }
        for i in block.filter(|i| design.end[*i] == End::Competing) {
            let kept = at.risk[i] / design.own[i];
            taken[design.group[i]] += kept;
            taken_x.row_mut(design.group[i]).scaled_add(kept, &design.x.row(i));
        }
    });
}
