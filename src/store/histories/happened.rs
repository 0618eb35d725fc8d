//! Results and events.

use super::Asked;
use crate::domain::event::{Event, Happening, RelapseKind};
use crate::domain::id::{AssayId, EventId, ObservationId, VisitId};
use crate::domain::observation::Observation;
use crate::domain::reading::Reading;
use crate::store::{Error, Result, Work};

pub(super) async fn observations(work: &mut Work, of: Asked<'_>, mut each: impl FnMut(i64, Observation)) -> Result<()> {
    let rows = sqlx::query!(
        "select o.patient_id, o.id, o.visit_id, o.measure, o.assay_id, a.assay_code || ' ' || a.version as \"assay_name!\",
           o.analyte, o.collected_on, o.recorded_at, o.supersedes_id, o.status, o.raw_text, o.detection, o.unit,
           o.lod::float8 as lod, o.loq::float8 as loq, o.lo, o.hi, o.failed_reason, o.screened::float8 as screened,
           o.detail, o.note,
           case when o.supersedes_id is null or o.reported_on >
             (select first.reported_on from observation first where first.site_id = o.site_id and first.id = o.supersedes_id)
             then coalesce(o.reported_on, (o.recorded_at at time zone 'UTC')::date)
             else (o.recorded_at at time zone 'UTC')::date end as \"known_on!\"
         from observation o
         join assay_version a on a.id = o.assay_id
         where o.site_id = $1
           and o.patient_id = any ($2)
           and ($3::timestamptz is null or o.recorded_at <= $3)
         order by o.patient_id, o.collected_on, o.id",
        of.site.0,
        of.ids,
        of.until,
    )
    .fetch_all(work.connection())
    .await?;
    for row in rows {
        let reading =
            Reading::from_columns(&row.detection, row.lo, row.hi, row.failed_reason.as_deref()).map_err(|_| {
                Error::Inconsistent {
                    table: "observation",
                    column: "detection",
                    id: row.id,
                }
            })?;
        each(
            row.patient_id,
            Observation {
                id: ObservationId(row.id),
                visit: row.visit_id.map(VisitId),
                measure: row.measure,
                assay: AssayId(row.assay_id),
                assay_name: row.assay_name,
                analyte: row.analyte,
                collected_on: row.collected_on,
                known_on: row.known_on,
                recorded_at: row.recorded_at,
                supersedes: row.supersedes_id.map(ObservationId),
                entered_in_error: row.status == "entered_in_error",
                raw_text: row.raw_text,
                reading,
                unit: row.unit,
                lod: row.lod,
                loq: row.loq,
                screened: row.screened,
                detail: row.detail.as_object().cloned().unwrap_or_default(),
                note: row.note,
            },
        );
    }
    Ok(())
}

pub(super) async fn events(work: &mut Work, of: Asked<'_>, mut each: impl FnMut(i64, Event)) -> Result<()> {
    let rows = sqlx::query!(
        "select patient_id, id, supersedes_id, kind, relapse_kind, organs, detected_by, cause, last_clear_on, occurred_on,
           case when supersedes_id is null or reported_on >
             (select first.reported_on from event first where first.site_id = event.site_id and first.id = event.supersedes_id)
             then coalesce(reported_on, (recorded_at at time zone 'UTC')::date)
             else (recorded_at at time zone 'UTC')::date end as \"known_on!\"
         from event
         where site_id = $1
           and patient_id = any ($2)
           and ($3::timestamptz is null or recorded_at <= $3)
         order by patient_id, id",
        of.site.0,
        of.ids,
        of.until,
    )
    .fetch_all(work.connection())
    .await?;
    for row in rows {
        let inconsistent = |column| Error::Inconsistent {
            table: "event",
            column,
            id: row.id,
        };
        let what = match row.kind.as_str() {
            "relapse" => Happening::Relapse {
                kind: row
                    .relapse_kind
                    .as_deref()
                    .and_then(RelapseKind::from_code)
                    .ok_or_else(|| inconsistent("relapse_kind"))?,
                organs: row.organs,
                detected_by: row.detected_by,
            },
            "progression" => Happening::Progression,
            "death" => Happening::Death { cause: row.cause },
            "lost" => Happening::Lost,
            "withdrawn" => Happening::Withdrawn,
            "last_contact" => Happening::LastContact,
            _ => return Err(inconsistent("kind")),
        };
        each(
            row.patient_id,
            Event {
                id: EventId(row.id),
                supersedes: row.supersedes_id.map(EventId),
                what,
                last_clear_on: row.last_clear_on,
                occurred_on: row.occurred_on,
                known_on: row.known_on,
            },
        );
    }
    Ok(())
}
