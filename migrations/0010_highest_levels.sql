-- A result far above all that an assay gave before is asked back (V-UNIT-02): its highest results, read from the end of an index.
create index if not exists observation_highest on observation (site_id, assay_id, value_num)
  where value_num is not null and status <> 'entered_in_error';
