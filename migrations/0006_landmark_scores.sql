-- What a score says beside the risk on show: the other horizons, organs, the burden line. And flags that a score between its two
-- thresholds keeps open but would not raise.
alter table score add column detail jsonb not null default '{}';
alter table run_flag add column keeps boolean not null default false;
