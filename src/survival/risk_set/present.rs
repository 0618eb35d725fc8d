//! Who is at risk while a table is swept back in time.

/// Weight and number of those at risk in each group, and how many of them fall at the time looked at.
pub(super) struct Present {
    weight: Vec<Sum>,
    pub number: Vec<usize>,
    pub fallen: Vec<usize>,
}

/// Neumaier's sum, ZAMM 1974;54:39: what rounding loses is kept beside it, so a large weight may come and go.
#[derive(Clone, Copy, Default)]
pub(in crate::survival) struct Sum {
    sum: f64,
    lost: f64,
}

impl Sum {
    pub fn add(&mut self, term: f64) {
        let total = self.sum + term;
        self.lost += if self.sum.abs() >= term.abs() {
            (self.sum - total) + term
        } else {
            (term - total) + self.sum
        };
        self.sum = total;
    }

    pub fn merge(&mut self, other: Sum) {
        self.add(other.sum);
        self.add(other.lost);
    }

    pub fn value(self) -> f64 {
        self.sum + self.lost
    }
}

impl Present {
    pub fn new(groups: usize) -> Present {
        Present {
            weight: vec![Sum::default(); groups],
            number: vec![0; groups],
            fallen: vec![0; groups],
        }
    }

    pub fn weight(&self, group: usize) -> f64 {
        self.weight[group].value()
    }

    pub fn add(&mut self, group: usize, weight: f64) {
        self.weight[group].add(weight);
        self.number[group] += 1;
    }

    pub fn remove(&mut self, group: usize, weight: f64) {
        self.weight[group].add(-weight);
        self.number[group] -= 1;
        if self.number[group] == 0 {
            self.weight[group] = Sum::default();
        }
    }
}
