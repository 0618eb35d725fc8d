//! Where predictions come from.

use anyhow::bail;
use linfa::prelude::*;
use metwatch::survival::cox::CoxModel;
use metwatch::survival::{Boosting, CauseSpecific, CoxNet, FollowUp, Forest, SurvivalModel};
use ndarray::{Array1, Array2, Axis, Ix1};

use super::super::cox::fit;
use super::super::data::{Covariates, Data};
use super::super::table::Problems;
use super::super::terms::told;
use super::{Arguments, Model};

/// What is known of each row before its follow-up is looked at.
#[derive(Default)]
pub struct Predictions {
    /// Higher: earlier. One a row; of the last horizon where only risks are given.
    pub scores: Vec<f64>,
    pub linear_predictor: Option<Vec<f64>>,
    /// One a horizon, each with one a row.
    pub risks: Vec<Vec<f64>>,
    /// One row a subject, one column a time of the grid.
    pub grid: Option<(Vec<f64>, Array2<f64>)>,
    /// Expected hazard of each row until its exit or the horizon; one a horizon.
    pub expected: Vec<Vec<f64>>,
    /// Whom the model was fitted to.
    pub train: Option<Vec<FollowUp>>,
    pub records: Array2<f64>,
}

/// Somebody's chance of the event by each time.
type Risks = Box<dyn Fn(&[f64]) -> anyhow::Result<Array2<f64>>>;

type Rows = Dataset<f64, FollowUp, Ix1>;

/// Scores, and where risks come from.
type Made = (Predictions, Risks);

/// `linear`: the scores are a linear predictor.
fn scored(scores: Vec<f64>, linear: bool) -> Predictions {
    Predictions {
        linear_predictor: linear.then(|| scores.clone()),
        scores,
        ..Predictions::default()
    }
}

impl Arguments {
    pub fn covariates(&self) -> Covariates {
        Covariates {
            covariates: self.covariates.clone(),
            factor: self.factor.clone(),
        }
    }

    pub fn predictions(&self, covariates: &Covariates, data: &Data) -> anyhow::Result<Predictions> {
        if let Some(file) = &self.train {
            let train = Data::read_from(file, self.input.drop_missing, &self.columns, covariates.wanted())?;
            return self.fitted(covariates, &train, data);
        }
        let (columns, turned) = match (self.risk.is_empty(), self.survival.is_empty()) {
            (false, _) => (&self.risk, false),
            (true, false) => (&self.survival, true),
            (true, true) if self.lp.is_none() => bail!("--train, --risk, --survival or --lp says what is predicted"),
            (true, true) => (&self.risk, false),
        };
        if !columns.is_empty() && columns.len() != self.times.len() {
            bail!(
                "{} columns of predictions for {} times",
                columns.len(),
                self.times.len()
            );
        }
        let mut problems = Problems::default();
        let mut risks = vec![];
        for name in columns {
            let values = data.table.numbers(name);
            for (value, line) in values.iter().zip(&data.table.lines) {
                if !(0.0..=1.0).contains(value) {
                    problems.add(|| format!("line {line}, column {name}: {value} is not within 0 and 1"));
                }
            }
            risks.push(
                values
                    .iter()
                    .map(|p| if turned { 1.0 - p } else { *p })
                    .collect::<Vec<f64>>(),
            );
        }
        problems.refuse(&self.input.csv, "")?;
        let linear_predictor = self.lp.as_deref().map(|name| data.table.numbers(name).to_vec());
        Ok(Predictions {
            scores: linear_predictor
                .clone()
                .or_else(|| risks.last().cloned())
                .unwrap_or_default(),
            linear_predictor,
            risks,
            records: Array2::zeros((data.subjects.len(), 0)),
            ..Predictions::default()
        })
    }

    fn fitted(&self, covariates: &Covariates, train: &Data, data: &Data) -> anyhow::Result<Predictions> {
        if !self.fit.strata.is_empty() {
            bail!("a model with strata has several baselines; leave --strata out");
        }
        let design = covariates.design(&train.table)?;
        let rows = covariates.design_as(&data.table, &design)?.records;
        let dataset: Rows = Dataset::new(design.records.clone(), Array1::from(train.subjects.clone()))
            .with_feature_names(design.names.clone());
        let own = self.cause.cause;
        let competing = own.filter(|own| train.subjects.iter().any(|s| s.event() > 0 && s.event() != *own));
        let (mut out, risks) = match (self.model, competing) {
            (Model::Cox, Some(cause)) => self.by_causes(cause, train, &dataset, &rows)?,
            (Model::Cox, None) => {
                let model = fit(train, covariates, &self.fit, own, None)?.model;
                let mut out = scored(model.predict(&rows).to_vec(), true);
                out.expected = self.expected(&model, &out.scores, data);
                (out, survival_of(model, rows.clone()))
            }
            (Model::Coxnet, _) => self.by_coxnet(train, &dataset, &rows)?,
            (Model::Forest, _) => self.by_forest(train, &dataset, &rows)?,
            (Model::Boosting, _) => self.by_boosting(train, &dataset, &rows)?,
        };
        let at_times = risks(&self.times)?;
        out.risks = at_times.columns().into_iter().map(|column| column.to_vec()).collect();
        if let Some(times) = self.grid_times()? {
            let all = risks(&times)?;
            out.grid = Some((times, all));
        }
        out.train = Some(train.subjects.clone());
        out.records = rows;
        Ok(out)
    }

