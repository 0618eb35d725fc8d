//! The fit, of follow-up or of intervals.

use linfa::prelude::*;
use metwatch::survival::aft::{Aft, AftParams, Observed};
use ndarray::Array1;

use super::super::data::{Columns, Covariates, Data};
use super::super::table::{Kind, Problems, Table};
use super::super::terms::told;

use super::{Arguments, Fitted};

impl Arguments {
    pub(super) fn covariates(&self) -> Covariates {
        Covariates {
            covariates: self.covariates.clone(),
            factor: self.factor.clone(),
        }
    }

    pub(super) fn labels(&self) -> Vec<(&str, Kind)> {
        (self.strata.iter().chain(&self.cluster))
            .map(|name| (name.as_str(), Kind::Label))
            .collect()
    }

    pub(super) fn params(&self, data: &Data) -> AftParams {
        let mut params = Aft::params(self.dist.into());
        if let Some(cause) = self.cause.cause {
            params = params.cause(cause);
        }
        if let Some(scale) = self.fixed_scale {
            params = params.fixed_scale(scale);
        }
        if let Some(weights) = &data.weights {
            params = params.weights(weights.clone());
        }
        if !self.strata.is_empty() {
            params = params.strata(data.strata(&self.strata).codes);
        }
        match &self.cluster {
            Some(column) => params.clusters(data.codes(column)),
            None if self.robust => params.clusters((0..data.table.rows()).collect()),
            None => params,
        }
    }

    pub(super) fn fit_follow_up(&self, covariates: &Covariates, event: &str) -> anyhow::Result<Fitted> {
        let columns = Columns {
            time: self.time.clone(),
            event: event.to_owned(),
            entry: self.entry.clone(),
            weights: self.weights.clone(),
        };
        let more: Vec<(&str, Kind)> = self.labels().into_iter().chain(covariates.wanted()).collect();
        let mut data = Data::read(&self.input, &columns, more)?;
        let design = covariates.design(&data.table)?;
        let targets = Array1::from(data.subjects.clone());
        let dataset = Dataset::new(design.records.clone(), targets).with_feature_names(design.names.clone());
        let model = self
            .params(&data)
            .fit(&dataset)
            .map_err(|error| told(error, &design.names))?;
        data.only(self.cause.cause);
        Ok(Fitted {
            model,
            design,
            dropped: data.table.dropped,
            subjects: Some(data.subjects),
            weights: data.weights,
        })
    }

    pub(super) fn fit_intervals(&self, covariates: &Covariates, upper: &str) -> anyhow::Result<Fitted> {
        let mut wanted = vec![
            (self.time.as_str(), Kind::Open(f64::NEG_INFINITY)),
            (upper, Kind::Open(f64::INFINITY)),
        ];
        wanted.extend(self.weights.as_deref().map(|name| (name, Kind::Weight)));
        wanted.extend(self.labels());
        wanted.extend(covariates.wanted());
        let table = Table::read(&self.input.csv, &wanted, self.input.drop_missing)?;
        let mut problems = Problems::default();
        let mut values = Vec::with_capacity(table.rows());
        for (row, (low, high)) in table.numbers(&self.time).iter().zip(table.numbers(upper)).enumerate() {
            match (*low, *high) {
                (low, high) if low > high || low == f64::INFINITY || high == f64::NEG_INFINITY => {
                    let line = table.lines[row];
                    problems.add(|| format!("line {line}: the interval from {low} to {high} is empty"));
                }
                (low, high) if low == high => values.push(Observed::Exactly(low)),
                (f64::NEG_INFINITY, f64::INFINITY) => {
                    let line = table.lines[row];
                    problems.add(|| format!("line {line}: nothing is known of this value"));
                }
                (f64::NEG_INFINITY, high) => values.push(Observed::Before(high)),
                (low, f64::INFINITY) => values.push(Observed::After(low)),
                (low, high) => values.push(Observed::Between(low, high)),
            }
        }
        problems.refuse(&self.input.csv, "")?;
        let design = covariates.design(&table)?;
        let weights = self.weights.as_deref().map(|name| table.numbers(name).to_vec());
        let data = Data {
            table,
            subjects: vec![],
            weights,
        };
        let dataset =
            Dataset::new(design.records.clone(), Array1::from(values)).with_feature_names(design.names.clone());
        let model = self
            .params(&data)
            .fit(&dataset)
            .map_err(|error| told(error, &design.names))?;
        Ok(Fitted {
            model,
            design,
            dropped: data.table.dropped,
            subjects: None,
            weights: data.weights,
        })
    }
}
