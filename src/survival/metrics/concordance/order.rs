//! The order of time and of scores, from sorts of packed keys, and what all pairs of one stratum come to.

use super::super::packed::ordered;
use super::Pairs;
use super::pairs::{Mark, settle};
use crate::survival::FollowUp;

/// What a subject's pairs come to, its own weight in it.
#[derive(Clone, Copy, Default)]
struct Part {
    comparable: f64,
    /// Concordant less discordant.
    balance: f64,
}

/// The parts of all subjects.
pub(super) struct Tally {
    parts: Vec<Part>,
}

impl Tally {
    pub fn new(n: usize) -> Tally {
        Tally {
            parts: vec![Part::default(); n],
        }
    }

    /// The infinitesimal jackknife: how the index moves with each weight.
    pub fn se(&self, index: f64, pairs: f64, clusters: Option<&[usize]>) -> f64 {
        let somers = 2.0 * index - 1.0;
        let moves = |part: &Part| (part.balance - somers * part.comparable) / pairs;
        let squares: f64 = match clusters {
            None => self.parts.iter().map(|part| moves(part).powi(2)).sum(),
            Some(clusters) => (by_number(clusters).iter())
                .map(|rows| rows.iter().map(|i| moves(&self.parts[*i])).sum::<f64>().powi(2))
                .sum(),
        };
        0.5 * squares.sqrt()
    }
}

/// Row numbers of each group, groups in ascending order of their number.
pub(super) fn by_number(groups: &[usize]) -> Vec<Vec<usize>> {
    let mut order: Vec<usize> = (0..groups.len()).collect();
    order.sort_by_key(|i| groups[*i]);
    (order.chunk_by(|a, b| groups[*a] == groups[*b]))
        .map(<[usize]>::to_vec)
        .collect()
}

pub(super) struct Sides<'a> {
    pub subjects: &'a [FollowUp],
    pub scores: &'a [f64],
    pub weights: &'a [f64],
    /// Above 0 for those whose event is compared with the others.
    pub cases: &'a [f64],
    pub cause: Option<u32>,
}

/// The moment of a key in the order of time: its time, and whether an event stands there or what comes after the events.
fn moment(key: u128) -> u64 {
    (key >> 64) as u64
}

fn is_event(key: u128) -> bool {
    moment(key) & 1 == 0
}

impl Sides<'_> {
    /// What the pairs among `rows` come to; each one's part goes to the tally.
    pub fn count(&self, rows: &[usize], tally: &mut Tally) -> Pairs {
        let (rank, ranks) = self.ranks(rows);
        let order = self.order(rows, &rank);
        let (mut marks, mut own) = self.marks(rows, &order);
        let tied_ranks = if ranks < rows.len() { ranks } else { 0 };
        let mut pairs = earlier(&order, &mut marks, &mut own, tied_ranks);
        let comparable = later(&order, &marks, &mut own);
        settle(&mut marks, ranks);
        let mut balance = 0.0;
        for mark in &marks {
            let own = &own[mark.place as usize];
            let part = &mut tally.parts[rows[own.row as usize]];
            part.comparable += own.comparable;
            part.balance += mark.balance;
            balance += mark.balance;
        }
        // Each pair stands in the balance of both of its members. Where there are none, rounding must not make some.
        let apart = (comparable - pairs.tied_score).max(0.0);
        let lead = (0.5 * balance).clamp(-apart, apart);
        pairs.concordant = 0.5 * (apart + lead);
        pairs.discordant = 0.5 * (apart - lead);
        pairs
    }

    /// The dense rank of each row's score, and how many ranks there are.
    fn ranks(&self, rows: &[usize]) -> (Vec<u32>, usize) {
        let mut keys: Vec<u128> = (rows.iter().enumerate())
            .map(|(place, &i)| u128::from(ordered(self.scores[i])) << 64 | place as u128)
            .collect();
        keys.sort_unstable();
        let mut rank = vec![0; rows.len()];
        let mut ranks = 0;
        for same in keys.chunk_by(|a, b| moment(*a) == moment(*b)) {
            for key in same {
                rank[*key as u32 as usize] = ranks;
            }
            ranks += 1;
        }
        (rank, ranks as usize)
    }

    /// Keys in the order of time: 63 bits of the time (it is never negative), one that puts events first, the rank and, last, the place
    /// among `rows`, counted on from their number for those who come under observation at that time. Who does so before the first
    /// event needs no such mark.
    fn order(&self, rows: &[usize], rank: &[u32]) -> Vec<u128> {
        let key = |time: f64, event: bool, place: usize, number: usize| {
            let moment = ordered(time) << 1 | u64::from(!event);
            u128::from(moment) << 64 | u128::from(rank[place]) << 32 | number as u128
        };
        let events = || rows.iter().map(|&i| &self.subjects[i]).filter(|s| s.had(self.cause));
        let first = events().map(FollowUp::exit).fold(f64::INFINITY, f64::min);
        let mut order = Vec::with_capacity(rows.len());
        for (place, &i) in rows.iter().enumerate() {
            let subject = &self.subjects[i];
            order.push(key(subject.exit(), subject.had(self.cause), place, place));
            if subject.watched_from() >= first {
                order.push(key(subject.entry(), false, place, rows.len() + place));
            }
        }
        order.sort_unstable();
        order
    }

    fn marks(&self, rows: &[usize], order: &[u128]) -> (Vec<Mark>, Vec<Own>) {
        let one = |(place, &key): (usize, &u128)| {
            let number = key as u32 as usize;
            let enters = number >= rows.len();
            let row = if enters { number - rows.len() } else { number };
            let i = rows[row];
            let mark = Mark {
                rank: (key >> 32) as u32,
                place: place as u32,
                weight: if enters { -self.weights[i] } else { self.weights[i] },
                case: if enters { 0.0 } else { self.cases[i] },
                balance: 0.0,
            };
            let own = Own {
                row: row as u32,
                comparable: 0.0,
            };
            (mark, own)
        };
        order.iter().enumerate().map(one).unzip()
    }
}

