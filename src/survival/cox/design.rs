//! The data of a fit in the order of the sweep: by stratum, from the last exit to the first, those who fall after the others.

use std::ops::Range;

use ndarray::ArrayView2;

use super::gram::padded;
use crate::survival::{Error, FollowUp};

/// What a fit is given beside its columns, checked.
#[derive(Clone, Copy)]
pub(in crate::survival) struct Sample<'a> {
    pub subjects: &'a [FollowUp],
    pub weights: Option<&'a [f64]>,
    /// A number from 0 on for each subject; hazards of different strata are not compared.
    pub strata: Option<&'a [u32]>,
    pub cause: Option<u32>,
}

/// One time with events in one stratum.
#[derive(Clone, Copy, Debug)]
pub(super) struct Group {
    pub time: f64,
    /// Weight of those who fall.
    pub weight: f64,
    /// At risk are the stratum's rows up to here …
    pub end: u32,
    /// … of which those from here on fall …
    pub first_dead: u32,
    /// … less the stratum's late rows up to here, which have not entered yet.
    pub late_end: u32,
    /// How many are at risk.
    pub crowd: u32,
}

impl Group {
    pub fn dead(&self) -> Range<usize> {
        self.first_dead as usize..self.end as usize
    }
}

#[derive(Clone, Debug)]
pub(super) struct Stratum {
    pub number: usize,
    pub rows: Range<usize>,
    pub groups: Range<usize>,
    pub late: Range<usize>,
}

/// Rows that one thread handles at a time. Blocks depend on the data alone, so sums don't depend on the number of threads.
#[derive(Clone, Debug)]
pub(super) struct Block {
    pub stratum: usize,
    pub rows: Range<usize>,
    pub groups: Range<usize>,
    pub late: Range<usize>,
}

const BLOCK: usize = 4096;

/// Rows that are at risk at no event time have no say and are left out.
pub(in crate::survival) struct Design {
    pub(super) columns: usize,
    pub(super) width: usize,
    /// Standardised rows, padded to `width`.
    pub(super) x: Vec<f64>,
    /// The given row of each row here.
    pub(super) order: Vec<u32>,
    pub(super) weights: Option<Vec<f64>>,
    /// For each row the first group that it has not entered yet (groups run back in time); empty when nobody enters late.
    pub(super) entered: Vec<u32>,
    /// Rows by `entered`: those who leave the risk set on the way back.
    pub(super) late: Vec<u32>,
    /// For each row the block in which it leaves, on the way back; beyond the last for one that never does.
    pub(super) leaves: Vec<u32>,
    pub(super) groups: Vec<Group>,
    pub(super) strata: Vec<Stratum>,
    pub(super) blocks: Vec<Block>,
}

/// Columns as they are standardised: `(value - mean) / sd`, the latter 0 for a column that does not vary beyond rounding.
pub(in crate::survival) struct Moments {
    pub means: Vec<f64>,
    pub scale: Vec<f64>,
}

impl Moments {
    /// Errors: `NotFinite` names the first value that is no number.
    pub fn of(x: ArrayView2<f64>) -> Result<Moments, Error> {
        let (n, p) = x.dim();
        let mut means = vec![0.0; p];
        each_row(x, |row| {
            for (sum, v) in means.iter_mut().zip(row) {
                *sum += v;
            }
        });
        if !means.iter().all(|m| m.is_finite())
            && let Some(((row, column), _)) = x.indexed_iter().find(|(_, value)| !value.is_finite())
        {
            return Err(Error::NotFinite { row, column });
        }
        means.iter_mut().for_each(|m| *m /= n as f64);
        let (mut squares, mut largest) = (vec![0.0; p], vec![0.0_f64; p]);
        each_row(x, |row| {
            for (j, v) in row.iter().enumerate() {
                squares[j] += (v - means[j]) * (v - means[j]);
                largest[j] = largest[j].max(v.abs());
            }
        });
        let sd = |j: usize| {
            let sd = (squares[j] / n as f64).sqrt();
            if sd <= 1e-12 * largest[j] { 0.0 } else { sd }
        };
        Ok(Moments {
            scale: (0..p).map(sd).collect(),
            means,
        })
    }

    fn standardise(&self, from: impl IntoIterator<Item = f64>, to: &mut [f64]) {
        for (j, v) in from.into_iter().enumerate() {
            to[j] = self.one(j, v);
        }
    }

    fn one(&self, j: usize, value: f64) -> f64 {
        if self.scale[j] > 0.0 {
            (value - self.means[j]) / self.scale[j]
        } else {
            0.0
        }
    }
}

fn each_row(x: ArrayView2<f64>, mut visit: impl FnMut(&[f64])) {
    let mut copy = vec![0.0; x.ncols()];
    for row in x.rows() {
        match row.as_slice() {
            Some(slice) => visit(slice),
            None => {
                copy.iter_mut().zip(row).for_each(|(c, v)| *c = *v);
                visit(&copy);
            }
        }
    }
}

/// Who is at risk when: everything of a design but its columns.
struct Layout {
    order: Vec<u32>,
    entered: Vec<u32>,
    late: Vec<u32>,
    groups: Vec<Group>,
    strata: Vec<Stratum>,
}

