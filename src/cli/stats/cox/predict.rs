//! Survival of other rows.

use anyhow::Context;
use linfa::prelude::*;
use metwatch::survival::SurvivalModel;
use metwatch::web::chart::km;
use ndarray::{Array2, Axis};

use super::super::data::Data;
use super::super::km::ConfType;
use super::super::plot::{self, Panel};
use super::super::table::{Kind, Table};

use super::{Arguments, Fitted, Predicted};

impl Arguments {
    /// The rows of `--predict`, and the stratum of each.
    pub(super) fn new_rows(&self, fitted: &Fitted) -> anyhow::Result<(Array2<f64>, Vec<usize>)> {
        let file = self.predict.as_deref().expect("asked for only where there is a file");
        let labels = self.fit.strata.iter().map(|name| (name.as_str(), Kind::Label));
        let wanted: Vec<(&str, Kind)> = self.covariates.wanted().chain(labels).collect();
        let table = Table::read(file, &wanted, false)?;
        let design = self.covariates.design_as(&table, &fitted.design)?;
        let Some(known) = &fitted.strata else {
            return Ok((design.records, vec![0; table.rows()]));
        };
        let data = Data {
            table,
            subjects: vec![],
            weights: None,
        };
        let own = data.strata(&self.fit.strata);
        let place = |code: &usize| {
            let name = &own.levels[*code];
            let found = known.levels.iter().position(|level| level == name);
            found.with_context(|| format!("{}: the model has no stratum {name}", file.display()))
        };
        let strata = own.codes.iter().map(place).collect::<Result<_, _>>()?;
        Ok((design.records, strata))
    }

    pub(super) fn when(&self, fitted: &Fitted) -> Vec<f64> {
        if self.times.is_empty() {
            km::ticks(fitted.model.followed_to).into_iter().skip(1).collect()
        } else {
            self.times.clone()
        }
    }

    pub(super) fn predicted(&self, fitted: &Fitted, rows: &(Array2<f64>, Vec<usize>)) -> anyhow::Result<Predicted> {
        let z = metwatch::survival::inference::z(self.output.level)?;
        let (model, when) = (&fitted.model, self.when(fitted));
        let mut predicted = Predicted {
            linear_predictor: model.predict(&rows.0).to_vec(),
            linear_predictor_centred: (rows.0.rows().into_iter())
                .map(|row| model.centred_predictor(row))
                .collect::<Result<_, _>>()?,
            surv: vec![],
            se_surv: vec![],
            lower: vec![],
            upper: vec![],
            time: when,
        };
        for time in &predicted.time {
            let (mut surv, mut se_surv, mut lower, mut upper) = (vec![], vec![], vec![], vec![]);
            for (row, stratum) in rows.0.rows().into_iter().zip(&rows.1) {
                let (survival, se) = model.survival_in_stratum(row, *stratum, *time)?;
                let bounds = around(self.conf_type, survival, se, z);
                surv.push(survival);
                se_surv.push(se);
                lower.push(bounds.map(|b| b.0));
                upper.push(bounds.map(|b| b.1));
            }
            predicted.surv.push(surv);
            predicted.se_surv.push(se_surv);
            predicted.lower.push(lower);
            predicted.upper.push(upper);
        }
        Ok(predicted)
    }

    pub(super) fn predicted_curves(&self, fitted: &Fitted, rows: &(Array2<f64>, Vec<usize>)) -> anyhow::Result<Panel> {
        const SHOWN: usize = 6;
        let model = &fitted.model;
        let shown = rows.0.view().split_at(Axis(0), rows.0.nrows().min(SHOWN)).0;
        let until = model.followed_to;
        let times = &model.baseline().times;
        let curves = model.survival_at(shown, times)?;
        let group = |at: usize| {
            let step = |(time, p): (&f64, &f64)| km::Step {
                time: *time,
                p: *p,
                lo: *p,
                hi: *p,
            };
            km::Group {
                label: format!("row {}", at + 1),
                steps: plot::thin(times.iter().zip(curves.row(at)).map(step), until),
                ..km::Group::default()
            }
        };
        let chart = km::Curves {
            id: "predicted".to_owned(),
            title: "Predicted survival".to_owned(),
            about: "Survival of the predicted rows".to_owned(),
            width: plot::WIDTH,
            x_label: self.columns.time.clone(),
            y_label: "free of the event".to_owned(),
            falling: true,
            until,
            groups: (0..shown.nrows()).map(group).collect(),
        };
        let more = rows.0.nrows().saturating_sub(SHOWN);
        Ok(Panel {
            title: "Predicted survival".to_owned(),
            svg: km::svg(&chart),
            notes: Vec::from_iter((more > 0).then(|| format!("The first {SHOWN} of {} rows.", rows.0.nrows()))),
        })
    }
}

/// Limits around a survival on the scale asked for.
fn around(conf_type: ConfType, survival: f64, se: f64, z: f64) -> Option<(f64, f64)> {
    (survival > 0.0)
        .then(|| conf_type.limits().of(survival, se, z))
        .flatten()
}
