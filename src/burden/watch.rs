//! How long a patient was watched for a first distant relapse, as far as what is on file tells: one rule for all that learns from outcomes.

use super::case::{Case, Day, Happened, Outcome};

/// Somebody seen this long before the cut is taken as still watched.
pub const STILL_WATCHED_DAYS: Day = 400;
/// What happened in the last days before the cut may not be on file yet.
const REPORTING_DAYS: Day = 45;

/// How a case's watch ended, as known on the cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    pub on: Day,
    /// 0 watched no longer, 1 distant relapse, 2 death without it.
    pub event: u8,
}

impl Case {
    /// `None` for somebody never seen.
    pub fn ended(&self, cut: Day) -> Option<Ended> {
        // who is told to have been alive and watched on a day was watched until then; others are while their visits go on, up to a day by
        // which what happened is on file: what is on file of the days after it would be relapses and no one who had none
        let told = self.happened_by(cut).filter(|h| h.what == Outcome::Contact);
        let told = told.map(|h| h.on).max();
        let closing = (cut - REPORTING_DAYS).max(told.unwrap_or(Day::MIN));
        if let Some(end) = self.end(cut) {
            let event = match end.what {
                Outcome::Relapse { .. } => 1,
                Outcome::Death => 2,
                Outcome::Left | Outcome::Contact => 0,
            };
            return Some(if end.on <= closing {
                Ended { on: end.on, event }
            } else {
                Ended { on: closing, event: 0 }
            });
        }
        let seen = self.seen(cut)?;
        let watched = cut - REPORTING_DAYS;
        let until = if told != Some(seen) && seen < watched && cut - seen <= STILL_WATCHED_DAYS {
            watched
        } else {
            seen
        };
        Some(Ended { on: until, event: 0 })
    }

    /// Whether anybody still watches for a first distant relapse: nothing ended it as known on the cut, and the patient was seen of late (on
    /// day zero at least).
    pub fn is_watched(&self, cut: Day) -> bool {
        cut >= 0 && self.end(cut).is_none() && cut - self.seen(cut).unwrap_or(0).max(0) <= STILL_WATCHED_DAYS
    }

    /// The last day of a contact, a reading or a visit.
    fn seen(&self, cut: Day) -> Option<Day> {
        let contact = self.happened_by(cut).map(|h| h.on).max();
        let signal = self.signals_on(cut).last().map(|signal| signal.on);
        let mut visits = self.visits.iter().rev();
        let visit = visits.find(|(on, known)| *on <= cut && known.on(cut));
        contact.max(signal).max(visit.map(|(on, _)| *on))
    }

    fn happened_by(&self, cut: Day) -> impl Iterator<Item = &Happened> {
        self.happened.iter().filter(move |h| h.known.on(cut) && h.on <= cut)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::burden::case::Known;
    use crate::burden::filter::tests::case;

    fn happened(on: Day, what: Outcome) -> Happened {
        Happened {
            on,
            known: Known {
                from: on,
                until: Day::MAX,
            },
            what,
        }
    }

    fn relapse(on: Day) -> Happened {
        happened(
            on,
            Outcome::Relapse {
                organ: "liver".into(),
                by_scan: false,
            },
        )
    }

    #[test]
    fn who_relapsed_died_or_was_not_seen_for_long_is_watched_no_longer() {
        let of = |happened: &[Happened]| {
            let mut case = case(vec![]);
            case.happened = happened.to_vec();
            case.is_watched(1000)
        };
        let seen = |on| happened(on, Outcome::Contact);
        assert!(of(&[seen(600)]) && of(&[seen(990)]));
        assert!(!of(&[seen(599)]) && !of(&[]));
        assert!(case(vec![]).is_watched(400) && !case(vec![]).is_watched(401));
        // a visit of before day zero is no less than none, and nobody is watched before it
        assert!({
            let mut case = case(vec![]);
            case.happened = vec![seen(-20)];
            case.is_watched(390) && !case.is_watched(-5)
        });
        // on file since yesterday counts, tomorrow's does not
        assert!(!of(&[seen(990), relapse(999)]) && of(&[seen(990), relapse(1001)]));
        assert!(!of(&[seen(990), happened(995, Outcome::Death)]));
        assert!(!of(&[seen(990), happened(995, Outcome::Left)]));
    }

    /// What happened in the days before the cut counts where the patient is told to have been watched through them, else for nobody.
    #[test]
    fn the_last_days_before_the_cut_count_for_all_or_for_none() {
        let of = |happened: &[Happened]| {
            let mut case = case(vec![]);
            case.happened = happened.to_vec();
            case.ended(1000).map(|end| (end.on, end.event))
        };
        assert_eq!(of(&[relapse(955)]), Some((955, 1)));
        assert_eq!(of(&[relapse(956)]), Some((955, 0)));
        assert_eq!(of(&[relapse(956), happened(970, Outcome::Contact)]), Some((956, 1)));
        assert_eq!(
            of(&[happened(990, Outcome::Contact), happened(995, Outcome::Death)]),
            Some((990, 0))
        );
        assert_eq!(of(&[happened(990, Outcome::Contact)]), Some((990, 0)));
        assert_eq!(of(&[]), None);
    }
}
