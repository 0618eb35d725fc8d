-- A form that was posted after its session had ended waits here, 30 minutes, until the same user has signed in again (S-026). What was typed
-- is sealed with a key that only the browser has; `token_hash` names it and does not open it.
create table kept_form (
  token_hash bytea primary key,
  user_id int not null references app_user,
  path text not null check (length(path) <= 500),
  sealed bytea not null check (length(sealed) <= 1100000),
  kept_at timestamptz not null default now()
);
create index kept_form_user on kept_form (user_id, kept_at);
grant select, insert, delete on kept_form to metwatch_app;
grant select, delete on kept_form to metwatch_job;
