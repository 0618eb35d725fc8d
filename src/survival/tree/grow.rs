//! Grows one tree: each node's rows stand together, in the order in which the tree was given them.

use std::ops::Range;

use super::{Bins, Tree};

/// Rows with a bin of `column` up to `code` go left.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::survival) struct Split {
    pub column: usize,
    pub code: u8,
    pub gain: f64,
}

/// What tells one ensemble from another: how a node is split, if at all.
pub(in crate::survival) trait Splitter {
    fn split(&mut self, rows: &[u32]) -> Option<Split>;
}

#[derive(Default)]
pub(in crate::survival) struct Grown {
    pub tree: Tree,
    /// The rows, leaf by leaf.
    pub rows: Vec<u32>,
    /// Where each leaf's rows stand.
    pub leaves: Vec<Range<usize>>,
    /// Column and gain of each split.
    pub gains: Vec<(usize, f64)>,
}

struct Task {
    range: Range<usize>,
    depth: usize,
    /// The split above, and whether this is its right side.
    parent: Option<(usize, bool)>,
}

/// Depth first, left before right, from `rows` down to nodes that `splitter` leaves whole or that lie `max_depth` deep.
pub(in crate::survival) fn grow(
    bins: &Bins,
    rows: Vec<u32>,
    max_depth: Option<usize>,
    splitter: &mut impl Splitter,
) -> Grown {
    let mut grown = Grown {
        rows,
        ..Grown::default()
    };
    let mut aside = Vec::with_capacity(grown.rows.len());
    let mut tasks = vec![Task {
        range: 0..grown.rows.len(),
        depth: 0,
        parent: None,
    }];
    while let Some(Task { range, depth, parent }) = tasks.pop() {
        let rows = &mut grown.rows[range.clone()];
        let deep = max_depth.is_some_and(|most| depth >= most);
        let split = if deep { None } else { splitter.split(rows) };
        let Some(split) = split else {
            grown.tree.hang(parent, !(grown.leaves.len() as i32));
            grown.leaves.push(range);
            continue;
        };
        let middle = range.start + part(rows, bins.column(split.column), split.code, &mut aside);
        let number = grown.tree.push(split.column, bins.threshold(split.column, split.code));
        grown.tree.hang(parent, number as i32);
        grown.gains.push((split.column, split.gain));
        for (range, right) in [(middle..range.end, true), (range.start..middle, false)] {
            tasks.push(Task {
                range,
                depth: depth + 1,
                parent: Some((number, right)),
            });
        }
    }
    grown
}

/// Puts the rows that go left first, each side in its old order; gives their number.
fn part(rows: &mut [u32], codes: &[u8], code: u8, aside: &mut Vec<u32>) -> usize {
    aside.clear();
    let mut left = 0;
    for i in 0..rows.len() {
        let row = rows[i];
        if codes[row as usize] <= code {
            rows[left] = row;
            left += 1;
        } else {
            aside.push(row);
        }
    }
    rows[left..].copy_from_slice(aside);
    left
}

impl Tree {
    fn push(&mut self, column: usize, threshold: f64) -> usize {
        self.column.push(column as u32);
        self.threshold.push(threshold);
        self.left.push(0);
        self.right.push(0);
        self.column.len() - 1
    }

    fn hang(&mut self, parent: Option<(usize, bool)>, child: i32) {
        match parent {
            Some((split, true)) => self.right[split] = child,
            Some((split, false)) => self.left[split] = child,
            None => {}
        }
    }
}
