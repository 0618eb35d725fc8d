//! What is of no more use: tokens of old forms, dead sessions and what they left, used links, the marks of pages opened hours ago, the
//! plans of nights that have ended.

use super::{Result, Work};

/// Called by the night. None of it is a record: the audit trail keeps what was done.
pub async fn forget_old(night: &mut Work) -> Result<()> {
    let work = night.connection();
    sqlx::query!("delete from form_token where created_at < now() - interval '7 days'")
        .execute(&mut *work)
        .await?;
    sqlx::query!("delete from session where created_at < now() - interval '1 day'")
        .execute(&mut *work)
        .await?;
    sqlx::query!("delete from sign_in_link where expires_at < now() - interval '30 days'")
        .execute(&mut *work)
        .await?;
    sqlx::query!("delete from kept_form where kept_at < now() - interval '30 minutes'")
        .execute(&mut *work)
        .await?;
    sqlx::query!("delete from page_opened where hour < now() - interval '2 days'")
        .execute(&mut *work)
        .await?;
    sqlx::query!("delete from run_due where run_id not in (select id from run where state = 'running')")
        .execute(&mut *work)
        .await?;
    Ok(())
}
