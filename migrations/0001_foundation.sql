-- Roles, the scope of a transaction, and the one function that puts a table behind both walls.
-- The three roles are made by `metwatch migrate` before this runs (they belong to the server, not to one database).

create schema app;
grant usage on schema app to metwatch_app, metwatch_job;
-- A function is for its owner alone until it is granted: several of ours run with the owner's rights.
alter default privileges revoke execute on functions from public;

-- The centres that the running transaction may see; no setting gives null, and null matches no row (S-042).
create function app.current_sites() returns int[]
language sql stable parallel safe
as $$ select string_to_array(current_setting('app.sites', true), ',')::int[] $$;

-- The acting user; a write without one is an error (S-050).
create function app.current_actor() returns int
language plpgsql stable
as $$
declare
  setting text := current_setting('app.actor', true);
begin
  if setting is null or setting = '' then
    raise exception 'no actor is set for this transaction' using errcode = 'MW001';
  end if;
  return setting::int;
end $$;

-- One place makes every row policy, so that the form of the condition is one edit away (design decision 2).
create function app.row_policies(target regclass) returns void
language plpgsql
as $$
begin
  execute format('alter table %s enable row level security', target);
  execute format('alter table %s force row level security', target);
  execute format(
    'create policy centre on %s to metwatch_app
       using (site_id = any ((select app.current_sites())::int[]))
       with check (site_id = any ((select app.current_sites())::int[]))', target);
  execute format('create policy night on %s to metwatch_job using (true) with check (true)', target);
end $$;

-- ---------------------------------------------------------------------------------------------------------------
-- The audit trail: written by triggers, append-only, one hash chain per patient (S-050 to S-053).
-- `subject` is the chain: a patient's id; minus a user's id for what a user did to no patient; 0 for the system.

create table audit_head (
  site_id int not null,
  subject bigint not null,
  seq bigint not null,
  hash bytea not null,
  primary key (site_id, subject)
);

create table audit_entry (
  site_id int not null,
  subject bigint not null,
  seq bigint not null,
  at timestamptz not null,
  actor_id int not null,
  actor_name text not null,
  role text not null,
  session_id bigint,
  request_id text,
  action text not null,
  table_name text not null,
  record_id bigint not null,
  changes jsonb not null,  -- column -> [old, new]; a redacted value is null here, its digest stays
  digests jsonb not null,  -- column -> [sha256 of old, sha256 of new]
  reason text,
  version text not null,
  hash bytea not null,
  primary key (site_id, subject, seq)
);
create index audit_entry_record on audit_entry (site_id, table_name, record_id);
create index audit_entry_at on audit_entry (at);

-- The bytes that an entry's hash covers. The digests stand for the values, so that a value can be redacted (S-057).
create function app.audit_bytes(e audit_entry) returns bytea
language sql immutable
as $$
  select convert_to(concat_ws(E'\x1f',
    e.site_id, e.subject, e.seq, extract(epoch from e.at)::numeric(20, 6), e.actor_id, e.actor_name, e.role,
    coalesce(e.session_id::text, '-'), coalesce(e.request_id, '-'), e.action, e.table_name, e.record_id,
    e.digests::text, coalesce(e.reason, '-'), e.version), 'UTF8')
$$;

create function app.digest(value jsonb) returns text
language sql immutable
as $$ select encode(sha256(convert_to(value::text, 'UTF8')), 'hex') $$;

-- Appends one entry to a chain. The head row is the chain's lock.
create function app.audit_append(
  p_site int, p_subject bigint, p_action text, p_table text, p_record bigint, p_changes jsonb, p_reason text
) returns void
language plpgsql security definer set search_path = public, app, pg_temp
as $$
declare
  e audit_entry;
  head audit_head;
begin
  insert into audit_head values (p_site, p_subject, 0, '\x00') on conflict do nothing;
  select * into head from audit_head where site_id = p_site and subject = p_subject for update;
  e.site_id := p_site;
  e.subject := p_subject;
  e.seq := head.seq + 1;
  e.at := clock_timestamp();
  e.actor_id := app.current_actor();
  e.actor_name := coalesce(nullif(current_setting('app.actor_name', true), ''), '?');
  e.role := coalesce(nullif(current_setting('app.role', true), ''), '?');
  e.session_id := nullif(current_setting('app.session', true), '')::bigint;
  e.request_id := nullif(current_setting('app.request', true), '');
  e.action := p_action;
  e.table_name := p_table;
  e.record_id := p_record;
  e.changes := p_changes;
  select coalesce(jsonb_object_agg(key, jsonb_build_array(app.digest(value -> 0), app.digest(value -> 1))), '{}')
    into e.digests from jsonb_each(p_changes);
  e.reason := coalesce(p_reason, nullif(current_setting('app.reason', true), ''));
  e.version := coalesce(nullif(current_setting('app.version', true), ''), '?');
  e.hash := sha256(head.hash || app.audit_bytes(e));
  insert into audit_entry select e.*;
  update audit_head set seq = e.seq, hash = e.hash where site_id = p_site and subject = p_subject;
end $$;

-- What a `Work` writes for an act that no trigger sees: a page opened, an export, a sign-in. Changes of rows are told by
-- triggers alone, and a chain is written by its own actor or within the transaction's centres (S-050).
create function app.audit_event(p_site int, p_subject bigint, p_action text, p_table text, p_record bigint, p_facts jsonb, p_reason text)
returns void
language plpgsql security definer set search_path = public, app, pg_temp
as $$
begin
  if p_action in ('insert', 'update', 'delete') then
    raise exception 'changes of rows are audited by their triggers' using errcode = 'MW003';
  end if;
  if not coalesce((p_site = 0 and p_subject = -app.current_actor()) or (p_subject > 0 and p_site = any (app.current_sites())), false) then
    raise exception 'this chain is not the actor''s to write' using errcode = 'MW003';
  end if;
  perform app.audit_append(p_site, p_subject, p_action, p_table, p_record,
    coalesce((select jsonb_object_agg(key, jsonb_build_array(null, value)) from jsonb_each(p_facts)), '{}'), p_reason);
end $$;

-- The row trigger. Its argument names the column with the patient's id; without one the entry goes to the actor's chain.
create function app.audit_row() returns trigger
language plpgsql security definer set search_path = public, app, pg_temp
as $$
declare
  o jsonb := case when tg_op = 'INSERT' then '{}'::jsonb else to_jsonb(old) end;
  n jsonb := case when tg_op = 'DELETE' then '{}'::jsonb else to_jsonb(new) end;
  r jsonb := case when tg_op = 'DELETE' then to_jsonb(old) else to_jsonb(new) end;
  hidden text[] := array['password_hash', 'token_hash'];
  changed jsonb;
begin
  select coalesce(jsonb_object_agg(key, jsonb_build_array(o -> key, n -> key)), '{}') into changed
    from (select key from jsonb_each(o) union select key from jsonb_each(n)) k
    where (o -> key) is distinct from (n -> key)
      and not (tg_op = 'INSERT' and n -> key = 'null'::jsonb)
      and key <> all (hidden);
  if tg_op = 'UPDATE' and changed = '{}' and o = n then
    return null;
  end if;
  -- moved elsewhere, a row would leave its chain without a word
  if tg_op = 'UPDATE' and tg_nargs = 1 and (changed ? 'site_id' or changed ? tg_argv[0]) then
    raise exception 'a row stays with its centre and its patient' using errcode = 'MW004';
  end if;
  if tg_nargs = 1 then
    perform app.audit_append((r ->> 'site_id')::int, (r ->> tg_argv[0])::bigint, lower(tg_op), tg_table_name::text,
      coalesce((r ->> 'id')::bigint, 0), changed, null);
  else
    perform app.audit_append(0, -app.current_actor()::bigint, lower(tg_op), tg_table_name::text,
      coalesce((r ->> 'id')::bigint, 0), changed, null);
  end if;
  return null;
end $$;

-- The same entries for all rows of one insert at once: an import writes thousands, and a call a row was nine tenths of its
-- time. Rows of one patient are chained in the order of their ids.
create function app.audit_inserted() returns trigger
language plpgsql security definer set search_path = public, app, pg_temp
as $$
begin
  insert into audit_head
    select distinct a.site_id, (to_jsonb(a) ->> tg_argv[0])::bigint, 0, '\x00'::bytea from added a order by 1, 2
    on conflict do nothing;
  -- in order, so that two inserts can't wait for each other
  perform from audit_head h
    where (h.site_id, h.subject) in (select a.site_id, (to_jsonb(a) ->> tg_argv[0])::bigint from added a)
    order by h.site_id, h.subject for update;
  with recursive numbered as (
    select r, site_id, id, subject, row_number() over (partition by site_id, subject order by id) as n
    from (
      select to_jsonb(a) as r, a.site_id, a.id, (to_jsonb(a) ->> tg_argv[0])::bigint as subject
      from added a
      offset 0
    ) a
  ), entry as materialized (  -- once: what is hashed is what is stored
    select p.site_id, p.subject, p.n, h.hash as head, row(
        p.site_id, p.subject, h.seq + p.n, clock_timestamp(), app.current_actor(),
        coalesce(nullif(current_setting('app.actor_name', true), ''), '?'),
        coalesce(nullif(current_setting('app.role', true), ''), '?'),
        nullif(current_setting('app.session', true), '')::bigint, nullif(current_setting('app.request', true), ''),
        'insert', tg_table_name, p.id, c.changes, c.digests, nullif(current_setting('app.reason', true), ''),
        coalesce(nullif(current_setting('app.version', true), ''), '?'), null
      )::audit_entry as e
    from numbered p
    join audit_head h on h.site_id = p.site_id and h.subject = p.subject
    cross join lateral (
      select coalesce(jsonb_object_agg(key, jsonb_build_array(null, value)), '{}') as changes,
        coalesce(jsonb_object_agg(key, jsonb_build_array(app.digest('null'), app.digest(value))), '{}') as digests
      from jsonb_each(p.r)
      where value <> 'null'::jsonb
    ) c
  ), chain as (
    select site_id, subject, n, e, sha256(head || app.audit_bytes(e)) as hash
    from entry
    where n = 1
    union all
    select next.site_id, next.subject, next.n, next.e, sha256(chain.hash || app.audit_bytes(next.e))
    from chain
    join entry next on next.site_id = chain.site_id and next.subject = chain.subject and next.n = chain.n + 1
  ), written as (
    insert into audit_entry
      select (e).site_id, (e).subject, (e).seq, (e).at, (e).actor_id, (e).actor_name, (e).role, (e).session_id,
        (e).request_id, (e).action, (e).table_name, (e).record_id, (e).changes, (e).digests, (e).reason, (e).version, hash
      from chain
  )
  update audit_head h set seq = h.seq + last.n, hash = last.hash
    from (select distinct on (site_id, subject) site_id, subject, n, hash from chain order by site_id, subject, n desc) last
    where h.site_id = last.site_id and h.subject = last.subject;
  return null;
end $$;

-- The planner learns what an import has just brought: its next file looks up thousands of the rows of the last one.
create function app.take_stock(target regclass) returns void
language plpgsql security definer set search_path = public, app, pg_temp
as $$ begin execute format('analyze %s', target); end $$;

create function app.refuse_change() returns trigger
language plpgsql
as $$ begin raise exception 'the audit trail is append-only' using errcode = 'MW002'; end $$;

grant execute on function app.current_sites(), app.current_actor() to metwatch_app, metwatch_job;
grant execute on function app.audit_event(int, bigint, text, text, bigint, jsonb, text) to metwatch_app, metwatch_job;
grant execute on function app.audit_bytes(audit_entry), app.digest(jsonb) to metwatch_job;
grant execute on function app.take_stock(regclass) to metwatch_app, metwatch_job;

create trigger append_only before update or delete or truncate on audit_entry
  for each statement execute function app.refuse_change();

-- `audited` puts a table with patient data behind row security and the audit trigger, `derived` behind row security
-- alone (what the program can work out again: scores, the triage row).
create function app.audited(target regclass, patient_column text) returns void
language plpgsql
as $$
begin
  perform app.row_policies(target);
  execute format('create trigger audit_insert after insert on %s referencing new table as added for each statement
    execute function app.audit_inserted(%L)', target, patient_column);
  execute format('create trigger audit after update or delete on %s for each row execute function app.audit_row(%L)',
    target, patient_column);
  execute format('grant select, insert, update on %s to metwatch_app', target);
  execute format('grant select on %s to metwatch_job', target);
end $$;

create function app.derived(target regclass) returns void
language plpgsql
as $$
begin
  perform app.row_policies(target);
  execute format('grant select on %s to metwatch_app', target);
  execute format('grant select, insert, update on %s to metwatch_job', target);
end $$;

alter table audit_entry enable row level security;
alter table audit_entry force row level security;
alter table audit_head enable row level security;
alter table audit_head force row level security;
create policy writer on audit_entry to metwatch_owner using (true) with check (true);
create policy writer on audit_head to metwatch_owner using (true) with check (true);
create policy verifier on audit_entry for select to metwatch_job using (true);
create policy verifier on audit_head for select to metwatch_job using (true);
create policy reader on audit_entry for select to metwatch_app
  using (site_id = any ((select app.current_sites())::int[])
    or (site_id = 0 and (select current_setting('app.role', true)) = 'administrator'));
create policy reader on audit_head for select to metwatch_app
  using ((select current_setting('app.role', true)) = 'administrator');
grant select on audit_entry, audit_head to metwatch_app, metwatch_job;

-- ---------------------------------------------------------------------------------------------------------------
-- Centres, users, sessions. They hold no patient data: exempt from row security.

create table site (
  id int primary key check (id > 0),
  code text not null unique check (code ~ '^[A-Z0-9-]{2,16}$'),
  name text not null check (length(name) between 2 and 120),
  time_zone text not null default 'Europe/Amsterdam',
  arrangement text  -- what about this centre is an arrangement for demonstration, in words
);

create table app_user (
  id int generated always as identity primary key,
  name text not null check (length(name) between 2 and 80),
  name_folded text generated always as (lower(name)) stored unique,
  role text not null check (role in ('clinician', 'coordinator', 'analyst', 'administrator', 'system')),
  password_hash text,
  disabled_at timestamptz,
  unblinded boolean not null default false,
  version int not null default 1,
  created_at timestamptz not null default now()
);
-- The console, the night and the door (attempts to sign in) act under names of their own; nobody can sign in as them.
insert into app_user (name, role) values ('console', 'system'), ('night', 'system'), ('door', 'system');

create table user_site (
  user_id int not null references app_user,
  site_id int not null references site,
  primary key (user_id, site_id)
);

create table session (
  id bigint generated always as identity primary key,
  token_hash bytea not null unique,
  user_id int not null references app_user,
  created_at timestamptz not null default now(),
  seen_at timestamptz not null default now()
);
create index session_by_user on session (user_id);

create table sign_in_link (
  id bigint generated always as identity primary key,
  token_hash bytea not null unique,
  user_id int not null references app_user,
  purpose text not null check (purpose in ('set_password', 'demo')),
  expires_at timestamptz not null,
  used_at timestamptz
);

-- Idempotent posts (S-081): the token of a form and where its result is.
create table form_token (
  user_id int not null references app_user,
  token text not null check (length(token) between 16 and 64),
  digest bytea not null,
  location text not null,
  created_at timestamptz not null default now(),
  primary key (user_id, token)
);
create index form_token_age on form_token (created_at);

-- One entry a user, session and hour for pages that are read often (S-054).
create table page_opened (
  session_id bigint not null,
  hour timestamptz not null,
  page text not null,
  site_id int not null,
  subject bigint not null,
  primary key (session_id, hour, page, site_id, subject)
);

grant select, insert, update on site, app_user, sign_in_link to metwatch_app;
grant select, insert, update, delete on user_site, session to metwatch_app;
grant select, insert, delete on form_token to metwatch_app;
grant select, insert on page_opened to metwatch_app;
grant select on site to metwatch_job;
grant select (id, name, role) on app_user to metwatch_job;  -- names for what it writes, no password's hash
grant select, delete on form_token, session, sign_in_link, page_opened to metwatch_job;

create trigger audit after insert or update or delete on site for each row execute function app.audit_row();
create trigger audit after insert or update or delete on app_user for each row execute function app.audit_row();
create trigger audit after insert or update or delete on user_site for each row execute function app.audit_row();

-- The readiness check compares the schema with the binary.
grant select on _sqlx_migrations to metwatch_app, metwatch_job;