impl Layout {
    fn of(sample: &Sample) -> Layout {
        let mut layout = Layout {
            order: Vec::with_capacity(sample.subjects.len()),
            entered: vec![],
            late: vec![],
            groups: vec![],
            strata: vec![],
        };
        let anybody_late = sample.subjects.iter().any(|s| s.entry() > 0.0);
        let mut keys = sorted(sample);
        let mut rest = keys.as_mut_slice();
        while let Some(first) = rest.first() {
            let number = first.stratum;
            let length = rest.partition_point(|key| key.stratum == number);
            let (own, others) = rest.split_at_mut(length);
            layout.add_stratum(sample, number as usize, own, anybody_late);
            rest = others;
        }
        layout
    }

    fn add_stratum(&mut self, sample: &Sample, number: usize, keys: &[Key], anybody_late: bool) {
        // Keys tell the time without a look at subjects that lie all over the memory.
        let entry = |key: &Key| match anybody_late {
            true => sample.subjects[key.row as usize].watched_from(),
            false => f64::NEG_INFINITY,
        };
        let weight = |row: u32| sample.weights.map_or(1.0, |w| w[row as usize]);
        let mut times: Vec<f64> = (keys.iter().filter(|key| key.fell())).map(Key::exit).collect();
        times.dedup();
        let (first_row, first_group, first_late) = (self.order.len(), self.groups.len(), self.late.len());
        let mut open: Option<Group> = None;
        let mut k = 0;
        for key in keys {
            let exit = key.exit();
            while times.get(k).is_some_and(|time| *time > exit) {
                self.groups.extend(open.take());
                k += 1;
            }
            if k == times.len() {
                break;
            }
            let entry = entry(key);
            let entered = match anybody_late {
                true => k + times[k..].partition_point(|time| *time > entry),
                false => times.len(),
            };
            if entered == k {
                continue;
            }
            if key.fell() {
                let group = open.get_or_insert(Group {
                    time: exit,
                    weight: 0.0,
                    end: 0,
                    first_dead: self.order.len() as u32,
                    late_end: 0,
                    crowd: 0,
                });
                group.weight += weight(key.row);
                group.end = self.order.len() as u32 + 1;
            }
            self.order.push(key.row);
            if anybody_late {
                self.entered.push(entered as u32);
            }
        }
        self.groups.extend(open.take());
        self.add_late(first_row, first_group, times.len());
        self.strata.push(Stratum {
            number,
            rows: first_row..self.order.len(),
            groups: first_group..self.groups.len(),
            late: first_late..self.late.len(),
        });
    }

    /// Lists the late rows of a stratum by the group at which they leave (a counting sort) and completes its groups.
    fn add_late(&mut self, first_row: usize, first_group: usize, count: usize) {
        let first_late = self.late.len();
        let mut place = vec![0; count + 1];
        for &entered in self.entered.iter().skip(first_row) {
            place[entered as usize] += 1;
        }
        let mut before = first_late as u32;
        for (k, slot) in place.iter_mut().enumerate() {
            let here = *slot;
            *slot = before;
            before += here;
            if k < count {
                let group = &mut self.groups[first_group + k];
                group.late_end = before;
                group.crowd = group.end - first_row as u32 - (before - first_late as u32);
            }
        }
        if self.entered.is_empty() {
            return;
        }
        self.late.resize(place[count] as usize, 0);
        for (i, entered) in self.entered.iter_mut().enumerate().skip(first_row) {
            if (*entered as usize) < count {
                let slot = &mut place[*entered as usize];
                self.late[*slot as usize] = i as u32;
                *slot += 1;
            }
            *entered += first_group as u32;
        }
    }

    fn blocks(&self) -> Vec<Block> {
        let mut blocks = vec![];
        for (s, stratum) in self.strata.iter().enumerate() {
            let mut begin = (stratum.rows.start, stratum.groups.start, stratum.late.start);
            for k in stratum.groups.clone() {
                let group = &self.groups[k];
                let end = (group.end as usize, k + 1, group.late_end as usize);
                let full = end.0 - begin.0 + end.2 - begin.2 >= BLOCK;
                if full || k + 1 == stratum.groups.end {
                    blocks.push(Block {
                        stratum: s,
                        rows: begin.0..end.0,
                        groups: begin.1..end.1,
                        late: begin.2..end.2,
                    });
                    begin = end;
                }
            }
        }
        blocks
    }
}

/// Orders one subject in the sweep.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    stratum: u32,
    /// The bits of a time that is not negative are ordered as the time; turned over they run back in time. The last bit is set
    /// for those who fall.
    back: u64,
    row: u32,
}

impl Key {
    fn exit(&self) -> f64 {
        f64::from_bits(!(self.back >> 1) & (u64::MAX >> 1))
    }

    fn fell(&self) -> bool {
        self.back & 1 == 1
    }
}

