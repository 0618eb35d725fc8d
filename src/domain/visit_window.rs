//! Whether a planned visit is due or overdue: the one function that every page and export calls (data dictionary, 2.4).

use chrono::NaiveDate;

/// Both days belong to the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    pub open_on: NaiveDate,
    pub close_on: NaiveDate,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    Planned,
    Due,
    Overdue,
    Partial,
    Complete,
    NotApplicable,
}

/// What has been entered for the visit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entered {
    Nothing,
    Part,
    All,
}

impl Window {
    /// `left_on` is the day of death or withdrawal: nothing is overdue that could not have happened any more.
    pub fn status(&self, today: NaiveDate, entered: Entered, left_on: Option<NaiveDate>) -> Status {
        match entered {
            Entered::All => Status::Complete,
            Entered::Part => Status::Partial,
            Entered::Nothing if left_on.is_some_and(|left_on| left_on <= self.close_on) => Status::NotApplicable,
            Entered::Nothing if today < self.open_on => Status::Planned,
            Entered::Nothing if today <= self.close_on => Status::Due,
            Entered::Nothing => Status::Overdue,
        }
    }

    /// Days by which a day misses the window; 0 inside it.
    pub fn days_outside(&self, day: NaiveDate) -> i64 {
        (self.open_on - day)
            .num_days()
            .max((day - self.close_on).num_days())
            .max(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_includes_both_its_days() {
        let may = |day| NaiveDate::from_ymd_opt(2024, 5, day).expect("a day in May");
        let window = Window {
            open_on: may(10),
            close_on: may(20),
        };
        let status = |today| window.status(today, Entered::Nothing, None);
        assert_eq!(status(may(9)), Status::Planned);
        assert_eq!(status(may(10)), Status::Due);
        assert_eq!(status(may(20)), Status::Due);
        assert_eq!(status(may(21)), Status::Overdue);
        assert_eq!(window.status(may(21), Entered::All, None), Status::Complete);
        assert_eq!(
            window.status(may(21), Entered::Nothing, Some(may(15))),
            Status::NotApplicable
        );
        assert_eq!(
            [may(8), may(10), may(20), may(23)].map(|day| window.days_outside(day)),
            [2, 0, 0, 3]
        );
    }
}
