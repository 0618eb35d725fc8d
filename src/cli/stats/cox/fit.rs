//! The fit, its residuals and its test of proportional hazards.

use std::collections::BTreeMap;

use linfa::prelude::*;
use metwatch::survival::cox::TimeScale;
use metwatch::survival::{Cox, CoxModel, Test};
use ndarray::Array1;

use super::super::data::{Covariates, Data, Design};
use super::super::output::write_csv;
use super::super::table::Labels;
use super::super::terms::told;

use super::{Fitting, Proportional};

/// A Cox model with what it was fitted to.
pub struct Fitted {
    pub design: Design,
    pub strata: Option<Labels>,
    pub model: CoxModel,
    params: metwatch::survival::cox::CoxParams,
    dataset: Dataset<f64, metwatch::survival::FollowUp, ndarray::Ix1>,
}

/// Fits the covariates to the data.
pub fn fit(
    data: &Data,
    covariates: &Covariates,
    fitting: &Fitting,
    cause: Option<u32>,
    clusters: Option<Vec<usize>>,
) -> anyhow::Result<Fitted> {
    let design = covariates.design(&data.table)?;
    let strata = (!fitting.strata.is_empty()).then(|| data.strata(&fitting.strata));
    let mut params = Cox::params().ties(fitting.ties.into());
    if let Some(cause) = cause {
        params = params.cause(cause);
    }
    if let Some(weights) = &data.weights {
        params = params.weights(weights.clone());
    }
    if let Some(strata) = &strata {
        params = params.strata(strata.codes.clone());
    }
    if let Some(clusters) = clusters {
        params = params.clusters(clusters);
    }
    let dataset = Dataset::new(design.records.clone(), Array1::from(data.subjects.clone()))
        .with_feature_names(design.names.clone());
    let model = params.fit(&dataset).map_err(|error| told(error, &design.names))?;
    Ok(Fitted {
        design,
        strata,
        model,
        params,
        dataset,
    })
}

pub(super) fn proportional(fitted: &Fitted) -> anyhow::Result<BTreeMap<&'static str, Proportional>> {
    let scales = [
        ("identity", TimeScale::Identity),
        ("log", TimeScale::Log),
        ("km", TimeScale::KaplanMeier),
        ("rank", TimeScale::Rank),
    ];
    let params = fitted.params.check_ref()?;
    let mut all = BTreeMap::new();
    for (name, scale) in scales {
        let found = params.proportionality(&fitted.dataset, &fitted.model, scale)?;
        let mut told = Proportional {
            rows: found.names.clone(),
            chisq: vec![],
            df: vec![],
            p: vec![],
        };
        told.rows.push("GLOBAL".to_owned());
        for test in found.columns.iter().copied().chain([Some(found.all)]) {
            told.chisq.push(test.map(|test: Test| test.chi_square));
            told.df.push(test.map_or(0, |test| test.degrees));
            told.p.push(test.map(|test| test.p));
        }
        all.insert(name, told);
    }
    Ok(all)
}

pub(super) fn residuals(fitted: &Fitted, file: &std::path::Path) -> anyhow::Result<()> {
    let found = fitted.params.check_ref()?.residuals(&fitted.dataset, &fitted.model)?;
    let named = |kind: &str| {
        fitted
            .design
            .names
            .iter()
            .map(|name| format!("{kind}_{name}"))
            .collect::<Vec<_>>()
    };
    let mut header: Vec<String> = ["row", "martingale", "deviance"].map(str::to_owned).to_vec();
    header.extend(named("score"));
    header.extend(named("dfbeta"));
    let rows = (0..found.martingale.len()).map(|i| {
        let mut row = vec![(i + 1) as f64, found.martingale[i], found.deviance[i]];
        row.extend(found.score.row(i));
        row.extend(found.dfbeta.row(i));
        row
    });
    write_csv(file, &header, rows)
}
