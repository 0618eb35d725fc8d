//! The weighted partial likelihood on standardised columns and its derivatives: one scan back over those still free, one forward
//! over those whom another cause has taken.

use ndarray::linalg::general_mat_mul;
use ndarray::{Array1, Array2, Axis};

use super::censoring::{End, Ends};
use super::{Baseline, FineGrayValidParams};
use crate::survival::FollowUp;
use crate::survival::risk_set::ascending;

/// Rows at a time in products of matrices: they stay in the cache, and the order of the sums is fixed.
const PANEL: usize = 512;

/// Everything in ascending order of time.
pub(super) struct Design {
    /// Row numbers of the data.
    pub order: Vec<usize>,
    pub x: Array2<f64>,
    pub time: Vec<f64>,
    pub end: Vec<End>,
    pub weight: Vec<f64>,
    pub group: Vec<usize>,
    pub groups: usize,
    /// Of each event time: the first position at or after it, how many fell, and their weight.
    first: Vec<usize>,
    fallen: Vec<usize>,
    pub deaths: Vec<f64>,
    /// Of each subject: how many event times lie at or before its own.
    pub passed: Vec<usize>,
    /// `G(T-)` of each subject, and `G(t-)` of each event time and group.
    pub own: Vec<f64>,
    pub later: Array2<f64>,
}

/// What one set of coefficients gives; hazards carry a factor `exp(shift)`.
pub(super) struct Evaluation {
    pub log_likelihood: f64,
    pub score: Vec<f64>,
    pub information: Array2<f64>,
    /// Weighted relative hazards of the subjects.
    pub risk: Vec<f64>,
    /// Steps of the hazard and means of the covariates among those at risk, one an event time.
    pub jump: Vec<f64>,
    pub mean: Array2<f64>,
    /// The hazard that each subject has lived through, its weights after another cause included.
    pub exposure: Vec<f64>,
    shift: f64,
}

/// Numbers that stand for groups or clusters, renumbered from 0; how many there are.
pub(super) fn numbered(labels: &[usize]) -> (Vec<usize>, usize) {
    let mut distinct = labels.to_vec();
    distinct.sort_unstable();
    distinct.dedup();
    let place = |label: &usize| distinct.partition_point(|d| d < label);
    (labels.iter().map(place).collect(), distinct.len())
}

impl Design {
    pub fn new(z: &Array2<f64>, subjects: &[FollowUp], weights: &[f64], params: &FineGrayValidParams) -> Design {
        let order = ascending(subjects.len(), |i| subjects[i].exit());
        let kind = |i: &usize| match subjects[*i].event() {
            0 => End::Censored,
            cause if cause == params.cause => End::Event,
            _ => End::Competing,
        };
        let (labels, groups) = match &params.censoring_groups {
            Some(groups) => numbered(groups),
            None => (vec![0; subjects.len()], 1),
        };
        let mut design = Design {
            x: z.select(Axis(0), &order),
            time: order.iter().map(|i| subjects[*i].exit()).collect(),
            end: order.iter().map(kind).collect(),
            weight: order.iter().map(|i| weights[*i]).collect(),
            group: order.iter().map(|i| labels[*i]).collect(),
            groups,
            first: vec![],
            fallen: vec![],
            deaths: vec![],
            passed: vec![0; order.len()],
            own: vec![],
            later: Array2::zeros((0, 0)),
            order,
        };
        design.mark(params);
        design
    }

