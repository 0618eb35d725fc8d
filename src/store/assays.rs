//! Versions of assays on file. They hold no patient data.

use super::{Result, Work};
use crate::domain::id::AssayId;
use crate::domain::measure::Assay;

/// All of them, in the order of a form: by measure, then by name.
pub async fn all(work: &mut Work) -> Result<Vec<Assay>> {
    let rows = sqlx::query!(
        "select id, assay_code, version, measure, analyte, platform, specimen_type, unit, lod::float8 as lod, loq::float8 as loq,
           range_high::float8 as range_high, volume_required_ml::float8 as volume_required_ml, max_age_h, positivity_rule
         from assay_version
         order by measure, id",
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
        })
        .collect())
}
