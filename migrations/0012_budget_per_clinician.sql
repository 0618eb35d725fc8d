-- An alert budget may be one per clinician and day. What it comes to follows from the patients under watch, which each night counts.
alter table alert_budget
  alter column per_100_years drop not null,
  alter column was drop not null,  -- no longer written: the row before says it
  add column per_clinician_day double precision check (per_clinician_day >= 0.01 and per_clinician_day <= 20),
  add column clinicians int check (clinicians between 1 and 10000),
  add constraint alert_budget_unit check (
    num_nonnulls(per_100_years, per_clinician_day) = 1 and (per_clinician_day is null) = (clinicians is null)
  );
-- Patients under watch for a first distant relapse on the run's day; null for runs before this step.
alter table verdict add column watched bigint check (watched >= 0);
