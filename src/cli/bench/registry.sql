-- A synthetic registry: :patients women at ten centres, :readings ctDNA results. All that is invented is a function of the patient's
-- number. Loaded without triggers: nobody's audit trail is about it.
set session_replication_role = replica;
set synchronous_commit = off;
insert into site (id, code, name, arrangement)
  select g, 'SYN-' || g, 'Synthetic centre ' || g, 'Synthetic: made for a measurement.' from generate_series(1, 10) g;
create unlogged table woman as
  select g::bigint as id, 1 + g % 10 as site, current_date - 400 - (hashint4(g) & 2047) as surgery,
    greatest(0, (hashint4(g + 1000003) & 15) - 6) as nodes, (hashint4(g + 2000003) & 1023) / 10.24 as luck,
    60 + (hashint4(g + 3000017) & 1023) as days, current_date - interval '1 day' as recorded
  from generate_series(1, :patients) g;
insert into patient (site_id, id, patient_key, birth_year, sex, menopausal_status, reported_on, recorded_at, recorded_by)
  select site, id, 'SYN-' || id, 1940 + (hashint8(id) & 31), 'F', case when id % 3 = 0 then 'pre' else 'post' end, surgery, recorded, 1
  from woman;
insert into tumour (site_id, id, patient_id, natural_key, diagnosed_on, organ, grade, size_mm, nodes_positive, er_fmol, pgr_fmol,
    ki67_percent, reported_on, recorded_at, recorded_by)
  select site, id, id, 'SYN-' || id || '|1', surgery - 20, 'breast', 1 + id % 3, 8 + (hashint8(id + 7) & 63), nodes, hashint8(id + 11) & 255,
    hashint8(id + 13) & 255, hashint8(id + 17) & 63, surgery, recorded, 1
  from woman;
insert into surgery (site_id, id, patient_id, natural_key, procedure, performed_on, reported_on, recorded_at, recorded_by)
  select site, id, id, 'SYN-' || id || '|op', 'mastectomy', surgery, surgery, recorded, 1 from woman;
insert into treatment (site_id, id, patient_id, natural_key, category, phase, started_on, reported_on, recorded_at, recorded_by)
  select site, id, id, 'SYN-' || id || '|t', case when id % 4 = 0 then 'endocrine' else 'chemotherapy' end, 'adjuvant', surgery + 30,
    surgery + 30, recorded, 1
  from woman
  where id % 2 = 0;
insert into event (site_id, id, patient_id, natural_key, kind, relapse_kind, organs, occurred_on, reported_on, recorded_at, recorded_by)
  select site, id, id, 'R-' || id, 'relapse', 'distant', '{liver}', surgery + days, surgery + days, recorded, 1
  from woman
  where luck < 8 + 3 * nodes and surgery + days < current_date;
insert into event (site_id, id, patient_id, natural_key, kind, occurred_on, reported_on, recorded_at, recorded_by)
  select site, 1000000000 + id, id, 'L-' || id, 'last_contact', current_date - 30, current_date - 30, recorded, 1 from woman;
insert into event (site_id, id, patient_id, natural_key, kind, cause, occurred_on, reported_on, recorded_at, recorded_by)
  select site, 2000000000 + id, id, 'D-' || id, 'death', 'other', current_date - 20, current_date - 20, recorded, 1
  from woman
  where luck > 92;
insert into observation (site_id, patient_id, natural_key, measure, assay_id, analyte, collected_on, reported_on, recorded_at, recorded_by,
    route, raw_text, detection, comparator, value_num, unit, lod, lo, hi, screened, detail)
  select w.site, w.id, 'O-' || w.id || '-' || k, 'ctdna', a.id, a.analyte, d.on, d.on, w.recorded, 1, 'csv',
    case when v.found then v.level::text else '<0.3' end, case when v.found then 'quantified' else 'not_detected' end,
    case when v.found then '=' else '<' end, case when v.found then v.level end, a.unit, 0.3,
    case when v.found then v.level else 0 end, case when v.found then v.level else 0.3 end, 4,
    '{"cfdna_ng": 30, "variants_tracked": 16}'
  from woman w
  cross join generate_series(1, (:readings / :patients)::int) k
  cross join lateral (
    select (w.surgery + k * (current_date - 40 - w.surgery) / (:readings / :patients)::int) as "on"
  ) d
  cross join lateral (
    -- rising towards the relapse
    select w.luck < 8 + 3 * w.nodes and d.on > w.surgery + w.days - 200 as found,
      (0.5 + (greatest(0, d.on - (w.surgery + w.days - 200)) / 20.0))::numeric(10, 2) as level
  ) v
  join assay_version a on a.assay_code = 'SIGNATERA-16';
drop table woman;
select setval('patient_id_seq', :patients + 1), setval('tumour_id_seq', :patients + 1), setval('surgery_id_seq', :patients + 1),
  setval('treatment_id_seq', :patients + 1), setval('event_id_seq', 3000000000 + :patients);
analyze;