fn sorted(sample: &Sample) -> Vec<Key> {
    let key = |(row, subject): (usize, &FollowUp)| Key {
        stratum: sample.strata.map_or(0, |s| s[row]),
        back: (!subject.exit().to_bits() << 1) | u64::from(subject.had(sample.cause)),
        row: row as u32,
    };
    let mut keys: Vec<Key> = sample.subjects.iter().enumerate().map(key).collect();
    if sample.strata.is_some() {
        keys.sort_unstable();
    } else {
        keys.sort_unstable_by_key(|key| (key.back, key.row));
    }
    keys
}

impl Design {
    /// Copies the rows that count. `sample` has been checked.
    pub fn new(x: ArrayView2<f64>, moments: &Moments, sample: &Sample) -> Design {
        let layout = Layout::of(sample);
        let width = padded(x.ncols());
        let mut rows = vec![0.0; layout.order.len() * width];
        for (to, row) in rows.chunks_exact_mut(width).zip(&layout.order) {
            let from = x.row(*row as usize);
            match from.as_slice() {
                Some(slice) => moments.standardise(slice.iter().copied(), to),
                None => moments.standardise(from.iter().copied(), to),
            }
        }
        Design::of(layout, rows, x.ncols(), sample)
    }

    /// Puts the given rows, `columns` wide, into the order of the sweep where they are, so that they are not held twice.
    pub fn in_place(mut x: Vec<f64>, columns: usize, moments: &Moments, sample: &Sample) -> Design {
        let layout = Layout::of(sample);
        let width = padded(columns);
        if width != columns {
            let view = ArrayView2::from_shape((sample.subjects.len(), columns), &x)
                .expect("as many numbers as rows and columns");
            return Design::new(view, moments, sample);
        }
        for row in x.chunks_exact_mut(width) {
            for (j, v) in row.iter_mut().enumerate() {
                *v = moments.one(j, *v);
            }
        }
        permute(&mut x, width, &layout.order);
        x.truncate(layout.order.len() * width);
        Design::of(layout, x, columns, sample)
    }

    fn of(layout: Layout, x: Vec<f64>, columns: usize, sample: &Sample) -> Design {
        let blocks = layout.blocks();
        let mut leaves = vec![u32::MAX; layout.entered.len()];
        for (b, block) in blocks.iter().enumerate() {
            for &i in &layout.late[block.late.clone()] {
                leaves[i as usize] = b as u32;
            }
        }
        let weights = |w: &[f64]| layout.order.iter().map(|row| w[*row as usize]).collect();
        Design {
            columns,
            width: padded(columns),
            x,
            weights: sample.weights.map(weights),
            blocks,
            leaves,
            order: layout.order,
            entered: layout.entered,
            late: layout.late,
            groups: layout.groups,
            strata: layout.strata,
        }
    }

    pub(super) fn row(&self, i: usize) -> &[f64] {
        &self.x[i * self.width..(i + 1) * self.width]
    }

    pub(super) fn weight(&self, i: usize) -> f64 {
        self.weights.as_ref().map_or(1.0, |w| w[i])
    }

    pub fn rows(&self) -> usize {
        self.order.len()
    }

    /// Every `step`-th row that counts, by the place it was given at: a fit to these starts the fit to all close to its end.
    pub(super) fn thinned(&self, sample: &Sample, step: usize) -> Design {
        let mut places: Vec<u32> = (0..self.order.len() as u32).step_by(step).collect();
        let at = |place: &u32| self.order[*place as usize] as usize;
        let subjects: Vec<FollowUp> = places.iter().map(|i| sample.subjects[at(i)]).collect();
        let weights: Option<Vec<f64>> = sample.weights.map(|w| places.iter().map(|i| w[at(i)]).collect());
        let strata: Option<Vec<u32>> = sample.strata.map(|s| places.iter().map(|i| s[at(i)]).collect());
        let thin = Sample {
            subjects: &subjects,
            weights: weights.as_deref(),
            strata: strata.as_deref(),
            cause: sample.cause,
        };
        let layout = Layout::of(&thin);
        let mut x = Vec::with_capacity(layout.order.len() * self.width);
        for row in &layout.order {
            x.extend_from_slice(self.row(places[*row as usize] as usize));
        }
        places.clear();
        Design::of(layout, x, self.columns, &thin)
    }
}

/// Row `k` becomes what was row `order[k]`; rows that `order` does not name end up behind the others.
fn permute(x: &mut [f64], width: usize, order: &[u32]) {
    let n = x.len() / width;
    let mut source: Vec<u32> = order.to_vec();
    if order.len() < n {
        let mut named = vec![false; n];
        order.iter().for_each(|row| named[*row as usize] = true);
        source.extend((0..n as u32).filter(|row| !named[*row as usize]));
    }
    let mut held = vec![0.0; width];
    const DONE: u32 = u32::MAX;
    for start in 0..n {
        if source[start] == DONE || source[start] as usize == start {
            continue;
        }
        held.copy_from_slice(&x[start * width..(start + 1) * width]);
        let mut to = start;
        loop {
            let from = std::mem::replace(&mut source[to], DONE) as usize;
            if from == start {
                x[to * width..(to + 1) * width].copy_from_slice(&held);
                break;
            }
            x.copy_within(from * width..(from + 1) * width, to * width);
            to = from;
        }
    }
}
