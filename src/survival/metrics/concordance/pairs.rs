//! Every comparable pair of two orders at once: subjects in the order of time, split again and again by the bits of their score's rank.

/// One place in the order of time: a subject that leaves or, with a negative weight, one that only now comes under observation.
#[derive(Clone, Copy, Default)]
pub(super) struct Mark {
    /// Dense rank of the score.
    pub rank: u32,
    /// Number of the mark in the order of time.
    pub place: u32,
    /// What it weighs as the later one of a pair.
    pub weight: f64,
    /// What it weighs as the one that falls first; 0 without an event.
    pub case: f64,
    /// Weight of its pairs with all others, + where the one that fell first has the higher score, − where it has the lower.
    pub balance: f64,
}

/// Below this many marks all pairs are looked at one by one.
const FEW: usize = 24;

/// Adds to the `balance` of every mark; `marks` stand in the order of time, and the first of a pair counts as its case. O(n log n): each
/// bit of the ranks settles all pairs that it tells apart in one pass over the marks that agree in the bits before it, and small sets
/// stay in the cache until they are done. The marks are left in another order.
pub(super) fn settle(marks: &mut [Mark], ranks: usize) {
    let bits = usize::BITS - ranks.saturating_sub(1).leading_zeros();
    let mut higher = vec![Mark::default(); marks.len()];
    split(marks, &mut higher, bits);
}

fn split(marks: &mut [Mark], higher: &mut [Mark], bits: u32) {
    if marks.len() <= FEW {
        return one_by_one(marks);
    }
    let Some(bit) = bits.checked_sub(1) else {
        return; // one score only: nothing is told apart
    };
    let side = |mark: &Mark| (mark.rank >> bit) as usize & 1;
    let mut after = [0.0; 2]; // weight that is still to come, by side
    for mark in marks.iter() {
        after[side(mark)] += mark.weight;
    }
    let mut before = [0.0; 2]; // weight of the cases so far
    let mut count = [0usize; 2];
    for i in 0..marks.len() {
        let mut mark = marks[i];
        let own = side(&mark);
        let other = 1 - own;
        after[own] -= mark.weight;
        mark.balance += [1.0, -1.0][own] * (mark.weight * before[other] - mark.case * after[other]);
        before[own] += mark.case;
        // Written to both sides; only the one that counts it keeps it.
        marks[count[0]] = mark;
        higher[count[1]] = mark;
        count[own] += 1;
    }
    marks[count[0]..].copy_from_slice(&higher[..count[1]]);
    let (low, high) = marks.split_at_mut(count[0]);
    split(low, higher, bit);
    split(high, higher, bit);
}

fn one_by_one(marks: &mut [Mark]) {
    for second in 1..marks.len() {
        let (earlier, rest) = marks.split_at_mut(second);
        let later = &mut rest[0];
        for first in earlier {
            let sign = f64::from(i8::from(first.rank > later.rank) - i8::from(first.rank < later.rank));
            let pair = sign * first.case * later.weight;
            first.balance += pair;
            later.balance += pair;
        }
    }
}
