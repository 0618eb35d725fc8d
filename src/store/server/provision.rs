//! Roles, database and schema in a server: made if missing, brought up to date, checked.

use std::path::Path;
use std::time::Duration;

use sqlx::migrate::{Migrate, MigrateError, Migrator};
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use super::address::Address;
use super::roles::{CREATE, LIMITS, Passwords, verifier};
use super::{Error, Login, Result, said};

static STEPS: Migrator = sqlx::migrate!();

/// sqlx's own list of the steps that were applied.
const LEDGER: &str = "_sqlx_migrations";

/// Everyone who provisions takes this lock first; the number is ours by choice.
const LOCK: i64 = 0x6d65_7477;

/// The addresses to serve with. One is missing when the given login is just the other.
pub struct Logins {
    pub app: Option<String>,
    pub job: Option<String>,
}

/// Prepares a server with an administrator's login: roles, database, schema. Without `secrets` the logins need no password,
/// as on the private server, whose socket only we can open; with it they get passwords, kept in that folder.
pub async fn provision(admin_url: &str, secrets: Option<&Path>) -> Result<Logins> {
    let Some(address) = Address::parse(admin_url) else {
        return said("the database address cannot be read");
    };
    let mut admin = connect(&address.at("postgres")).await?;
    let lock = sqlx::query_scalar!(r#"select pg_advisory_lock($1)::text as "lock!""#, LOCK);
    lock.fetch_one(&mut admin).await?;
    make_roles(&mut admin).await?;
    make_database(&mut admin, address.home()).await?;
    let passwords = secrets.map(Passwords::kept_in).transpose()?;
    let mut addresses = Vec::new();
    for login in [Login::App, Login::Job] {
        let url = address.login(login.name(), passwords.as_ref().map(|all| all.of(login)));
        if let Some(all) = &passwords
            && !signs_in(&url).await?
        {
            let secret = verifier(all.of(login))?;
            run(&mut admin, format!("alter role {} password '{secret}'", login.name())).await?;
        }
        addresses.push(url);
    }
    migrate(admin_url, address.home()).await?;
    admin.close().await?;
    let [app, job] = <[String; 2]>::try_from(addresses).unwrap_or_default();
    Ok(Logins {
        app: Some(app),
        job: Some(job),
    })
}

/// Takes the server that the setting names: prepares it if the login may, else makes sure that it is prepared.
pub async fn attach(url: &str, data: &Path) -> Result<Logins> {
    let Some(address) = Address::parse(url) else {
        return said("DATABASE_URL cannot be read");
    };
    // Our own login without its password: the one that `metwatch migrate` made and kept here.
    let ours = [Login::App, Login::Job]
        .iter()
        .any(|login| address.bare_login() == Some(login.name()));
    if ours && let Some(passwords) = Passwords::found_in(data)? {
        let [app, job] = [Login::App, Login::Job].map(|login| address.login(login.name(), Some(passwords.of(login))));
        let mut conn = connect(&app).await?;
        is_current(&mut conn).await?;
        conn.close().await?;
        return Ok(Logins {
            app: Some(app),
            job: Some(job),
        });
    }
    let mut conn = match connect(&address.at(address.home())).await {
        Err(Error::Database(sqlx::Error::Database(e))) if e.code().as_deref() == Some("3D000") => {
            connect(&address.at("postgres")).await?
        }
        other => other?,
    };
    let me = sqlx::query!(
        r#"select rolname as "name!", rolsuper or (rolcreaterole and rolcreatedb) as "makes!"
             from pg_roles
            where rolname = current_user"#
    )
    .fetch_one(&mut conn)
    .await?;
    if me.makes {
        conn.close().await?;
        return provision(url, Some(data)).await;
    }
    is_current(&mut conn).await?;
    conn.close().await?;
    match me.name.as_str() {
        "metwatch_app" => Ok(Logins {
            app: Some(url.into()),
            job: None,
        }),
        "metwatch_job" => Ok(Logins {
            app: None,
            job: Some(url.into()),
        }),
        name => said(format!(
            "DATABASE_URL signs in as {name}: give an administrator, who makes the logins, or metwatch_app (for the night, \
             metwatch_job) once `metwatch migrate` has run"
        )),
    }
}

/// Brings a database's schema up to date as its owner. The administrator's address may name any database of the server.
pub async fn migrate(admin_url: &str, database: &str) -> Result<()> {
    let Some(address) = Address::parse(admin_url) else {
        return said("the database address cannot be read");
    };
    let mut conn = connect(&address.at(database)).await?;
    run(&mut conn, "alter schema public owner to metwatch_owner".into()).await?;
    run(&mut conn, "set role metwatch_owner".into()).await?;
    // The first one may wait for another program that is migrating, and a step may take long.
    STEPS.run(&mut conn).await.map_err(in_words)?;
    run(
        &mut conn,
        format!("grant select on {LEDGER} to metwatch_app, metwatch_job"),
    )
    .await?;
    conn.close().await?;
    Ok(())
}

/// Whether the schema is the one that this program was built with; says how it differs.
pub async fn is_current(conn: &mut PgConnection) -> Result<()> {
    let applied = match conn.list_applied_migrations(LEDGER).await {
        Ok(applied) => applied,
        Err(MigrateError::Execute(sqlx::Error::Database(e))) if e.code().as_deref() == Some("42P01") => {
            return said("the database has no schema yet: run `metwatch migrate` with an administrator's DATABASE_URL");
        }
        Err(e) => return Err(in_words(e)),
    };
    for step in &applied {
        match STEPS.iter().find(|known| known.version == step.version) {
            None => return Err(in_words(MigrateError::VersionMissing(step.version))),
            Some(known) if known.checksum != step.checksum => {
                return Err(in_words(MigrateError::VersionMismatch(step.version)));
            }
            Some(_) => {}
        }
    }
    match STEPS
        .iter()
        .find(|known| !applied.iter().any(|step| step.version == known.version))
    {
        Some(missing) => said(format!(
            "the schema lacks step {}: run `metwatch migrate`",
            missing.version
        )),
        None => Ok(()),
    }
}

fn in_words(error: MigrateError) -> Error {
    match error {
        MigrateError::VersionMissing(step) => Error::Said(format!(
            "the schema is newer than this program, which does not know its step {step}: use the newer program"
        )),
        MigrateError::VersionMismatch(step) => Error::Said(format!(
            "step {step} of the schema is not the one that this program was built with: use the program that made this database, or \
             another METWATCH_DATA"
        )),
        other => Error::Migrate(other),
    }
}

async fn connect(url: &str) -> Result<PgConnection> {
    match tokio::time::timeout(Duration::from_secs(10), PgConnection::connect(url)).await {
        Ok(answer) => Ok(answer?),
        Err(_) => said("the database server did not answer within 10 seconds"),
    }
}

async fn signs_in(url: &str) -> Result<bool> {
    match connect(url).await {
        Ok(conn) => {
            conn.close().await?;
            Ok(true)
        }
        // A wrong or missing password.
        Err(Error::Database(sqlx::Error::Database(e))) if e.code().is_some_and(|code| code.starts_with("28")) => {
            Ok(false)
        }
        Err(e) => Err(e),
    }
}

async fn make_roles(admin: &mut PgConnection) -> Result<()> {
    for (name, statement) in CREATE {
        let exists = sqlx::query_scalar!(
            r#"select exists (select from pg_roles where rolname = $1) as "exists!""#,
            name
        );
        if !exists.fetch_one(&mut *admin).await? {
            run(admin, statement.into()).await?;
        }
    }
    // Who may make roles is not thereby a member who may become them.
    let superuser =
        sqlx::query_scalar!(r#"select rolsuper as "superuser!" from pg_roles where rolname = current_user"#);
    if !superuser.fetch_one(&mut *admin).await? {
        run(admin, "grant metwatch_owner to current_user".into()).await?;
    }
    for statement in LIMITS {
        run(admin, statement.into()).await?;
    }
    Ok(())
}

async fn make_database(admin: &mut PgConnection, name: &str) -> Result<()> {
    if name.len() > 63
        || !name
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
    {
        return said(format!(
            "the database's name \"{name}\" must be small letters, digits and _"
        ));
    }
    let exists = sqlx::query_scalar!(
        r#"select exists (select from pg_database where datname = $1) as "exists!""#,
        name
    );
    if exists.fetch_one(&mut *admin).await? {
        return Ok(());
    }
    run(
        admin,
        format!("create database {name} owner metwatch_owner encoding 'UTF8' template template0"),
    )
    .await?;
    run(admin, format!("revoke all on database {name} from public")).await?;
    run(
        admin,
        format!("grant connect on database {name} to metwatch_app, metwatch_job"),
    )
    .await
}

/// For statements that take no binds; what is put into them was checked above.
#[expect(
    clippy::disallowed_methods,
    reason = "names and passwords of roles and databases cannot be bound"
)]
async fn run(conn: &mut PgConnection, statement: String) -> Result<()> {
    sqlx::raw_sql(AssertSqlSafe(statement)).execute(conn).await?;
    Ok(())
}
