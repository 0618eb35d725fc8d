//! The night's model as a study asks it: the same fit, the same scores.

use super::follow::{Follows, Said};
use crate::burden::case::{Case, Day};
use crate::risk::landmark::Model;

impl Follows for Model {
    fn follow<'a>(&'a self, case: &'a Case) -> Box<dyn FnMut(Day) -> Option<Said> + 'a> {
        let mut scorer = Model::follow(self, case);
        Box::new(move |day| {
            let (risks, line) = scorer.risks_and_line(day).ok()?;
            let growing = line.regimes.growing + line.regimes.overt;
            Some(Said { risks, growing })
        })
    }
}
