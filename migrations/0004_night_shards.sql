-- A night in shards that several processes, on several machines, claim from the database; and scores that are carried over.

-- A process that works on nights. While it lives it holds the advisory lock (night, id) on a connection of its own, and says so
-- every few seconds. Both are hints that spare waiting: what refuses a stalled process's writes are the fences.
create table night_worker (
  id int generated always as identity primary key,
  host text not null,
  process int not null,
  begun_at timestamptz not null default clock_timestamp(),
  beat_at timestamptz not null default clock_timestamp(),
  ended_at timestamptz
);
grant select on night_worker to metwatch_app;
grant select, insert, update on night_worker to metwatch_job;

-- Whether a process is at work: it has not ended, was heard of within its lease, and its connection stands.
create function app.at_work(worker int) returns boolean
language sql stable
as $$
  select exists (
    select
    from night_worker w
    where w.id = worker
      and w.ended_at is null
      and w.beat_at > clock_timestamp() - interval '30 seconds'
      and exists (
        select
        from pg_locks l
        where l.locktype = 'advisory'
          and l.database = (select oid from pg_database where datname = current_database())
          and l.classid = 1836543593
          and l.objid = worker::oid
          and l.objsubid = 2
          and l.granted
      )
  )
$$;
grant execute on function app.at_work(int) to metwatch_app, metwatch_job;

alter table run
  drop column checkpoint_site,
  drop column checkpoint_patient,
  add column worker_id int references night_worker,  -- who plans, fits and publishes
  add column step text not null default 'fitting' check (step in ('fitting', 'scoring', 'publishing')),
  add column step_at timestamptz,
  add column replay boolean not null default false,   -- of the past: never shown
  add column whole boolean not null default false,    -- nothing is carried over
  add column base_run_id bigint references run,       -- whose scores are carried over
  add column carried int not null default 0,
  add column model_note text,                         -- why this model
  add column reasons jsonb not null default '[]';     -- why patients have no risk: [{reason, patients, failed}]
-- One run at a time.
create unique index run_one_at_work on run (state) where state = 'running';

-- A range of one centre's patients in a run. `checkpoint` is the last patient whose score is written.
create table shard (
  site_id int not null references site,
  run_id bigint not null references run,
  id int not null,
  from_patient bigint not null,
  to_patient bigint not null,
  of_patients int not null,
  state text not null default 'free' check (state in ('free', 'held', 'done')),
  worker_id int references night_worker,
  fence bigint not null default 0,  -- every claim adds one; a stalled former holder's writes are refused
  claimed_at timestamptz,
  written_at timestamptz,
  checkpoint bigint not null default 0,
  patients int not null default 0,
  scored int not null default 0,
  not_scored int not null default 0,
  failed int not null default 0,
  primary key (site_id, run_id, id)
);
create index shard_of_run on shard (run_id, site_id, id);
grant select on shard to metwatch_app;
grant select, insert, update on shard to metwatch_job;

-- The day whose knowledge a score is of; null: its run's. A score that is carried over keeps its own, and its model.
alter table score add column scored_on date;

-- The same patient gets the same number from 0 to 2^31 - 1 in every night: for samples, and to spread work over nights.
create function app.spread(site int, patient bigint) returns bigint
language sql immutable parallel safe
as $$ select ((patient % 2147483648) * 1103515245 + site * 12345::bigint) % 2147483648 $$;
grant execute on function app.spread(int, bigint) to metwatch_job;

-- Results that were on file before their day came: few, and looked for each night.
create index observation_ahead on observation (site_id, patient_id)
  where reported_on > (recorded_at at time zone 'UTC')::date or collected_on > (recorded_at at time zone 'UTC')::date;

-- Rows of a score come by COPY into a table of the session's own (row security knows no COPY).
do $$
begin
  execute format('grant temporary on database %I to metwatch_job', current_database());
exception when insufficient_privilege then
  null;  -- a database of somebody else's: by PostgreSQL's default everybody may
end $$;
