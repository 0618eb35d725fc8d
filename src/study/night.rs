//! The night's model as a study asks it: the same fit, the same scores.

use super::follow::Follows;
use crate::burden::case::{Case, Day};
use crate::risk::flags::Said;
use crate::risk::landmark::{Model, Scorer};
use crate::risk::night;

impl Follows for Model {
    fn follow<'a>(&'a self, case: &'a Case) -> Box<dyn FnMut(Day) -> Option<Said> + 'a> {
        said(Model::follow(self, case))
    }
}

/// The model as it would be without the patient who is asked about.
pub struct Unseen<'m>(pub &'m Model);

impl Follows for Unseen<'_> {
    fn follow<'a>(&'a self, case: &'a Case) -> Box<dyn FnMut(Day) -> Option<Said> + 'a> {
        said(self.0.follow_unseen(case))
    }
}

fn said<'a>(mut scorer: Scorer<'a>) -> Box<dyn FnMut(Day) -> Option<Said> + 'a> {
    Box::new(move |day| night::said(&mut scorer, day))
}
