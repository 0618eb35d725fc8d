//! The flags that were raised, and what then happened: of the centres in the work's scope, in one query.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::{Error, Result, Work};
use crate::domain::id::SiteId;
use crate::domain::ledger::{Alert, Came, Detected, Raised};

/// A budget of so many times the one before lets through what had gathered below its thresholds; one per clinician moves by less with the
/// patients under watch.
const WIDER: f64 = 1.2;

/// As known on `today`, centre by centre; a centre without anybody under watch is left out. Whoever was last seen longer ago than
/// `lost_after_days` was watched until then. Counts of days and rows without a patient come
/// out of the database: as many as flags and relapses, and two a day of watching, however many patients there are.
pub async fn raised(work: &mut Work, today: NaiveDate, lost_after_days: i32) -> Result<Vec<Raised>> {
    let sites: Vec<i32> = work.actor().sites.iter().map(|site| site.0).collect();
    let rows = sqlx::query!(
        "with night as (
           -- those that were on show
           select r.id, r.as_of, r.cutoff_at, v.budget
           from run r
           left join verdict v on v.run_id = r.id
           where r.state = 'published'
             and not r.replay
             and not exists (
               select from run b
               where b.state = 'published'
                 and not b.replay
                 and b.id < r.id
                 and b.as_of > r.as_of)
         ), live as (
           -- until when what they knew was recorded: before the first nothing could be raised, and on a patient not before the first that
           -- knew of the patient
           select min(n.as_of) as day, array_agg(n.as_of order by n.id) as days, array_agg(n.cutoff_at order by n.id) as cutoffs
           from night n
         ), widened as (
           -- whose thresholds let more through than those of the night before
           select n.as_of as day
           from (select as_of, budget, lag(budget) over (order by id) as before from night where budget is not null) n
           where n.budget > $4::float8 * n.before
         ), known as (
           -- what decides of each patient, in columns of its own kind: one pass and no join, however many patients. A day and what it was
           -- of are one number, the day first: the least one is the first, a relapse before a death of the same day
           select p.site_id, p.id as patient_id, p.recorded_at, null::date as day_zero, null::date as diagnosed_on,
             null::int as primary_tumour, null::int as ended, null::date as seen_on
           from patient p
           where p.site_id = any ($1)
           union all
           select t.site_id, t.patient_id, null, null, null, null, null, t.last_contact_on
           from triage t
           where t.site_id = any ($1)
           union all
           select t.site_id, t.patient_id, null, null, t.diagnosed_on,
             (t.diagnosed_on - date '1900-01-01') * 2 + (not t.metastatic_at_entry)::int, null, null
           from tumour t
           where t.site_id = any ($1)
             and not exists (select from tumour s where s.site_id = t.site_id and s.supersedes_id = t.id)
           union all
           select u.site_id, u.patient_id, null, u.performed_on, null, null, null, null
           from surgery u
           where u.site_id = any ($1)
             and not exists (select from surgery s where s.site_id = u.site_id and s.supersedes_id = u.id)
           union all
           select e.site_id, e.patient_id, null, null, null, null,
             (e.occurred_on - date '1900-01-01') * 4 + case e.kind when 'relapse' then 0 when 'death' then 1 else 2 end, null
           from event e
           where e.site_id = any ($1)
             and (e.kind in ('death', 'lost', 'withdrawn') or e.relapse_kind = 'distant')
             and e.occurred_on <= $2
             and coalesce(e.reported_on, (e.recorded_at at time zone 'UTC')::date) <= $2
             and not exists (
               select from event s
               where s.site_id = e.site_id
                 and s.supersedes_id = e.id
                 and coalesce(s.reported_on, (s.recorded_at at time zone 'UTC')::date) <= $2)
         ), course as (
           select k.site_id, k.patient_id, min(k.recorded_at) as recorded_at, coalesce(min(k.day_zero), min(k.diagnosed_on)) as day_zero,
             min(k.ended) as ended, max(k.seen_on) as seen_on
           from known k
           group by k.site_id, k.patient_id
           having min(k.primary_tumour) % 2 = 1
         ), watch as materialized (
           select c.site_id, c.patient_id, case c.ended % 4 when 0 then 'relapse' when 1 then 'death' else 'nothing' end as came,
             coalesce(date '1900-01-01' + c.ended / 4, case when c.seen_on < $2 - $3::int then c.seen_on else $2 end + 1) as until_on,
             c.seen_on,
             greatest(c.day_zero + 30, l.days[width_bucket(c.recorded_at, l.cutoffs) + 1]) as from_on,
             l.days[width_bucket(c.recorded_at, l.cutoffs) + 1] > c.day_zero + 30 as at_a_night
           from course c
           cross join live l
           where width_bucket(c.recorded_at, l.cutoffs) < cardinality(l.cutoffs)
         ), alert as materialized (
           -- a further cause while a flag is open is no further alert
           select f.site_id, f.patient_id, f.opened_on, w.came, w.until_on, w.seen_on, w.patient_id is not null as watched,
             w.at_a_night and f.opened_on = w.from_on
               or f.cause = 'risk_threshold' and f.opened_on in (select day from widened) as backlog
           from (
             select f.site_id, f.patient_id, f.opened_on, f.cause,
               max(coalesce(f.closed_on, 'infinity')) over (
                 partition by f.site_id, f.patient_id
                 order by f.opened_on, f.id
                 rows between unbounded preceding and 1 preceding
               ) as open_to
             from flag f
             where f.site_id = any ($1)
               and f.opened_on <= $2
           ) f
           cross join live l
           left join watch w on w.site_id = f.site_id and w.patient_id = f.patient_id
             and f.opened_on >= w.from_on and f.opened_on < w.until_on
           where f.opened_on >= l.day
             and (f.open_to is null or f.open_to < f.opened_on)
         )
         select site_id as \"site_id!\", 'watch' as \"what!\", day as \"day!\", sum(n)::bigint as \"n!\", null::date as \"other?\",
           null::text as \"came?\"
         from (
           select site_id, from_on as day, 1 as n from watch where from_on < until_on
           union all
           select site_id, until_on, -1 from watch where from_on < until_on
         ) d
         group by site_id, day
         union all
         select a.site_id, case when a.backlog then 'backlog' when a.watched then 'alert' else 'beside' end, a.opened_on, 1,
           case when a.came <> 'nothing' then a.until_on else least(greatest(a.seen_on, a.opened_on), a.until_on) end, a.came
         from alert a
         union all
         select w.site_id, 'relapse', w.until_on, 1, first.opened_on, null
         from watch w
         left join (
           select a.site_id, a.patient_id, min(a.opened_on) as opened_on
           from alert a
           where a.watched
           group by a.site_id, a.patient_id
         ) first on first.site_id = w.site_id and first.patient_id = w.patient_id
         where w.came = 'relapse'
           and w.from_on < w.until_on
         order by 1, 2, 3",
        &sites,
        today,
        lost_after_days,
        WIDER,
    )
    .fetch_all(work.connection())
    .await?;
    let mut centres: BTreeMap<i32, Raised> = BTreeMap::new();
    for row in rows {
        let centre = centres.entry(row.site_id).or_insert_with(|| Raised {
            site: SiteId(row.site_id),
            watches: vec![],
            alerts: vec![],
            relapses: vec![],
            beside: 0,
        });
        match row.what.as_str() {
            "watch" => centre.watches.push((row.day, row.n)),
            "alert" | "backlog" => centre.alerts.push(Alert {
                on: row.day,
                backlog: row.what == "backlog",
                to: row.other.unwrap_or(row.day),
                came: row
                    .came
                    .as_deref()
                    .and_then(Came::from_code)
                    .ok_or(Error::Inconsistent {
                        table: "event",
                        column: "kind",
                        id: row.n,
                    })?,
            }),
            "relapse" => centre.relapses.push(Detected {
                on: row.day,
                first_alert: row.other,
            }),
            _ => centre.beside += 1,
        }
    }
    Ok(centres.into_values().collect())
}
