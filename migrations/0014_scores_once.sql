-- A score is stored by the run that worked it out, and once: a night that carries scores over names the runs that hold them in place of
-- copying them. Kept as copies, all scores of a registry were written again every night, and stayed.
alter table run add column carried_from bigint[] not null default '{}';  -- runs before this one whose scores still hold, newest first
-- Where to look for the scores of a run: of each patient the newest of these.
alter table run add column scores_from bigint[] not null generated always as (id || carried_from) stored;
-- `score.scored_on` stays for the copies of the nights before this one and goes in a later release.

-- Before the update of a registry with many scores, make it by hand: create index concurrently (README).
create index if not exists score_of_patient on score (site_id, patient_id, run_id desc);
drop index score_by_risk;  -- the list is read in the order of `triage.risk`

-- A run that was stopped on its way has a plan of the old kind; the next one of its date begins anew.
set local app.actor = '1';
set local app.actor_name = 'console';
set local app.role = 'system';
update run
set state = 'failed', fence = fence + 1, finished_at = clock_timestamp(), problem = 'Stopped before its end; the program was brought up to date'
where state = 'running';

-- The patients whom a run that carries scores over works out itself; of no use once it has ended.
create table run_due (
  site_id int not null,
  run_id bigint not null references run,
  patient_id bigint not null,
  primary key (site_id, run_id, patient_id)
);
select app.derived('run_due');
grant delete on run_due to metwatch_job;
