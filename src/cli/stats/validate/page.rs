//! The page of a validation.

use super::super::page::{Grid, chance, figure_or_none, interval, plain, wrapped};
use super::Arguments;
use super::answer::Answer;

impl Arguments {
    pub fn page(&self, answer: &Answer) -> String {
        let limits = format!("{} interval", self.output.percent());
        let mut page = format!("Validation: {} rows, {} events\n\n", answer.n, answer.events);
        page += &wrapped(&format!(
            "Harrell's C {} (SE {}); Uno's C until {} {} (SE {}).",
            chance(answer.harrell.c),
            chance(answer.harrell.se),
            plain(answer.uno_c.tau),
            chance(answer.uno_c.c),
            chance(answer.uno_c.se)
        ));
        if let Some(slope) = answer.calibration.slope {
            let se = figure_or_none(answer.calibration.slope_se);
            page += &wrapped(&format!("Calibration slope {slope:.4} (SE {se})."));
        }
        page += "\n";
        let mut grid = Grid::new(&["time", "AUC", &limits, "Brier", "without model", "IPA"]);
        for (at, time) in answer.auc.t.iter().enumerate() {
            let brier = answer.brier.as_ref();
            grid.row(vec![
                plain(*time),
                chance(answer.auc.auc[at]),
                interval(answer.auc.lower[at], answer.auc.upper[at], chance),
                chance(brier.map(|b| b.brier[at])),
                chance(brier.map(|b| b.null_validation[at])),
                chance(brier.and_then(|b| b.ipa[at])),
            ]);
        }
        page += &grid.show();
        if let Some(ibs) = &answer.ibs {
            page += &wrapped(&format!(
                "Brier score averaged from {} to {}: {:.4}; without a model {:.4}.",
                plain(ibs.from),
                plain(ibs.to),
                ibs.model,
                ibs.null_validation
            ));
        }
        if answer.calibration.at.is_empty() {
            return page;
        }
        let mut grid = Grid::new(&["time", "predicted", "observed", "O/E", "log O/E", "SE", "ICI", "E90"]);
        for at in &answer.calibration.at {
            grid.row(vec![
                plain(at.t),
                chance(Some(at.mean_predicted_risk)),
                chance(Some(at.observed_risk)),
                chance(at.oe),
                figure_or_none(at.citl_log_oe),
                figure_or_none(at.citl_se),
                chance(at.ici),
                chance(at.e90),
            ]);
        }
        page += "\n";
        page += &grid.show();
        if let Some(last) = answer.calibration.at.last() {
            let mut grid = Grid::new(&[&format!("groups at {}", plain(last.t)), "n", "predicted", "observed"]);
            for (at, (predicted, observed, n)) in last.deciles.iter().enumerate() {
                grid.row(vec![
                    (at + 1).to_string(),
                    n.to_string(),
                    chance(Some(*predicted)),
                    chance(Some(*observed)),
                ]);
            }
            page += "\n";
            page += &grid.show();
        }
        page
    }
}
