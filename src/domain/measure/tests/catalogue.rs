//! The declarations, and the migration that holds them.

use std::collections::HashSet;

use super::*;

#[test]
fn every_declaration_is_whole() {
    let mut codes = HashSet::new();
    for measure in CATALOGUE {
        assert!(codes.insert(measure.code()));
        assert!(measure.component(measure.primary()).is_some());
        assert!(measure.screened().is_none_or(|code| measure.component(code).is_some()));
        assert!(!measure.assays().is_empty());
        let components: HashSet<&str> = measure.components().iter().map(|c| c.code).collect();
        assert_eq!(components.len(), measure.components().len());
        for component in measure.components() {
            for choice in component.choices() {
                assert!(!choice.label.is_empty());
            }
            if let (Some(default), Kind::Choice(choices)) = (component.default, component.kind) {
                assert!(choices.iter().any(|choice| choice.code == default));
            }
        }
        // Form names of the envelope must stay free.
        for taken in ["assay", "keep_reason", "note", "unit", "lod"] {
            assert!(!components.contains(taken));
        }
        for cut_off in measure.cut_offs() {
            for code in cut_off.assays {
                assert!(measure.assays().iter().any(|seed| seed.code == *code));
            }
        }
    }
}

/// Rows of the catalogue as the migration inserts them.
fn seed_sql() -> String {
    let quote = |text: &str| format!("'{}'", text.replace('\'', "''"));
    let text = |value: Option<&str>| value.map_or("null".to_owned(), quote);
    let number = |value: Option<f64>| value.map_or("null".to_owned(), |n| n.to_string());
    let measures: Vec<String> = CATALOGUE
        .iter()
        .map(|m| format!("  ({}, {})", quote(m.code()), quote(m.label())))
        .collect();
    let components: Vec<String> = CATALOGUE
        .iter()
        .flat_map(|m| {
            m.components()
                .iter()
                .map(move |c| format!("  ('{}', '{}')", m.code(), c.code))
        })
        .collect();
    let assays: Vec<String> = CATALOGUE
        .iter()
        .flat_map(|m| m.assays().iter().map(move |seed| (m.code(), seed)))
        .map(|(measure, s)| {
            let texts = [
                s.code,
                s.version,
                measure,
                s.analyte,
                s.platform,
                s.specimen_type,
                s.unit,
            ]
            .map(quote);
            format!(
                "  ({}, {}, {}, {}, {}, {}, {}, {})",
                texts.join(", "),
                number(s.volume_required_ml),
                number(s.max_age_h.map(f64::from)),
                number(s.lod),
                number(s.range_high),
                text(s.positivity_rule),
                quote(s.source),
                text(s.loinc),
            )
        })
        .collect();
    format!(
        "insert into measure (code, label) values\n{};\ninsert into measure_component (measure, code) values\n{};\n\
         insert into assay_version (assay_code, version, measure, analyte, platform, specimen_type, unit, volume_required_ml, \
         max_age_h, lod, range_high, positivity_rule, source_document, loinc) values\n{};\n",
        measures.join(",\n"),
        components.join(",\n"),
        assays.join(",\n")
    )
}

/// One view a measure, for people who ask in SQL: the version of each result that counts, a column a component.
fn views_sql() -> String {
    let views = CATALOGUE.iter().map(|measure| {
        let components = measure.components().iter().filter(|c| c.code != measure.primary()).map(|c| {
            let cast = match c.kind {
                Kind::Integer | Kind::Count => "int",
                Kind::Result | Kind::Amount(_) | Kind::Decimal(_) => "numeric",
                Kind::Flag => "boolean",
                Kind::Choice(_) | Kind::Text(_) => "text",
            };
            match Some(c.code) == measure.screened() {
                true => format!("    o.screened as {}", c.code),
                false => format!("    (o.detail ->> '{0}')::{cast} as {0}", c.code),
            }
        });
        let components: Vec<String> = components.collect();
        let code = measure.code();
        format!(
            "create view v_{code} with (security_invoker = true) as\n  select o.site_id, s.code as site_code, p.patient_key, \
             o.id, o.visit_id, o.collected_on, o.reported_on, o.recorded_at, o.status,\n    a.assay_code, a.version as \
             assay_version, o.analyte, o.raw_text, o.detection, o.lo, o.hi, o.value_num, o.unit, o.lod, o.loq,\n{},\n    \
             o.note\n  from observation o\n  join patient p on p.site_id = o.site_id and p.id = o.patient_id\n  join site s \
             on s.id = o.site_id\n  join assay_version a on a.id = o.assay_id\n  where o.measure = '{code}'\n    and o.status \
             <> 'entered_in_error'\n    and not exists (select from observation n where n.site_id = o.site_id and \
             n.supersedes_id = o.id);\n",
            components.join(",\n")
        )
    });
    let views: String = views.collect();
    let names: Vec<String> = CATALOGUE
        .iter()
        .map(|measure| format!("v_{}", measure.code()))
        .collect();
    format!(
        "{views}grant select on {} to metwatch_app, metwatch_job;\n",
        names.join(", ")
    )
}

#[test]
fn the_migration_holds_the_catalogue() {
    let migration = include_str!("../../../../migrations/0002_registry.sql");
    let expected = views_sql();
    assert!(
        migration.contains(&expected),
        "migrations/0002_registry.sql should end with:\n{expected}"
    );
    let expected = seed_sql();
    assert!(
        migration.contains(&expected),
        "migrations/0002_registry.sql should hold:\n{expected}"
    );
}
