//! Users, their roles and centres. No patient data: they are read from the pool directly.

use super::{Db, Result, Work};
use crate::domain::access::Role;
use crate::domain::id::{SiteId, UserId};

#[derive(Clone)]
pub struct User {
    pub id: UserId,
    pub name: String,
    pub role: Role,
    pub disabled: bool,
    pub has_password: bool,
    pub sites: Vec<SiteId>,
}

/// What sign-in compares with. No `Debug`: it holds a hash.
pub struct Credentials {
    pub id: UserId,
    /// As it is on file, not as it was typed.
    pub name: String,
    pub role: Role,
    pub password_hash: Option<String>,
    pub disabled: bool,
}

pub async fn credentials(db: &Db, name: &str) -> Result<Option<Credentials>> {
    let folded = name.to_lowercase();
    let found = sqlx::query!(
        "select id, name, role, password_hash, disabled_at is not null as \"disabled!\"
         from app_user
         where name_folded = $1
           and role <> 'system'",
        folded,
    )
    .fetch_optional(db.pool())
    .await?;
    Ok(found.and_then(|row| {
        Some(Credentials {
            id: UserId(row.id),
            name: row.name,
            role: Role::from_code(&row.role)?,
            password_hash: row.password_hash,
            disabled: row.disabled,
        })
    }))
}

pub async fn all(db: &Db) -> Result<Vec<User>> {
    let rows = sqlx::query!(
        "select u.id, u.name, u.role, u.disabled_at is not null as \"disabled!\", u.password_hash is not null as \"has_password!\",
           array(select s.site_id from user_site s where s.user_id = u.id order by s.site_id) as \"sites!\"
         from app_user u
         where u.role <> 'system'
         order by u.name",
    )
    .fetch_all(db.pool())
    .await?;
    Ok(rows
        .into_iter()
        .filter_map(|row| {
            Some(User {
                id: UserId(row.id),
                name: row.name,
                role: Role::from_code(&row.role)?,
                disabled: row.disabled,
                has_password: row.has_password,
                sites: row.sites.into_iter().map(SiteId).collect(),
            })
        })
        .collect())
}

pub async fn any(db: &Db) -> Result<bool> {
    let any = sqlx::query_scalar!("select exists (select from app_user where role <> 'system') as \"any!\"")
        .fetch_one(db.pool())
        .await?;
    Ok(any)
}

pub async fn by_name(db: &Db, name: &str) -> Result<Option<User>> {
    let folded = name.to_lowercase();
    Ok(all(db)
        .await?
        .into_iter()
        .find(|user| user.name.to_lowercase() == folded))
}

/// A new user with a role and centres, and no password yet.
pub async fn insert(work: &mut Work, name: &str, role: Role, sites: &[SiteId]) -> Result<UserId> {
    let id = sqlx::query_scalar!(
        "insert into app_user (name, role)
         values ($1, $2)
         returning id",
        name,
        role.code(),
    )
    .fetch_one(work.connection())
    .await?;
    hold(work, UserId(id), sites).await?;
    Ok(UserId(id))
}

/// Adds centres to those that a user holds.
pub async fn hold(work: &mut Work, user: UserId, sites: &[SiteId]) -> Result<()> {
    let sites: Vec<i32> = sites.iter().map(|site| site.0).collect();
    sqlx::query!(
        "insert into user_site (user_id, site_id)
         select $1, unnest($2::int[])
         on conflict do nothing",
        user.0,
        &sites,
    )
    .execute(work.connection())
    .await?;
    Ok(())
}

/// A new password ends every session of its user (S-023), and every link to another one.
pub async fn set_password(work: &mut Work, user: UserId, hash: &str) -> Result<()> {
    rehash(work, user, hash).await?;
    super::sessions::end_all(work, user).await?;
    super::links::end_all(work, user).await
}

/// Renews a stored hash whose parameters have become too weak (S-001); sessions stay.
pub async fn rehash(work: &mut Work, user: UserId, hash: &str) -> Result<()> {
    sqlx::query!(
        "update app_user
         set password_hash = $2, version = version + 1
         where id = $1",
        user.0,
        hash,
    )
    .execute(work.connection())
    .await?;
    Ok(())
}

/// A disabled user's sessions end with the next request.
pub async fn disable(work: &mut Work, user: UserId) -> Result<()> {
    let now = work.now();
    sqlx::query!(
        "update app_user
         set disabled_at = $2, version = version + 1
         where id = $1
           and disabled_at is null",
        user.0,
        now,
    )
    .execute(work.connection())
    .await?;
    super::sessions::end_all(work, user).await
}