/// Whose mark stands at a place in the order of time, and the weight of its comparable pairs.
struct Own {
    row: u32,
    comparable: f64,
}

/// Pairs with those who fell before each mark, and those tied in score or time. `ranks` is 0 where no two scores are equal.
fn earlier(order: &[u128], marks: &mut [Mark], own: &mut [Own], ranks: usize) -> Pairs {
    let mut pairs = Pairs::default();
    let mut seen = vec![0.0; ranks]; // cases so far, by rank
    let (mut before, mut start) = (0.0, 0);
    for group in order.chunk_by(|a, b| moment(*a) == moment(*b)) {
        let places = start..start + group.len();
        start = places.end;
        let here = &mut marks[places.clone()];
        for (mark, own) in here.iter().zip(&mut own[places]) {
            own.comparable += mark.weight * before;
            if ranks > 0 {
                pairs.tied_score += mark.weight * seen[mark.rank as usize];
            }
        }
        if !is_event(group[0]) {
            continue;
        }
        one_time(here, &mut pairs);
        for mark in here.iter() {
            before += mark.case;
            if ranks > 0 {
                seen[mark.rank as usize] += mark.case;
            }
        }
    }
    pairs
}

/// Gives each case the weight of those at risk after it; the sum is the weight of all comparable pairs.
fn later(order: &[u128], marks: &[Mark], own: &mut [Own]) -> f64 {
    let (mut after, mut count, mut comparable) = (0.0, 0i64, 0.0);
    let mut end = marks.len();
    for group in order.chunk_by(|a, b| moment(*a) == moment(*b)).rev() {
        let places = end - group.len()..end;
        end = places.start;
        // An empty set weighs nothing, whatever rounding left behind.
        let at_risk = if count == 0 { 0.0 } else { after };
        for (mark, own) in marks[places.clone()].iter().zip(&mut own[places]) {
            comparable += mark.case * at_risk;
            own.comparable += mark.case * at_risk;
            after += mark.weight;
            count += if mark.weight > 0.0 { 1 } else { -1 };
        }
    }
    comparable
}

/// Events at one time, in ascending order of score. The sweep over the marks will take each pair of them for a discordant one; what it
/// will take off both is put there now.
fn one_time(events: &mut [Mark], pairs: &mut Pairs) {
    let mut to_come: f64 = events.iter().map(|m| m.weight).sum();
    let mut lower = 0.0; // weight as cases of those with lower scores
    for same in events.chunk_by_mut(|a, b| a.rank == b.rank) {
        to_come -= same.iter().map(|m| m.weight).sum::<f64>();
        let mut alike = 0.0;
        for mark in same {
            mark.balance = mark.weight * lower + mark.case * to_come;
            pairs.tied_time += mark.weight * lower;
            pairs.tied_both += mark.weight * alike;
            alike += mark.case;
        }
        lower += alike;
    }
}
