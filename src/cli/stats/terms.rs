//! The coefficients of a regression model: the same fields and the same table for every estimator.

use metwatch::survival::{Error, Summary};
use metwatch::web::chart::forest::{Forest, Row};
use ndarray::Array2;
use serde::Serialize;

use super::logrank::rows;
use super::output::Output;
use super::page::{Grid, figure_or_none, interval, p, wrapped};
use super::plot::{Panel, WIDTH};

/// Values of an aliased column are null, its row and column of `vcov` 0.
#[derive(Serialize)]
pub struct Terms {
    pub terms: Vec<String>,
    pub coef: Vec<Option<f64>>,
    pub se: Vec<Option<f64>>,
    pub z: Vec<Option<f64>>,
    pub p: Vec<Option<f64>>,
    /// Of the coefficient; on the robust error where there is one, like z and p.
    pub lower: Vec<Option<f64>>,
    pub upper: Vec<Option<f64>>,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub ratios: Option<Ratios>,
    pub vcov: Vec<Vec<f64>>,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub robust: Option<Robust>,
    /// Columns that are constant or follow from those before them.
    pub aliased: Vec<String>,
}

#[derive(Serialize)]
pub struct Ratios {
    pub exp_coef: Vec<Option<f64>>,
    pub exp_lower: Vec<Option<f64>>,
    pub exp_upper: Vec<Option<f64>>,
}

#[derive(Serialize)]
pub struct Robust {
    pub robust_se: Vec<Option<f64>>,
    pub robust_vcov: Vec<Vec<f64>>,
}

impl Terms {
    pub fn of(summary: &Summary, covariance: &Array2<f64>, robust: Option<&Array2<f64>>, ratios: bool) -> Terms {
        let all = &summary.coefficients;
        let each = |value: fn(&metwatch::survival::inference::Coefficient) -> Option<f64>| -> Vec<Option<f64>> {
            all.iter().map(value).collect()
        };
        let raised = |values: Vec<Option<f64>>| values.into_iter().map(|v| v.map(f64::exp)).collect();
        let coef: Vec<Option<f64>> = all.iter().map(|c| c.se.map(|_| c.estimate)).collect();
        Terms {
            terms: all.iter().map(|c| c.name.clone()).collect(),
            ratios: ratios.then(|| Ratios {
                exp_coef: raised(coef.clone()),
                exp_lower: raised(each(|c| c.lower)),
                exp_upper: raised(each(|c| c.upper)),
            }),
            coef,
            se: each(|c| c.se),
            z: each(|c| c.z),
            p: each(|c| c.p),
            lower: each(|c| c.lower),
            upper: each(|c| c.upper),
            vcov: rows(covariance),
            robust: robust.map(|matrix| Robust {
                robust_se: each(|c| c.robust_se),
                robust_vcov: rows(matrix),
            }),
            aliased: all.iter().filter(|c| c.se.is_none()).map(|c| c.name.clone()).collect(),
        }
    }

    /// `ratio` is what the exponential of a coefficient is called.
    pub fn page(&self, ratio: &str, output: &Output) -> String {
        let limits = format!("{} interval", output.percent());
        let mut head = vec!["", "coef", "SE"];
        head.extend(self.robust.as_ref().map(|_| "robust SE"));
        head.extend(self.ratios.as_ref().map(|_| ratio));
        head.extend([limits.as_str(), "z", "p"]);
        let mut grid = Grid::new(&head);
        for (j, name) in self.terms.iter().enumerate() {
            let mut row = vec![name.clone(), figure_or_none(self.coef[j]), figure_or_none(self.se[j])];
            row.extend(self.robust.as_ref().map(|robust| figure_or_none(robust.robust_se[j])));
            row.extend(self.ratios.as_ref().map(|ratios| figure_or_none(ratios.exp_coef[j])));
            let (lower, upper) = match &self.ratios {
                Some(ratios) => (ratios.exp_lower[j], ratios.exp_upper[j]),
                None => (self.lower[j], self.upper[j]),
            };
            row.push(interval(lower, upper, figure_or_none));
            row.push(self.z[j].map_or_else(|| "-".to_owned(), |z| format!("{z:.2}")));
            row.push(p(self.p[j]));
            grid.row(row);
        }
        let mut page = grid.show();
        if !self.aliased.is_empty() {
            let names = self.aliased.join(", ");
            let told = "constant or following from the columns before; nothing can be said of them";
            page += &wrapped(&format!("Aliased: {names} ({told})."));
        }
        page
    }

    /// The forest of the ratios, of the terms that are `kept`.
    pub fn forest(&self, title: &str, ratio: &str, output: &Output, kept: impl Fn(&str) -> bool) -> Option<Panel> {
        let ratios = self.ratios.as_ref()?;
        let row = |j: usize| Row {
            label: self.terms[j].clone(),
            estimate: ratios.exp_coef[j],
            lower: ratios.exp_lower[j],
            upper: ratios.exp_upper[j],
        };
        let rows: Vec<Row> = (0..self.terms.len())
            .filter(|j| kept(&self.terms[*j]))
            .map(row)
            .collect();
        if rows.is_empty() {
            return None;
        }
        let chart = Forest {
            id: "forest".to_owned(),
            title: title.to_owned(),
            about: format!("{ratio} of each term with its interval"),
            width: WIDTH,
            x_label: format!("{ratio} for one unit more, {} interval", output.percent()),
            rows,
        };
        Some(Panel {
            title: title.to_owned(),
            svg: metwatch::web::chart::forest::svg(&chart),
            notes: vec![],
        })
    }
}

/// The error with the name of the column instead of its number.
pub fn told(error: Error, names: &[String]) -> anyhow::Error {
    match error {
        Error::NotConverged { iterations, column } if column < names.len() => anyhow::anyhow!(
            "no maximum after {iterations} steps: the coefficient of `{}` runs away or can't be told apart",
            names[column]
        ),
        other => other.into(),
    }
}
