-- Which score of a patient stands, said once: the newest of those that some runs hold (`run.scores_from`). Plain functions of one query,
-- so that they are taken into the statement that calls them and read its index.
create function app.standing_score(site int, patient bigint, runs bigint[]) returns setof score
language sql stable parallel safe
as $$
  select s.*
  from public.score s
  where s.site_id = site
    and s.patient_id = patient
    and s.run_id = any (runs)
  order by s.run_id desc
  limit 1
$$;
grant execute on function app.standing_score(int, bigint, bigint[]) to metwatch_app, metwatch_job;

-- The same of everybody. By centre and run, so that it reads the rows of these runs and not those of all nights there ever were.
create function app.standing_scores(runs bigint[]) returns setof score
language sql stable parallel safe
as $$
  select distinct on (s.site_id, s.patient_id) s.*
  from public.site
  cross join unnest(runs) as held (run_id)
  join public.score s on s.site_id = site.id and s.run_id = held.run_id
  order by s.site_id, s.patient_id, s.run_id desc
$$;
grant execute on function app.standing_scores(bigint[]) to metwatch_job;
