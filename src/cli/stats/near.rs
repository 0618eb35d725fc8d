//! Which column may have been meant.

/// "no column `node`; perhaps `nodes`", without the second half where nothing is near.
pub fn near(name: &str, names: &[String]) -> String {
    let lower = name.to_lowercase();
    let mut found: Vec<(usize, &String)> = (names.iter())
        .filter_map(|other| {
            let known = other.to_lowercase();
            let apart = distance(&lower, &known);
            let begins = !lower.is_empty() && (known.starts_with(&lower) || lower.starts_with(&known));
            (apart <= 1 + lower.chars().count() / 4 || begins && !known.is_empty()).then_some((apart, other))
        })
        .collect();
    found.sort();
    let told: Vec<String> = found.iter().take(5).map(|(_, other)| format!("`{other}`")).collect();
    if told.is_empty() {
        format!("no column `{name}`")
    } else {
        format!("no column `{name}`; perhaps {}", told.join(" or "))
    }
}

/// Levenshtein's: how many letters must be put in, taken out or changed.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, letter) in a.chars().enumerate() {
        let mut corner = row[0];
        row[0] = i + 1;
        for (j, other) in b.iter().enumerate() {
            let change = corner + usize::from(letter != *other);
            corner = row[j + 1];
            row[j + 1] = change.min(row[j] + 1).min(corner + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_pen_is_understood() {
        let names = ["nodes", "age", "rfs_days", "rfs_event"].map(str::to_owned);
        assert_eq!(near("node", &names), "no column `node`; perhaps `nodes`");
        assert_eq!(
            near("rfs", &names),
            "no column `rfs`; perhaps `rfs_days` or `rfs_event`"
        );
        assert_eq!(near("Age", &names), "no column `Age`; perhaps `age`");
        assert_eq!(near("tumour", &names), "no column `tumour`");
        assert_eq!((distance("kitten", "sitting"), distance("", "ab")), (3, 2));
    }
}
