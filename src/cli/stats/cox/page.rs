//! The page of a Cox model.

use std::collections::BTreeMap;

use metwatch::survival::Ties;

use super::super::page::{Grid, chance, figure, fixed, p, plain, wrapped};

use super::{Answer, Arguments, Fitted, Predicted, Proportional};

impl Arguments {
    pub(super) fn page(&self, answer: &Answer, fitted: &Fitted) -> String {
        let strata = match &fitted.strata {
            None => String::new(),
            Some(strata) => format!(", {} strata", strata.levels.len()),
        };
        let ties = match answer.ties {
            Ties::Efron => "Efron's",
            Ties::Breslow => "Breslow's",
            Ties::Exact => "the exact",
        };
        let mut page = format!(
            "Cox model, ties by {ties} rule: {} rows, {} events{strata}; {} steps\n\n",
            answer.n, answer.events, answer.iterations
        );
        page += &answer.terms.page("HR", &self.output);
        page += "\n";
        let mut grid = Grid::new(&["test of all coefficients", "chi-square", "df", "p"]);
        let tests = [
            ("likelihood ratio", answer.lr_chisq, answer.lr_p),
            ("score (log-rank)", answer.score_chisq, answer.score_p),
            ("Wald", answer.wald_chisq, answer.wald_p),
        ];
        for (name, chisq, value) in tests {
            grid.row(vec![
                name.to_owned(),
                figure(chisq),
                answer.df.to_string(),
                p(Some(value)),
            ]);
        }
        page += &grid.show();
        let c = &answer.concordance;
        page += &wrapped(&format!(
            "Log-likelihood {} (without covariates {}); concordance {} (SE {}).",
            fixed(answer.loglik),
            fixed(answer.loglik_null),
            chance(c.c),
            chance(c.se)
        ));
        page += &answer.ph_test.as_ref().map_or_else(String::new, proportional_page);
        page += &answer.predicted.as_ref().map_or_else(String::new, predicted_page);
        page
    }
}

fn proportional_page(all: &BTreeMap<&'static str, Proportional>) -> String {
    let scales = ["identity", "log", "km", "rank"];
    let mut grid = Grid::new(&["proportional? p by", "time", "log time", "KM", "rank"]);
    for (at, name) in all["km"].rows.iter().enumerate() {
        let mut row = vec![name.clone()];
        row.extend(scales.map(|scale| p(all[scale].p[at])));
        grid.row(row);
    }
    format!("\n{}", grid.show())
}

fn predicted_page(predicted: &Predicted) -> String {
    const SHOWN: usize = 6;
    let rows = predicted.linear_predictor.len();
    let names: Vec<String> = (1..=rows.min(SHOWN)).map(|row| format!("row {row} (SE)")).collect();
    let mut head = vec!["survival at"];
    head.extend(names.iter().map(String::as_str));
    let mut grid = Grid::new(&head);
    for (time, (surv, se)) in predicted.time.iter().zip(predicted.surv.iter().zip(&predicted.se_surv)) {
        let mut row = vec![plain(*time)];
        row.extend((0..rows.min(SHOWN)).map(|i| format!("{} ({:.3})", chance(Some(surv[i])), se[i])));
        grid.row(row);
    }
    let more = if rows > SHOWN {
        format!("… and {} rows more in the JSON\n", rows - SHOWN)
    } else {
        String::new()
    };
    format!("\n{}{more}", grid.show())
}
