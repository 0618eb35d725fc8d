//! The model card.

use super::Result;
use crate::app::App;
use crate::domain::access::{Actor, Permission};
use crate::domain::audit::Entry;
pub use crate::store::models::Model;
use crate::store::{self};

pub async fn published(app: &App, actor: &Actor) -> Result<Option<Model>> {
    actor.may(Permission::ReadModel)?;
    let mut work = app.db.begin(actor, app.clock.now()).await?;
    let model = store::models::published(&mut work).await?;
    work.finish(Entry::viewed("model")).await?;
    Ok(model)
}