    pub fn ends(&self, params: &FineGrayValidParams) -> Ends<'_> {
        Ends {
            time: &self.time,
            end: &self.end,
            weight: &self.weight,
            group: &self.group,
            groups: self.groups,
            rule: params.tied_censoring,
        }
    }

    fn mark(&mut self, params: &FineGrayValidParams) {
        let (mut first, mut fallen, mut deaths) = (vec![], vec![], vec![]);
        let mut passed = vec![0; self.time.len()];
        for block in self.ends(params).blocks() {
            let events = block.clone().filter(|i| self.end[*i] == End::Event);
            let (count, weight) = events.fold((0, 0.0), |(n, w), i| (n + 1, w + self.weight[i]));
            if count > 0 {
                first.push(block.start);
                fallen.push(count);
                deaths.push(weight);
            }
            passed[block].fill(first.len());
        }
        let (own, later) = self.ends(params).curves(&first);
        (self.own, self.later) = (own, later);
        (self.first, self.fallen, self.deaths, self.passed) = (first, fallen, deaths, passed);
    }

    /// Sums of `risk` and `risk * x` among those at risk at each event time.
    fn sums(&self, risk: &[f64]) -> (Vec<f64>, Array2<f64>) {
        let p = self.x.ncols();
        let mut zero = vec![0.0; self.first.len()];
        let mut one = Array2::<f64>::zeros((zero.len(), p));
        // Those still free, from the last back.
        let (mut total, mut vector, mut end) = (0.0, Array1::<f64>::zeros(p), risk.len());
        for ((&first, sum), mut row) in self.first.iter().zip(&mut zero).zip(one.rows_mut()).rev() {
            for (i, r) in (first..end).zip(&risk[first..end]) {
                total += r;
                vector.scaled_add(*r, &self.x.row(i));
            }
            end = first;
            *sum = total;
            row.assign(&vector);
        }
        // Those whom another cause has taken, from the first on.
        let (mut taken, mut taken_x, mut start) = (vec![0.0; self.groups], Array2::zeros((self.groups, p)), 0);
        for (k, (&first, sum)) in self.first.iter().zip(&mut zero).enumerate() {
            for i in (start..first).filter(|i| self.end[*i] == End::Competing) {
                let kept = risk[i] / self.own[i];
                taken[self.group[i]] += kept;
                taken_x.row_mut(self.group[i]).scaled_add(kept, &self.x.row(i));
            }
            start = first;
            for (g, share) in self.later.row(k).iter().enumerate() {
                *sum += share * taken[g];
                one.row_mut(k).scaled_add(*share, &taken_x.row(g));
            }
        }
        (zero, one)
    }

    pub fn evaluate(&self, beta: &[f64]) -> Evaluation {
        let eta = self.x.dot(&Array1::from(beta.to_vec()));
        let shift = eta.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let risk: Vec<f64> = (eta.iter().zip(&self.weight))
            .map(|(e, w)| w * (e - shift).exp())
            .collect();
        let (zero, mut mean) = self.sums(&risk);
        let mut log_likelihood = 0.0;
        for (i, e) in eta.iter().enumerate() {
            if self.end[i] == End::Event {
                log_likelihood += self.weight[i] * (e - shift);
            }
        }
        let mut jump = Vec::with_capacity(zero.len());
        for (k, total) in zero.iter().enumerate() {
            log_likelihood -= self.deaths[k] * total.ln();
            jump.push(self.deaths[k] / total);
            mean.row_mut(k).mapv_inplace(|sum| sum / total);
        }
        let exposure = self.exposure(&jump);
        let residual: Array1<f64> = (0..risk.len())
            .map(|i| f64::from(u8::from(self.end[i] == End::Event)) * self.weight[i] - risk[i] * exposure[i])
            .collect();
        let score = self.x.t().dot(&residual).to_vec();
        // Squares summed over subjects by their exposure are those summed over event times: no matrix an event time.
        let lived: Vec<f64> = risk.iter().zip(&exposure).map(|(r, a)| r * a).collect();
        let mut information = squares(&self.x, &lived);
        information -= &squares(&mean, &self.deaths);
        Evaluation {
            log_likelihood,
            score,
            information,
            risk,
            jump,
            mean,
            exposure,
            shift,
        }
    }

    fn exposure(&self, jump: &[f64]) -> Vec<f64> {
        let mut before = vec![0.0; jump.len() + 1];
        for (k, h) in jump.iter().enumerate() {
            before[k + 1] = before[k] + h;
        }
        let after = self.after(jump);
        let of = |i: usize| match self.end[i] {
            End::Competing => before[self.passed[i]] + after[[self.passed[i], self.group[i]]] / self.own[i],
            _ => before[self.passed[i]],
        };
        (0..self.time.len()).map(of).collect()
    }

    /// Sums of the steps from each event time on, weighted by the censoring curve of each group.
    pub fn after(&self, jump: &[f64]) -> Array2<f64> {
        let mut after = Array2::zeros((jump.len() + 1, self.groups));
        for k in (0..jump.len()).rev() {
            for g in 0..self.groups {
                after[[k, g]] = after[[k + 1, g]] + jump[k] * self.later[[k, g]];
            }
        }
        after
    }

    pub fn baseline(&self, at: &Evaluation) -> Baseline {
        let back = (-at.shift).exp();
        Baseline {
            times: self.first.iter().map(|i| self.time[*i]).collect(),
            events: self.fallen.clone(),
            hazard: at.jump.iter().map(|h| h * back).collect(),
        }
    }
}

/// The sum of `weight * row rowᵗ`.
pub(super) fn squares(rows: &Array2<f64>, weight: &[f64]) -> Array2<f64> {
    let p = rows.ncols();
    let mut sum = Array2::zeros((p, p));
    for (panel, weight) in rows.axis_chunks_iter(Axis(0), PANEL).zip(weight.chunks(PANEL)) {
        let mut scaled = panel.to_owned();
        for (mut row, w) in scaled.rows_mut().into_iter().zip(weight) {
            row *= *w;
        }
        general_mat_mul(1.0, &panel.t(), &scaled, 1.0, &mut sum);
    }
    // The product's two halves may differ in the last bit; a sum of squares does not.
    for i in 0..p {
        for j in 0..i {
            sum[[i, j]] = sum[[j, i]];
        }
    }
    sum
}
