//! How large a deposit in a lymph node is: isolated cells, micro- or macrometastasis (data dictionary, 6.1).

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deposit {
    IsolatedCells,
    Micro,
    Macro,
}

impl Deposit {
    /// At most 0.2 mm, above that to 2 mm, above 2 mm.
    pub fn of_mm(largest_mm: f64) -> Deposit {
        if largest_mm <= 0.2 {
            Deposit::IsolatedCells
        } else if largest_mm <= 2.0 {
            Deposit::Micro
        } else {
            Deposit::Macro
        }
    }

    pub fn code(self) -> &'static str {
        match self {
            Deposit::IsolatedCells => "itc",
            Deposit::Micro => "micro",
            Deposit::Macro => "macro",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_limits_belong_to_the_smaller_class() {
        let classes = [0.2, 0.21, 2.0, 2.1].map(Deposit::of_mm);
        assert_eq!(
            classes,
            [Deposit::IsolatedCells, Deposit::Micro, Deposit::Micro, Deposit::Macro]
        );
    }
}