    /// A Cox model for each cause, and the incidence of one that they imply together.
    fn by_causes(&self, cause: u32, train: &Data, dataset: &Rows, rows: &Array2<f64>) -> anyhow::Result<Made> {
        let mut params = CauseSpecific::params().ties(self.fit.ties.into());
        if let Some(weights) = &train.weights {
            params = params.weights(weights.clone());
        }
        let all = params
            .fit(dataset)
            .map_err(|error| told(error, dataset.feature_names()))?;
        let Some(model) = all.models.get(cause as usize - 1) else {
            bail!("no training row has the event {cause}");
        };
        let (out, rows) = (scored(model.predict(rows).to_vec(), false), rows.clone());
        let risks: Risks = Box::new(move |times| {
            // state 0 is to be free of all
            Ok(all.cif_at(rows.view(), times)?.index_axis_move(Axis(2), cause as usize))
        });
        Ok((out, risks))
    }

    fn by_coxnet(&self, train: &Data, dataset: &Rows, rows: &Array2<f64>) -> anyhow::Result<Made> {
        let mut params = CoxNet::params().alpha(self.alpha).ties(self.fit.ties.into());
        if let Some(cause) = self.cause.cause {
            params = params.cause(cause);
        }
        if let Some(weights) = &train.weights {
            params = params.weights(weights.clone());
        }
        let found = params.check_ref()?.fit_at(self.lambda.unwrap_or(0.0), dataset);
        let model = found.map_err(|error| told(error, dataset.feature_names()))?;
        Ok((
            scored(model.predict(rows).to_vec(), true),
            survival_of(model, rows.clone()),
        ))
    }

    fn by_forest(&self, train: &Data, dataset: &Rows, rows: &Array2<f64>) -> anyhow::Result<Made> {
        let mut params = Forest::params().seed(self.seed);
        if let Some(cause) = self.cause.cause {
            params = params.cause(cause);
        }
        if let Some(weights) = &train.weights {
            params = params.weights(weights.clone());
        }
        let model = params.fit(dataset)?;
        Ok((
            scored(model.predict(rows).to_vec(), false),
            survival_of(model, rows.clone()),
        ))
    }

    fn by_boosting(&self, train: &Data, dataset: &Rows, rows: &Array2<f64>) -> anyhow::Result<Made> {
        let mut params = Boosting::params().seed(self.seed).ties(self.fit.ties.into());
        if let Some(cause) = self.cause.cause {
            params = params.cause(cause);
        }
        if let Some(weights) = &train.weights {
            params = params.weights(weights.clone());
        }
        let model = params.fit(dataset)?;
        Ok((
            scored(model.predict(rows).to_vec(), true),
            survival_of(model, rows.clone()),
        ))
    }

    fn grid_times(&self) -> anyhow::Result<Option<Vec<f64>>> {
        match self.grid[..] {
            [] => Ok(None),
            [from, to, step] if step > 0.0 && to > from && (to - from) / step < 1e6 => {
                let count = ((to - from) / step + 1e-9).floor() as usize;
                Ok(Some((0..=count).map(|at| from + step * at as f64).collect()))
            }
            _ => bail!("--grid takes a start, an end after it and a step, such as 90,1826,1"),
        }
    }

    /// Hazards of the model up to each row's exit or the horizon.
    fn expected(&self, model: &CoxModel, scores: &[f64], data: &Data) -> Vec<Vec<f64>> {
        let ratio = (-model.coefficients.dot(&model.means)).exp();
        let baseline = model.baseline();
        let mut sum = 0.0;
        let sums: Vec<f64> = (baseline.hazard.iter())
            .map(|step| {
                sum += step;
                sum * ratio
            })
            .collect();
        let until = |time: f64| {
            let steps = baseline.times.partition_point(|t| *t <= time);
            steps.checked_sub(1).map_or(0.0, |last| sums[last])
        };
        let at = |horizon: &f64| {
            let rows = data.subjects.iter().zip(scores);
            rows.map(|(s, score)| until(s.exit().min(*horizon)) * score.exp())
                .collect()
        };
        self.times.iter().map(at).collect()
    }
}

fn survival_of<M: SurvivalModel + 'static>(model: M, records: Array2<f64>) -> Risks {
    Box::new(move |times| Ok(1.0 - model.survival_at(records.view(), times)?))
}
