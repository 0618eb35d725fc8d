//! The model of a run: what is learned from is read, and the model loaded as it is stored. What is kept of a record says `judge::lesson`,
//! which model the run has `settle`.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use chrono::NaiveDate;
use rayon::prelude::*;

use super::walk::{Batch, Walk};
use super::{Progress, Step, Watch, judge, settle};
use crate::actions::{Error, Result};
use crate::app::App;
use crate::burden::{Case, Names};
use crate::domain::audit::Entry;
use crate::domain::history::Record;
use crate::domain::id::ModelId;
use crate::risk::NightModel;
use crate::store::Work;
use crate::store::runs::{self, Run};

/// A larger registry teaches no more than this many of its patients; chosen by their ids alone, so that no outcome is over-represented.
const LEARNED_FROM: i64 = 20_000;
/// Patients for whom a refit is held against the model in use.
const COMPARED: usize = 1000;
/// What is learned from, in small numbers; and some whole records to compare models on.
#[derive(Default)]
pub(super) struct Lessons {
    pub cases: Vec<Case>,
    pub names: Names,
    /// From how many patients nothing is learned for which reason.
    pub left_out: BTreeMap<String, usize>,
    pub compared: Vec<Record>,
    /// Patients on file, and how many of them were read.
    on_file: u64,
    read: u64,
}

/// Gives the run its model, unless it has one already; none where none could ever be fitted: the rules on ctDNA go on without it
/// (S-137). A break where the watcher said stop.
pub async fn choose(app: &App, run: &mut Run, watch: Watch<'_>) -> Result<ControlFlow<()>> {
    if run.model.is_some() {
        return Ok(ControlFlow::Continue(()));
    }
    let ControlFlow::Continue(lessons) = read(app, run, watch).await? else {
        return Ok(ControlFlow::Break(()));
    };
    let of = lessons.cases.len() as u64;
    let fitting = Progress {
        step: Step::Fitting,
        done: 0,
        of,
        shards: None,
    };
    if watch(fitting).is_break() {
        return Ok(ControlFlow::Break(()));
    }
    run.model = settle::settle(app, run, lessons).await?;
    Ok(ControlFlow::Continue(()))
}

/// The model as it is stored, always: a resumed run, and every process that helps, predicts with the same bits.
pub async fn load(app: &App, model: Option<ModelId>) -> Result<Option<Arc<NightModel>>> {
    let Some(id) = model else { return Ok(None) };
    let mut work = app.db.begin_night(app.clock.now()).await?;
    let model = stored(&mut work, id).await?;
    work.finish(Entry::by_trigger()).await?;
    Ok(Some(Arc::new(model)))
}

pub(super) async fn stored(work: &mut Work, id: ModelId) -> Result<NightModel> {
    let parameters = runs::parameters(work, id).await?;
    serde_json::from_value(parameters).map_err(Error::internal)
}

async fn read(app: &App, run: &Run, watch: Watch<'_>) -> Result<ControlFlow<(), Lessons>> {
    let mut walk = Walk::new(app, run.known(), LEARNED_FROM).await?;
    let (as_of, of) = (run.as_of, walk.patients);
    let every = (of as usize).div_ceil(COMPARED).max(1);
    let mut lessons = Lessons {
        on_file: walk.on_file,
        ..Lessons::default()
    };
    let mut next = walk.next(app).await?;
    while let Some(batch) = next {
        let learning = tokio::task::spawn_blocking(move || {
            lessons.add(batch, as_of, every);
            lessons
        });
        let (learned, following) = tokio::join!(learning, walk.next(app));
        lessons = learned.map_err(Error::internal)?;
        next = following?;
        let reading = Progress {
            step: Step::Reading,
            done: lessons.read,
            of,
            shards: None,
        };
        if watch(reading).is_break() {
            return Ok(ControlFlow::Break(()));
        }
    }
    Ok(ControlFlow::Continue(lessons))
}

impl Lessons {
    /// Patients of the whole registry who are under watch for a first distant relapse on that day; in proportion, where not all were read.
    pub fn watched(&self, as_of: NaiveDate) -> u64 {
        let watched = self.cases.iter().filter(|case| case.is_watched(case.day_of(as_of)));
        let watched = watched.count() as u64;
        watched * self.on_file / self.read.max(1)
    }

    fn add(&mut self, batch: Batch, as_of: NaiveDate, every: usize) {
        self.read += (batch.records.len() + batch.unreadable.len()) as u64;
        if !batch.unreadable.is_empty() {
            *self.left_out.entry("can't be read".to_owned()).or_default() += batch.unreadable.len();
        }
        let answers: Vec<_> = batch
            .records
            .par_iter()
            .map(|record| judge::lesson(record, as_of, &self.names))
            .collect();
        for answer in answers {
            match answer {
                Ok(case) => self.cases.push(case),
                Err(why) => *self.left_out.entry(why.to_owned()).or_default() += 1,
            }
        }
        self.compared.extend(batch.records.into_iter().step_by(every));
    }
}
