//! What follows from a changed record, in the transaction of the change: the flag of the trend rule, then the triage row.

use std::collections::BTreeSet;

use chrono::NaiveDate;

use super::{Result, triage_row};
use crate::domain::flag::Cause;
use crate::domain::id::PatientRef;
use crate::risk::rules;
use crate::store::{Work, flags, histories};

/// The later of the centre's day and the registry's: in zones behind UTC what was recorded this evening is of tomorrow.
pub(super) fn known_by(today: NaiveDate, work: &Work) -> NaiveDate {
    today.max(work.today())
}

/// Raises, renews or withdraws the flag on ctDNA by what is on file now, and brings the triage row up to date.
pub async fn changed(work: &mut Work, patient: PatientRef, today: NaiveDate) -> Result<()> {
    let day = known_by(today, work);
    let history = histories::of(work, patient).await?.as_of(day);
    let raised = rules::flags_for(&history, day);
    for flag in &raised {
        flags::raise(work, patient, flag, None).await?;
    }
    if raised.iter().all(|flag| flag.cause != Cause::CtdnaRising) {
        flags::withdraw(work, patient, Cause::CtdnaRising).await?;
    }
    triage_row::refresh(work, &BTreeSet::from([patient])).await
}
