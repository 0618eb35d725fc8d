use crate::burden::{Case, Line, case::Day};
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Population;
pub struct Follow;
impl Population { pub fn follow(&self, _: &Case) -> Follow { Follow } }
impl Follow { pub fn on(&mut self, day: Day) -> Line { Line { day, ..Line::default() } } }
