-- What each night decided about its model, in numbers; and how many alerts the registry wants, each setting kept.

-- The gate's answer of a run; nothing of a patient. The figures are of the night's own candidate at the main horizon, also where it
-- was held back; null where none could be fitted or judged.
create table verdict (
  run_id bigint primary key references run,
  decision text not null check (decision in ('publish', 'recalibrate', 'hold', 'stays', 'none')),
  reason text not null,
  patients int not null,  -- learned from
  budget double precision not null,  -- alerts per 100 patient-years, as set by then
  horizon_days int,
  auc double precision,
  scaled_brier double precision,
  observed_over_expected double precision,
  slope double precision,
  decided_at timestamptz not null default clock_timestamp()
);
grant select on verdict to metwatch_app;
grant select, insert, update on verdict to metwatch_job;
-- Nights before this one said it in a sentence; what they published has its figures on the card.
insert into verdict (run_id, decision, reason, patients, budget, horizon_days, auc, scaled_brier, observed_over_expected, slope)
select r.id,
  case
    when r.model_note like 'Fitted on %' and m.card ->> 'decision' = 'recalibrate' then 'recalibrate'
    when r.model_note like 'Fitted on %' then 'publish'
    when r.model_note like 'Held back%' then 'hold'
    when r.model_note like 'The model of %' then 'stays'
    else 'none'
  end,
  r.model_note, coalesce((m.card -> 'fitted_on' ->> 'patients')::int, 0), 4,
  365, (h ->> 'auc')::float8, (h ->> 'scaled_brier')::float8, (h ->> 'observed_over_expected')::float8, (h ->> 'slope')::float8
from run r
left join model m on m.id = r.model_id and r.model_note like 'Fitted on %'
left join lateral jsonb_path_query_first(m.card, '$.validation.horizons[*] ? (@.horizon_days == 365)') h on true
where r.model_note is not null;

-- Alerts per 100 patient-years: one budget for the registry, as the thresholds come from one model of all centres. A setting is never
-- changed: the next one takes its place. Before the first it is 4, the usual.
create table alert_budget (
  id int generated always as identity primary key check (id > 0),
  in_place_of int not null,  -- the setting that stood before; 0: the usual
  was double precision not null,
  per_100_years double precision not null check (per_100_years >= 0.1 and per_100_years <= 50),
  set_at timestamptz not null default clock_timestamp(),
  set_by int not null references app_user,
  constraint alert_budget_once unique (in_place_of),  -- two who set it at once: the second is told
  constraint alert_budget_differs check (was <> per_100_years)
);
grant select, insert on alert_budget to metwatch_app;  -- and no update
grant select on alert_budget to metwatch_job;
create trigger audit after insert or update or delete on alert_budget for each row execute function app.audit_row();
