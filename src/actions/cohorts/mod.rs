//! An analyst's question: how many, what became of them, and the same rows to take along.

mod answer;
mod estimate;
mod export;
mod mask;

use futures::TryStreamExt;

pub use answer::{Answer, Comparison, Line};
pub use estimate::{At, Estimate};
pub use export::{File, export};
pub use mask::Why;

use super::{Error, Result};
use crate::app::App;
use crate::domain::access::{Actor, Permission};
use crate::domain::audit::Entry;
pub use crate::domain::cohort::{Choices, Count, Endpoint, FEW, Grouping, Question, View};
use crate::domain::problem::Problem;
pub use crate::export::Shape;
use crate::store::{self, Work};

/// The fields of an address or form, by name.
pub type Fields = [(String, String)];

/// What may be asked, and the answer, or what is to mend in the question.
pub struct Page {
    pub choices: Choices,
    pub answer: std::result::Result<Answer, Vec<Problem>>,
}

fn get<'f>(fields: &'f Fields, name: &str) -> &'f str {
    fields
        .iter()
        .find(|(field, _)| field == name)
        .map_or("", |(_, value)| value.trim())
}

async fn choices(work: &mut Work) -> Result<Choices> {
    let trials = store::triage::trials(work).await?;
    Ok(Choices {
        organs: store::cohorts::organs(work).await?,
        centres: store::sites::held(work)
            .await?
            .into_iter()
            .map(|site| (site.code, site.name))
            .collect(),
        trials: trials.into_iter().map(|trial| (trial.code, trial.arms)).collect(),
    })
}

/// Counts and curves of the patients whom the question means, as known today. Every question is audited.
pub async fn ask(app: &App, actor: &Actor, fields: &Fields) -> Result<Page> {
    actor.may(Permission::QueryCohort)?;
    let mut work = app.db.begin(actor, app.clock.now()).await?;
    work.take_minutes(1).await?;
    let choices = choices(&mut work).await?;
    let question = match Question::parse(|name| get(fields, name), &choices) {
        Ok(question) => question,
        Err(problems) => {
            work.finish(Entry::viewed("cohorts")).await?;
            return Ok(Page {
                choices,
                answer: Err(problems),
            });
        }
    };
    store::cohorts::expect_many(&mut work).await?;
    let mut gathered = answer::Gathered::new(&question, work.today());
    let mut subjects = store::cohorts::subjects(&mut work, &question.filter, None);
    while let Some(subject) = subjects.try_next().await? {
        gathered.add(&subject);
    }
    drop(subjects);
    let entry = Entry::of("cohort_viewed")
        .fact("question", &question)
        .fact("patients", gathered.patients());
    work.finish(entry).await?;
    // the estimates are arithmetic: they take no transaction and no thread that serves others
    let answer = tokio::task::spawn_blocking(move || gathered.answer())
        .await
        .map_err(Error::internal)?
        .map_err(Error::internal)?;
    Ok(Page {
        choices,
        answer: Ok(answer),
    })
}

/// The dictionary of both files, for the endpoint that is asked for. It holds no patient data; the trail says who took it.
pub async fn dictionary(app: &App, actor: &Actor, fields: &Fields) -> Result<String> {
    actor.may(Permission::QueryCohort)?;
    let work = app.db.begin(actor, app.clock.now()).await?;
    work.finish(Entry::viewed("cohort_dictionary")).await?;
    let endpoint = Endpoint::from_code(get(fields, "endpoint")).unwrap_or(Endpoint::DistantFree);
    Ok(crate::export::dictionary(endpoint))
}
