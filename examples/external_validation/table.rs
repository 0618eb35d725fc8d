//! The table of results.

use linfa::prelude::*;
use metwatch::survival::cox::TimeScale;
use metwatch::survival::metrics::calibration::{in_the_large, slope, smooth};
use metwatch::survival::metrics::{
    CaseWeight, Censoring, Comparison, Ipcw, concordance, net_benefit, prediction_accuracy,
};
use metwatch::survival::resample::{Bootstrap, Corrected, Draw};
use metwatch::survival::{Cox, CoxModel, Error, KaplanMeier};
use ndarray::Axis;

use super::{Cohort, FIVE_YEARS, Study, follow_up};

const HORIZONS: [(&str, f64); 3] = [("1 year", 365.0), ("3 years", 1096.0), ("5 years", FIVE_YEARS)];

fn or_dash(value: Option<f64>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{value:.6}"))
}

impl Study {
    pub fn print(&self) -> Result<(), Error> {
        let (model, women) = (&self.model, self.validation.nsamples());
        println!(
            "The {} model: {} women, {} events; judged by {women} others",
            self.name, model.n, model.events
        );
        println!(
            "log-likelihood {:.4}, without covariates {:.4}\n",
            model.log_likelihood, model.log_likelihood_null
        );
        println!("{}", model.summary(0.95)?);
        self.print_proportionality()?;
        self.print_ranking()?;
        self.print_horizons()?;
        self.print_whole()
    }

    /// Does a hazard ratio stay the same over seven years?
    fn print_proportionality(&self) -> Result<(), Error> {
        let params = Cox::params().check()?;
        let test = params.proportionality(&self.development, &self.model, TimeScale::KaplanMeier)?;
        println!(
            "{:<28} {:>10} {:>3} {:>10}",
            "proportional hazards", "chi-square", "df", "p"
        );
        let columns = test.names.iter().map(String::as_str).zip(&test.columns);
        for (name, test) in columns.chain([("all", &Some(test.all))]) {
            if let Some(test) = test {
                println!(
                    "{name:<28} {:>10.4} {:>3} {:>10.3e}",
                    test.chi_square, test.degrees, test.p
                );
            }
        }
        Ok(())
    }

    /// Harrell's C in both cohorts, what of it is optimism, and Uno's, which does not depend on the censoring.
    fn print_ranking(&self) -> Result<(), Error> {
        let (validation, scores) = (follow_up(&self.validation), self.scores(&self.validation));
        let own = concordance(follow_up(&self.development), &self.scores(&self.development), None)?;
        let other = concordance(validation, &scores, None)?;
        let censoring = Censoring::fit(validation, None)?;
        let uno = Comparison::default().uno(validation, &scores, FIVE_YEARS, &censoring, CaseWeight::Before)?;
        println!("\n{:<28} {:>10} {:>10}", "ranking", "C", "SE");
        for (name, c) in [
            ("Harrell, development", own),
            ("Harrell, validation", other),
            ("Uno, to 5 years", uno),
        ] {
            println!("{name:<28} {:>10} {:>10}", or_dash(c.index()), or_dash(c.se));
        }
        let corrected = self.corrected()?;
        println!("{:<28} {:>10.6}", "development, less optimism", corrected.corrected);
        Ok(())
    }

    /// How much of C the model owes to having seen the women: each replicate fits anew.
    fn corrected(&self) -> Result<Corrected, Error> {
        let women = &self.development;
        let drawn = |draw: &Draw| {
            let records = women.records.select(Axis(0), &draw.rows);
            Cohort::new(records, women.targets.select(Axis(0), &draw.rows))
        };
        let fit = |draw: &Draw| Cox::params().fit(&drawn(draw));
        let measure = |model: &CoxModel, draw: &Draw| {
            let sample = drawn(draw);
            let scores = model.predict(&sample.records).to_vec();
            Ok(vec![
                concordance(follow_up(&sample), &scores, None)?.index().unwrap_or(0.5),
            ])
        };
        let bootstrap = Bootstrap {
            replicates: 200,
            seed: 1,
            clusters: None,
        };
        Ok(bootstrap.optimism(women.nsamples(), fit, measure)?.swap_remove(0))
    }

    /// At each horizon: who is told apart, how far predictions are off, whether they are as high as they should be.
    fn print_horizons(&self) -> Result<(), Error> {
        let women = follow_up(&self.validation);
        let scores = self.scores(&self.validation);
        let without = KaplanMeier::fit(follow_up(&self.development), None)?;
        let ipcw = Ipcw::new(women, None, CaseWeight::Before)?;
        let names = ["AUC", "SE", "Brier", "no model", "IPA", "predicted", "observed", "O/E"];
        println!(
            "\n{:<10}{}",
            "horizon",
            names.map(|name| format!(" {name:>10}")).concat()
        );
        for (name, time) in HORIZONS {
            let risks = self.risks(&[time])?.column(0).to_vec();
            let horizon = ipcw.at(time)?;
            let auc = horizon.auc(&scores)?;
            let brier = horizon.brier(&risks)?.value;
            let null = horizon.brier_null(1.0 - without.survival_at(time))?;
            let large = in_the_large(women, None, &risks, time)?;
            let cells = [
                auc.map(|auc| auc.value),
                auc.and_then(|auc| auc.se),
                Some(brier),
                Some(null),
                prediction_accuracy(brier, null),
                Some(large.mean_predicted),
                Some(large.observed),
                large.observed_over_expected,
            ];
            println!(
                "{name:<10}{}",
                cells.map(|cell| format!(" {:>10}", or_dash(cell))).concat()
            );
        }
        Ok(())
    }

    /// Over all times, and at five years: calibration and what acting on the risk would bring.
    fn print_whole(&self) -> Result<(), Error> {
        let women = follow_up(&self.validation);
        let days: Vec<f64> = (90..=1826).map(f64::from).collect();
        let ipcw = Ipcw::new(women, None, CaseWeight::Before)?;
        let integrated = ipcw.integrated_brier(&days, self.risks(&days)?.view())?;
        println!("\n{:<28} {integrated:>10.6}", "integrated Brier, to 5 years");
        let slope = slope(women, None, &self.scores(&self.validation))?;
        println!(
            "{:<28} {:>10.6} SE {}",
            "calibration slope",
            slope.estimate,
            or_dash(slope.se)
        );
        let risks = self.risks(&[FIVE_YEARS])?.column(0).to_vec();
        let curve = smooth(women, None, &risks, FIVE_YEARS, 4)?;
        println!("{:<28} {:>10.6} E90 {:.6}", "ICI at 5 years", curve.ici, curve.e90);
        println!(
            "\n{:<28} {:>10} {:>10}",
            "net benefit, threshold", "model", "act on all"
        );
        let thresholds: Vec<f64> = (1..=7).map(|tenth| f64::from(tenth) / 10.0).collect();
        for at in net_benefit(women, None, &risks, FIVE_YEARS, &thresholds)? {
            println!("{:<28} {:>10.6} {:>10.6}", at.threshold, at.model, at.treat_all);
        }
        println!();
        Ok(())
    }
}
