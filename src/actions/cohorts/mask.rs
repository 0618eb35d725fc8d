//! What of a cohort is kept back. The causes are masked together and the groups row by row: whatever sum a page tells, no number
//! below five can be taken from it.

use crate::domain::cohort::{Count, Endpoint, FEW, View};
use crate::survival::FollowUp;

/// Why a group has no curve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    FewPatients,
    /// Each step of a curve would be one of them.
    FewEvents,
    /// The incidence and the event-free curve together would tell them.
    FewDeaths,
    /// Large enough, but a smaller number beside it could be worked out.
    Beside,
}

/// What is counted in one group.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tally {
    pub patients: u64,
    events: u64,
    /// Before the event; `None` where the event is death itself.
    deaths: Option<u64>,
}

impl Tally {
    pub fn of(group: &[FollowUp], endpoint: Endpoint) -> Tally {
        let with = |cause| group.iter().filter(|wait| wait.event() == cause).count() as u64;
        Tally {
            patients: group.len() as u64,
            events: with(1),
            deaths: (endpoint != Endpoint::Overall).then(|| with(2)),
        }
    }

    fn causes(self) -> Vec<u64> {
        [Some(self.events), self.deaths].into_iter().flatten().collect()
    }

    fn ended(self) -> u64 {
        self.events + self.deaths.unwrap_or(0)
    }

    /// What a curve counts: the event-free one both causes, the incidence the event.
    pub fn counted_by(self, view: View) -> u64 {
        match view {
            View::Free => self.ended(),
            View::Incidence => self.events,
        }
    }

    /// Events and deaths before them. The event-free curve tells their sum, so a small one takes the other with it.
    pub fn apart(self) -> (Count, Count) {
        let counts = Count::parts(&self.causes());
        (counts[0], counts.get(1).copied().unwrap_or(Count::Few))
    }

    /// Both causes in one number.
    pub fn together(self) -> Count {
        match Count::of(self.ended()) {
            Count::Exact(_) if !self.may_be_told_together() => Count::Withheld,
            count => count,
        }
    }

    fn may_be_told_together(self) -> bool {
        Count::may_tell_sum(&self.causes())
    }

    fn why(self, view: View) -> Why {
        let few = |number: u64| number < FEW;
        match view {
            _ if few(self.patients) => Why::FewPatients,
            _ if !self.may_be_told_together() || few(self.counted_by(view)) => Why::FewEvents,
            View::Incidence if self.deaths.is_some_and(few) => Why::FewDeaths,
            _ => Why::Beside,
        }
    }
}

/// For each group why it is not shown, if it is not. The sums over all groups are known. What the sizes hide is the same for
/// each question, and the incidence shows no group that the event-free curve hides: else two pages would tell what neither does.
pub(super) fn kept_back(groups: &[Tally], view: View) -> Vec<Option<Why>> {
    let column = |of: &dyn Fn(&Tally) -> u64| groups.iter().map(of).collect::<Vec<u64>>();
    let mut hidden = vec![false; groups.len()];
    Count::hide(&column(&|group| group.patients), &mut hidden);
    for (group, hidden) in groups.iter().zip(&mut hidden) {
        *hidden |= !group.may_be_told_together();
    }
    Count::hide(&column(&|group| group.ended()), &mut hidden);
    if view == View::Incidence {
        Count::hide(&column(&|group| group.events), &mut hidden);
        Count::hide(&column(&|group| group.deaths.unwrap_or(0)), &mut hidden);
    }
    if !all(groups).may_be_told_together() {
        hidden.fill(true);
    }
    let why = |(group, hidden): (&Tally, &bool)| hidden.then(|| group.why(view));
    groups.iter().zip(&hidden).map(why).collect()
}

fn all(groups: &[Tally]) -> Tally {
    let deaths: Option<Vec<u64>> = groups.iter().map(|group| group.deaths).collect();
    Tally {
        patients: groups.iter().map(|group| group.patients).sum(),
        events: groups.iter().map(|group| group.events).sum(),
        deaths: deaths.map(|deaths| deaths.iter().sum()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn tallies() -> impl Strategy<Value = Vec<Tally>> {
        let tally = (0u64..40, 0u64..20, 0u64..20).prop_map(|(waiting, events, deaths)| Tally {
            patients: waiting + events + deaths,
            events,
            deaths: Some(deaths),
        });
        prop::collection::vec(tally, 1..8)
    }

    proptest! {
        #[test]
        fn what_is_shown_of_groups_gives_no_small_number(groups in tallies()) {
            let (free, fallen) = (kept_back(&groups, View::Free), kept_back(&groups, View::Incidence));
            for (group, (free, fallen)) in groups.iter().zip(free.iter().zip(&fallen)) {
                prop_assert!(free.is_some() || (group.patients >= FEW && group.ended() >= FEW));
                prop_assert!(fallen.is_some() || (group.events >= FEW && group.deaths >= Some(FEW)));
                // a group of the incidence alone would be told apart by the other page's sums
                prop_assert!(free.is_none() || fallen.is_some());
            }
            for whys in [free, fallen] {
                let hidden: Vec<&Tally> = groups.iter().zip(&whys).filter(|(_, why)| why.is_some()).map(|(group, _)| group).collect();
                if !hidden.is_empty() && hidden.len() < groups.len() {
                    prop_assert!(hidden.len() > 1);
                    prop_assert!(hidden.iter().map(|group| group.patients).sum::<u64>() >= FEW);
                    prop_assert!(hidden.iter().map(|group| group.ended()).sum::<u64>() >= FEW);
                }
            }
        }
    }

    #[test]
    fn an_arm_with_few_deaths_has_no_incidence_beside_its_event_free_curve() {
        let tally = |patients, events, deaths| Tally {
            patients,
            events,
            deaths: Some(deaths),
        };
        let groups = [tally(60, 20, 10), tally(50, 20, 1), tally(40, 10, 8), tally(30, 10, 9)];
        assert_eq!(kept_back(&groups, View::Free), [None; 4]);
        assert_eq!(
            kept_back(&groups, View::Incidence),
            [None, Some(Why::FewDeaths), Some(Why::Beside), None]
        );
    }
}
