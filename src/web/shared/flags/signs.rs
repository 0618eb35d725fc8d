//! Which sign came first, drawn and as a table.

use super::super::super::chart::heralds::{self, Heralds, Row};
use super::words::{count, past, plural};
use crate::actions::flag_ledger::{Announced, Herald, Kept, Rule};
use crate::web::write;

const WIDTH: f64 = 760.0;
/// With fewer relapses no sign can be told from chance.
const FEWEST_RELAPSES: usize = 10;

/// One sign in the table beside the picture.
pub struct Sign {
    pub name: String,
    pub looked: String,
    pub ahead: String,
    pub early: String,
    pub first: String,
    pub mean: String,
    pub between: String,
}

/// The picture and its table, the sign that came first most often on top; `None` where past data say too little.
pub fn heralds(kept: &Kept) -> Option<(String, Vec<Sign>)> {
    let ledger = &past(kept)?.heralds;
    if ledger.relapses < FEWEST_RELAPSES {
        return None;
    }
    let mut announced: Vec<&Announced> = ledger.announced.iter().filter(|own| own.looked > 0).collect();
    announced.sort_by(|a, b| b.first.total_cmp(&a.first).then(b.ahead.cmp(&a.ahead)));
    let all = ledger.relapses as f64;
    let row = |own: &&Announced| Row {
        name: write::capital(own.herald.words()),
        looked: own.looked as f64 / all,
        ahead: own.ahead as f64 / all,
        early: own.early as f64 / all,
        flag: own.herald == Herald::Flag,
        said: format!(
            "{} of {} looked for, first in {:.0}",
            count(own.ahead),
            count(own.looked),
            own.first
        ),
    };
    let chart = Heralds {
        id: "heralds".into(),
        title: "Relapses announced by each sign".into(),
        about: format!("{} relapses; the table below has each sign.", ledger.relapses),
        width: WIDTH,
        rows: announced.iter().map(row).collect(),
    };
    Some((heralds::svg(&chart), announced.iter().map(|own| sign(own)).collect()))
}

/// The signs that nobody looked for before any of the relapses.
pub fn never(kept: &Kept) -> String {
    let all = past(kept)
        .map(|own| own.heralds.announced.as_slice())
        .unwrap_or_default();
    let never = all.iter().filter(|own| own.looked == 0);
    never.map(|own| own.herald.words()).collect::<Vec<_>>().join(", ")
}

fn sign(own: &Announced) -> Sign {
    Sign {
        name: write::capital(own.herald.words()),
        looked: count(own.looked),
        ahead: count(own.ahead),
        early: count(own.early),
        first: format!("{:.1}", own.first),
        mean: format!("{:.0} d", own.mean_notice),
        between: match own.bounds {
            (_, most) if most < 0.5 => "0 d".into(),
            (least, most) => format!("{least:.0}–{most:.0} d"),
        },
    }
}

pub fn no_heralds(kept: &Kept) -> String {
    match &kept.rule {
        Rule::NoModel => "No model is on show. The ledger of signs is made with the night's model, from the past days of patients that it has not seen.".into(),
        Rule::Untold => "The model on show was made before ledgers were kept. The next night that fits a model brings one.".into(),
        Rule::Told(flags) => match flags.past.as_ref() {
            None => "There are too few patients for a model of one half of them to be tried on the other: the threshold is the stated default, and nothing is known of past flags.".into(),
            Some(past) => format!(
                "{} among the past days of {}: too few to tell one sign from another; {FEWEST_RELAPSES} are needed.",
                plural(past.heralds.relapses, "relapse"),
                plural(past.figures.patients, "patient")
            ),
        },
    }
}
