//! A centre's own clock (S-093): "today" is the day in its zone, and instants are shown in its time with the zone's name.

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;

/// A zone that is not known counts as UTC: a wrong name must not keep a centre from working.
fn zone(name: &str) -> Tz {
    name.parse().unwrap_or(Tz::UTC)
}

/// The day it is at the centre.
pub fn today(name: &str, now: DateTime<Utc>) -> NaiveDate {
    now.with_timezone(&zone(name)).date_naive()
}

/// `22 Nov 2026, 13:02 CET`.
pub fn words(name: &str, at: DateTime<Utc>) -> String {
    at.with_timezone(&zone(name)).format("%-d %b %Y, %H:%M %Z").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().expect("an instant")
    }

    #[test]
    fn today_is_the_centres() {
        for (zone, now, day) in [
            ("Pacific/Kiritimati", "2026-12-31T10:30:00Z", "2027-01-01"),
            ("Pacific/Pago_Pago", "2027-01-01T10:30:00Z", "2026-12-31"),
            ("Europe/Amsterdam", "2026-11-21T23:30:00Z", "2026-11-22"),
            ("Europe/Amsterdam", "2028-02-28T23:30:00Z", "2028-02-29"),
            ("no such zone", "2026-11-21T23:30:00Z", "2026-11-21"),
        ] {
            assert_eq!(today(zone, at(now)).to_string(), day, "{zone}");
        }
    }

    /// The hour that comes twice in autumn is told apart by its zone.
    #[test]
    fn an_instant_carries_its_zone() {
        let first = words("Europe/Amsterdam", at("2026-10-25T00:30:00Z"));
        let second = words("Europe/Amsterdam", at("2026-10-25T01:30:00Z"));
        assert_eq!(first, "25 Oct 2026, 02:30 CEST");
        assert_eq!(second, "25 Oct 2026, 02:30 CET");
    }
}
