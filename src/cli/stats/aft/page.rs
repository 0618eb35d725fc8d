//! The page and the picture of an accelerated failure time model.

use anyhow::bail;
use metwatch::survival::aft::Distribution;
use metwatch::survival::{KaplanMeier, SurvivalModel};
use metwatch::web::chart::km;
use ndarray::Array2;

use super::super::page::{Grid, chance, figure, fixed, p, plain, wrapped};
use super::super::plot;

use super::{Answer, Arguments, Fitted};

impl Arguments {
    pub(super) fn page(&self, answer: &Answer) -> String {
        let law = match answer.dist {
            Distribution::Weibull => "Weibull",
            Distribution::Exponential => "exponential",
            Distribution::LogNormal => "log-normal",
            Distribution::LogLogistic => "log-logistic",
            Distribution::Gaussian => "Gaussian",
        };
        let mut page = format!(
            "Accelerated failure time, {law} law: {} rows, {} events; {} steps\n\n",
            answer.n, answer.events, answer.iterations
        );
        page += &answer.terms.page("exp(coef)", &self.output);
        let scales: Vec<String> = answer.scale.iter().map(|scale| figure(*scale)).collect();
        page += "\n";
        page += &wrapped(&format!(
            "Scale {}; log-likelihood {} (without covariates {}); chi-square {} on {} df, p {}; AIC {}. {}",
            scales.join(", "),
            fixed(answer.loglik),
            fixed(answer.loglik_null),
            figure(answer.lr_chisq),
            answer.df,
            p(Some(answer.lr_p)),
            fixed(answer.aic),
            "A positive coefficient means longer times."
        ));
        let Some(predicted) = &answer.predicted else {
            return page;
        };
        let times: Vec<String> = predicted
            .time
            .iter()
            .take(5)
            .map(|time| format!("S({})", plain(*time)))
            .collect();
        let mut head = vec!["row", "median", "SE"];
        head.extend(times.iter().map(String::as_str));
        let mut grid = Grid::new(&head);
        for row in 0..predicted.median.len().min(20) {
            let mut cells = vec![
                (row + 1).to_string(),
                figure(predicted.median[row]),
                figure(predicted.se_median[row]),
            ];
            cells.extend(predicted.surv.iter().take(5).map(|at| chance(Some(at[row]))));
            grid.row(cells);
        }
        page += "\n";
        page + &grid.show()
    }

    /// The mean of the fitted curves over Kaplan-Meier.
    pub(super) fn draw(&self, fitted: &Fitted, answer: &Answer) -> anyhow::Result<String> {
        let own = |name: &str| name != "(Intercept)" && !name.starts_with("log(scale)");
        let forest = answer.terms.forest("Time ratios", "time ratio", &self.output, own);
        let (Some(subjects), true) = (&fitted.subjects, fitted.model.scales.len() == 1) else {
            if forest.is_none() {
                bail!("this model has no picture");
            }
            return Ok(plot::sheet("Accelerated failure time", &Vec::from_iter(forest)));
        };
        let curve = KaplanMeier::fit(subjects, fitted.weights.as_deref())?;
        let until = curve.followed_to;
        let times: Vec<f64> = (0..=800).map(|at| until * f64::from(at) / 800.0).collect();
        let records: &Array2<f64> = &fitted.design.records;
        let mean = plot::mean_curve(&fitted.model.survival_at(plot::sample(records).view(), &times)?);
        let chart = km::Curves {
            x_label: self.time.clone(),
            ..plot::fitted_over_observed(subjects, &curve, &times, &mean, &self.output)?
        };
        let panel = plot::Panel {
            title: "Mean of the fitted curves over Kaplan-Meier".to_owned(),
            svg: km::svg(&chart),
            notes: vec![],
        };
        let panels: Vec<_> = std::iter::once(panel).chain(forest).collect();
        Ok(plot::sheet("Accelerated failure time", &panels))
    }
}
