//! Where a long list stands: which rows of how many, and the way to the rows before and after.

/// `base` is the list's address with its filters, ready for `&page=`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pager {
    pub base: String,
    /// Counted from 1.
    pub page: u64,
    pub per: u64,
    pub total: u64,
}

impl Pager {
    /// `path` with `filters` (name, value), both percent-encoded; empty values are left out.
    pub fn new(path: &str, filters: &[(&str, &str)], page: u64, per: u64, total: u64) -> Pager {
        let kept: Vec<_> = filters.iter().filter(|(_, value)| !value.is_empty()).collect();
        let query = serde_urlencoded::to_string(kept).unwrap_or_default();
        Pager {
            base: format!("{path}?{query}{}", if query.is_empty() { "" } else { "&" }),
            page: page.max(1),
            per: per.max(1),
            total,
        }
    }

    pub fn first(&self) -> u64 {
        ((self.page - 1) * self.per + 1).min(self.total)
    }

    pub fn last(&self) -> u64 {
        (self.page * self.per).min(self.total)
    }

    pub fn before(&self) -> Option<String> {
        (self.page > 1).then(|| format!("{}page={}", self.base, self.page - 1))
    }

    pub fn after(&self) -> Option<String> {
        (self.last() < self.total).then(|| format!("{}page={}", self.base, self.page + 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pager_knows_its_neighbours() {
        let pager = Pager::new("/patients", &[("trial", "A&B"), ("centre", "")], 2, 50, 120);
        assert_eq!((pager.first(), pager.last()), (51, 100));
        assert_eq!(pager.before().as_deref(), Some("/patients?trial=A%26B&page=1"));
        assert_eq!(pager.after().as_deref(), Some("/patients?trial=A%26B&page=3"));
        let last = Pager::new("/patients", &[], 3, 50, 120);
        assert_eq!((last.first(), last.last(), last.after()), (101, 120, None));
    }
}
