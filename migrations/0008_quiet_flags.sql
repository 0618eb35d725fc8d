-- A risk flag whose score has been low for long closes as quiet: nothing was withdrawn, and only new evidence raises it again.
alter table flag drop constraint flag_outcome_check;
alter table flag add constraint flag_outcome_check check (outcome in
  ('relapse_confirmed', 'no_relapse_by_horizon', 'censored', 'dismissed', 'withdrawn_evidence', 'quiet')) not valid;
alter table flag validate constraint flag_outcome_check;
