//! How long a patient was watched for a first distant relapse, as far as what is on file tells: one rule for all that learns from outcomes.

use super::case::{Case, Day, Outcome};

/// Somebody seen this long before the cut is taken as still watched.
const STILL_WATCHED_DAYS: Day = 400;
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
        let contact = self
            .happened
            .iter()
            .filter(|h| h.known.on(cut) && h.on <= cut)
            .map(|h| (h.on, h.what == Outcome::Contact));
        let told = contact.clone().filter(|(_, contact)| *contact).map(|(on, _)| on).max();
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
        let signal = self.signals_on(cut).last().map(|signal| signal.on);
        let visit = self
            .visits
            .iter()
            .rev()
            .find(|(on, known)| *on <= cut && known.on(cut))
            .map(|(on, _)| *on);
        let seen = contact.map(|(on, _)| on).max().max(signal).max(visit)?;
        let watched = cut - REPORTING_DAYS;
        let until = if told != Some(seen) && seen < watched && cut - seen <= STILL_WATCHED_DAYS {
            watched
        } else {
            seen
        };
        Some(Ended { on: until, event: 0 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::burden::case::{Happened, Known};
    use crate::burden::filter::tests::case;

    /// What happened in the days before the cut counts where the patient is told to have been watched through them, else for nobody.
    #[test]
    fn the_last_days_before_the_cut_count_for_all_or_for_none() {
        let happened = |on: Day, what: Outcome| Happened {
            on,
            known: Known {
                from: on,
                until: Day::MAX,
            },
            what,
        };
        let of = |happened: &[Happened]| {
            let mut case = case(vec![]);
            case.happened = happened.to_vec();
            case.ended(1000).map(|end| (end.on, end.event))
        };
        let relapse = |on| {
            happened(
                on,
                Outcome::Relapse {
                    organ: "liver".into(),
                    by_scan: false,
                },
            )
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
