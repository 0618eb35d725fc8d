//! Versions of assays on file. They hold no patient data.

use super::{Result, Work};
use crate::domain::id::AssayId;
use crate::domain::measure::Assay;

/// Results of an assay from which on its highest says what is usual.
const ENOUGH: i64 = 20;

/// All of them, in the order of a form: by measure, then by name. The highest result is that of the actor's centres.
pub async fn all(work: &mut Work) -> Result<Vec<Assay>> {
    let sites: Vec<i32> = work.actor().sites.iter().map(|site| site.0).collect();
    let rows = sqlx::query!(
        "select a.id, a.assay_code, a.version, a.measure, a.analyte, a.platform, a.specimen_type, a.unit, a.lod::float8 as lod,
           a.loq::float8 as loq, a.range_high::float8 as range_high, a.volume_required_ml::float8 as volume_required_ml,
           a.max_age_h, a.positivity_rule, high.value_num::float8 as highest
         from assay_version a
         left join lateral (
           select max(top.value_num) as value_num
           from unnest($1::int[]) as s (id)
           cross join lateral (
             select o.value_num
             from observation o
             where o.site_id = s.id
               and o.assay_id = a.id
               and o.value_num is not null
               and o.status <> 'entered_in_error'
               and not exists (select from observation n where n.site_id = o.site_id and n.supersedes_id = o.id)
             order by o.value_num desc
             limit $2
           ) top
           having count(*) >= $2
         ) high on true
         order by a.measure, a.id",
        &sites,
        ENOUGH,
    )
    .fetch_all(work.connection())
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Assay {
            id: AssayId(row.id),
            code: row.assay_code,
            version: row.version,
            measure: row.measure,
            analyte: row.analyte,
            platform: row.platform,
            specimen_type: row.specimen_type,
            unit: row.unit,
            lod: row.lod,
            loq: row.loq,
            range_high: row.range_high,
            volume_required_ml: row.volume_required_ml,
            max_age_h: row.max_age_h,
            positivity_rule: row.positivity_rule,
            highest: row.highest,
        })
        .collect())
}
