//! `metwatch bench night`: nights of a synthetic registry on a server of their own: time, memory, what carrying over saves, and what
//! comes of it when the program is killed.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use chrono::{DateTime, Days, Utc};
use metwatch::actions::nightly::{self, Asked, End, Progress, Step};
use metwatch::app::App;
use metwatch::clock::{Clock, FixedClock, SystemClock};
use metwatch::config::Config;
use metwatch::store::Db;
use metwatch::store::server::{self, Embedded, Login, Logins, Options};
use nix::sys::resource::{UsageWho, getrusage};
use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

const REGISTRY: &str = include_str!("registry.sql");

#[derive(clap::Args)]
pub struct Night {
    /// Patients of the registry
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(1000..=10_000_000))]
    patients: u32,
    /// ctDNA readings of the registry; the same number a patient
    #[arg(long, default_value_t = 2_000_000)]
    readings: u64,
    /// Patients in a hundred who change between two nights
    #[arg(long, default_value_t = 1)]
    changed: u32,
    /// Days after which a score is worked out anew
    #[arg(long, default_value_t = nightly::KEEP_DAYS)]
    keep_days: u16,
    /// Kill nights at so many random moments, whole ones and as often ones that carry scores over, and compare what each ends in with an
    /// undisturbed one
    #[arg(long, default_value_t = 0)]
    kills: u32,
}

/// The server of this measurement, in a folder of its own that goes with it.
struct Ground {
    folder: PathBuf,
    embedded: Option<Embedded>,
    url: String,
    logins: Logins,
    psql: PathBuf,
}

pub async fn run(config: &Config, night: &Night) -> anyhow::Result<ExitCode> {
    let mut ground = Ground::make(config).await?;
    let done = measure(config, &ground, night).await;
    if let Some(embedded) = ground.embedded.take() {
        embedded.stop().await;
    }
    std::fs::remove_dir_all(&ground.folder)?;
    done?;
    Ok(ExitCode::SUCCESS)
}

impl Ground {
    async fn make(config: &Config) -> anyhow::Result<Ground> {
        let folder = std::env::temp_dir().join(format!("metwatch-bench-night-{}", std::process::id()));
        let options = Options {
            bindir: config.pg_bindir.clone(),
            ..Options::new(&folder)
        };
        let embedded = tokio::task::spawn_blocking(move || Embedded::start(&options, |_| ())).await??;
        let admin = embedded.url(Login::Admin);
        Ok(Ground {
            logins: server::provision(&admin, None).await?,
            url: admin.replacen("/postgres?", &format!("/{}?", server::DATABASE), 1),
            embedded: Some(embedded),
            psql: server::program(config.pg_bindir.as_deref(), "psql")?,
            folder,
        })
    }

    /// Statements as superuser; the answer as text.
    fn sql(&self, statements: &str, variables: &[(&str, String)]) -> anyhow::Result<String> {
        let file = self.folder.join("bench.sql");
        std::fs::write(&file, statements)?;
        let mut psql = Command::new(&self.psql);
        psql.args(["-AtqX", "-v", "ON_ERROR_STOP=1"]);
        for (name, value) in variables {
            psql.arg("-v").arg(format!("{name}={value}"));
        }
        let out = psql
            .arg("-f")
            .arg(file)
            .arg(&self.url)
            .output()
            .context("psql did not start")?;
        ensure!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        Ok(String::from_utf8_lossy(&out.stdout).trim().to_owned())
    }

    fn app(&self, config: &Config, now: DateTime<Utc>) -> anyhow::Result<App> {
        let (Some(app), Some(job)) = (&self.logins.app, &self.logins.job) else {
            bail!("both logins are needed")
        };
        let config = Config {
            data: self.folder.clone(),
            ..config.clone()
        };
        Ok(App::new(Db::connect(app, job, 4)?, FixedClock(now), config))
    }
}

async fn measure(config: &Config, ground: &Ground, night: &Night) -> anyhow::Result<()> {
    let begun = Instant::now();
    let size = [
        ("patients", night.patients.to_string()),
        ("readings", night.readings.to_string()),
    ];
    ground.sql(REGISTRY, &size)?;
    println!(
        "synthetic registry: {} patients, {} readings, made in {:.0} s",
        night.patients,
        ground.sql("select count(*) from observation", &[])?,
        begun.elapsed().as_secs_f64()
    );
    let today = SystemClock.now();
    let asked = |redo| Asked {
        redo,
        keep_days: Some(night.keep_days),
        ..Asked::default()
    };
    let stored = || -> anyhow::Result<f64> {
        let bytes = ground.sql(
            "select pg_total_relation_size('score') + pg_total_relation_size('run_flag')",
            &[],
        )?;
        Ok(bytes.parse::<f64>()? / 1024.0 / 1024.0)
    };
    let whole = one(&ground.app(config, today)?, &asked(false), "the first night").await?;
    let first = stored()?;
    let changed = change(ground, night.changed)?;
    let tomorrow = ground.app(config, today + Days::new(1))?;
    let part = one(
        &tomorrow,
        &asked(false),
        &format!("the next night, {changed} patients changed"),
    )
    .await?;
    println!(
        "scores and flags stored: {first:.0} MB by the first night, {:.0} MB by the next",
        stored()? - first
    );
    let anew = one(&tomorrow, &asked(true), "the same night, everything anew").await?;
    println!(
        "ratio: {:.2} of the patients were scored, in {:.2} of the time of all ({:.2} without the refit)",
        part.scored / anew.scored,
        part.seconds / anew.seconds,
        (part.seconds - part.refit) / (anew.seconds - anew.refit),
    );
    let peak = getrusage(UsageWho::RUSAGE_SELF)?.max_rss() as f64 / 1024.0;
    println!(
        "first night: {:.0} patients/s; most memory of this program: {peak:.0} MB",
        whole.scored / whole.seconds
    );
    if night.kills > 0 {
        kill(ground, night, Killed::Whole)?;
        kill(ground, night, Killed::Carrying)?;
    }
    tomorrow.db.close().await;
    Ok(())
}

/// A new reading for so many in a hundred patients of every centre, recorded as an import would: what the last one said, a fortnight
/// ago. Patients with a relapse on file have no more.
fn change(ground: &Ground, percent: u32) -> anyhow::Result<String> {
    ground.sql(
        &format!(
            "set app.actor = '1'; set app.actor_name = 'console'; set app.role = 'system';
             with new as (
               insert into observation (site_id, patient_id, natural_key, measure, assay_id, analyte, collected_on, reported_on,
                 recorded_by, route, raw_text, detection, comparator, value_num, unit, lod, lo, hi, screened, detail)
               select o.site_id, o.patient_id, 'NEW-' || o.patient_id, o.measure, o.assay_id, o.analyte, current_date - 14, current_date,
                 1, 'csv', o.raw_text, o.detection, o.comparator, o.value_num, o.unit, o.lod, o.lo, o.hi, o.screened, o.detail
               from patient p
               cross join lateral (
                 select * from observation o where o.site_id = p.site_id and o.patient_id = p.id order by o.collected_on desc limit 1
               ) o
               where (hashint8(p.id + 19) & 2147483647) % 100 < {percent}
                 and not exists (select from event e where e.site_id = p.site_id and e.patient_id = p.id and e.kind = 'relapse')
               returning 1
             )
             select count(*) from new"
        ),
        &[],
    )
}

struct Cost {
    seconds: f64,
    /// Reading and fitting.
    refit: f64,
    /// Patients whose score was worked out.
    scored: f64,
}

async fn one(app: &App, asked: &Asked, what: &str) -> anyhow::Result<Cost> {
    let begun = Instant::now();
    let mut steps: Vec<(Step, Instant)> = vec![];
    let mut watch = |progress: Progress| {
        if steps.last().is_none_or(|(step, _)| *step != progress.step) {
            steps.push((progress.step, Instant::now()));
        }
        ControlFlow::Continue(())
    };
    let end = nightly::run(app, asked, &mut watch).await?;
    let ended = Instant::now();
    let seconds = (ended - begun).as_secs_f64();
    let End::Published { counts, carried, .. } = end else {
        bail!("{what} ended otherwise: {end:?}")
    };
    let ends = steps.iter().skip(1).map(|(_, at)| *at).chain([ended]);
    let spans: Vec<(Step, f64)> = steps
        .iter()
        .zip(ends)
        .map(|((step, at), end)| (*step, (end - *at).as_secs_f64()))
        .collect();
    let told: Vec<String> = spans
        .iter()
        .map(|(step, s)| format!("{} {s:.1} s", step.words()))
        .collect();
    println!(
        "{what}: {seconds:.1} s, {} patients, {} scored anew, {carried} carried over ({})",
        counts.patients,
        counts.patients - carried,
        told.join(", ")
    );
    let refit = |(step, _): &&(Step, f64)| matches!(step, Step::Reading | Step::Fitting);
    Ok(Cost {
        seconds,
        refit: spans.iter().filter(refit).map(|(_, s)| s).sum(),
        scored: f64::from(counts.patients - carried),
    })
}

/// Which nights are killed.
#[derive(Clone, Copy)]
enum Killed {
    Whole,
    /// Of the day after one, most scores of which still hold.
    Carrying,
}

impl Killed {
    /// What comes before all of them: no night is on show, or the last whole one, of two days ago, and then a few patients changed.
    fn prepare(self, ground: &Ground, percent: u32) -> anyhow::Result<()> {
        match self {
            Killed::Whole => ground.sql("update publication set run_id = null, previous_run_id = null", &[])?,
            Killed::Carrying => ground.sql(
                &format!(
                    "set app.actor = '1'; set app.actor_name = 'console'; set app.role = 'system';
                     update run set as_of = as_of - 2, cutoff_at = cutoff_at - interval '2 days';
                     alter table audit_entry disable trigger append_only;
                     update audit_entry set at = at - interval '3 days';
                     alter table audit_entry enable trigger append_only;
                     update patient set birth_month = 1 + coalesce(birth_month, 0) % 12
                     where (hashint8(id + 19) & 2147483647) % 100 < {percent}"
                ),
                &[],
            )?,
        };
        Ok(())
    }

    /// Makes room for the next one.
    fn again(self, ground: &Ground) -> anyhow::Result<()> {
        if let Killed::Carrying = self {
            ground.sql(
                "set app.actor = '1'; set app.actor_name = 'console'; set app.role = 'system';
                 update publication set run_id = (select base_run_id from run r where r.id = run_id), previous_run_id = null;
                 update run set state = 'failed' where as_of = current_date",
                &[],
            )?;
        }
        Ok(())
    }

    fn arguments(self) -> &'static [&'static str] {
        match self {
            Killed::Whole => &["nightly", "--redo"],
            Killed::Carrying => &["nightly"],
        }
    }

    fn words(self) -> &'static str {
        match self {
            Killed::Whole => "nights that work everything out",
            Killed::Carrying => "nights that carry scores over",
        }
    }
}

/// Nights of today in programs of their own, killed at random moments and taken up again until each ends.
fn kill(ground: &Ground, night: &Night, which: Killed) -> anyhow::Result<()> {
    which.prepare(ground, night.changed)?;
    let last = |what: &str| {
        let query = format!(
            "select {what} from run where as_of = current_date and state = 'published' order by revision desc limit 1"
        );
        ground.sql(&query, &[])
    };
    let (begun, mut fitted) = (Instant::now(), None);
    let mut child = metwatch_night(&ground.folder, which)?;
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if fitted.is_none() && is_fitted(&ground.folder)? {
            fitted = Some(Instant::now());
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    let ended = Instant::now();
    ensure!(
        status.success(),
        "the undisturbed night failed: {}",
        said(&ground.folder)?
    );
    let (whole, rest) = (ended - begun, ended - fitted.unwrap_or(begun));
    let (undisturbed, carried) = (last("fingerprint")?, last("carried")?);
    let as_asked = match which {
        Killed::Whole => carried == "0",
        Killed::Carrying => carried != "0",
    };
    ensure!(as_asked, "the undisturbed night carried {carried} scores over");
    let mut random = Xoshiro256PlusPlus::seed_from_u64(50);
    let (mut kills, mut nights) = (0, 0);
    while kills < night.kills {
        which.again(ground)?;
        loop {
            let mut child = metwatch_night(&ground.folder, which)?;
            let share = 1.2 * random.r#gen::<f64>();
            // the fit takes most of the time: every other kill waits for its end
            let mut until = (kills % 2 == 0).then(|| Instant::now() + whole.mul_f64(share));
            let ended = loop {
                if let Some(status) = child.try_wait()? {
                    ensure!(status.success(), "a night failed: {}", said(&ground.folder)?);
                    break true;
                }
                if until.is_none() && is_fitted(&ground.folder)? {
                    until = Some(Instant::now() + rest.mul_f64(share));
                }
                if kills < night.kills && until.is_some_and(|until| Instant::now() >= until) {
                    child.kill()?;
                    child.wait()?;
                    break false;
                }
                std::thread::sleep(Duration::from_millis(5));
            };
            if ended {
                break;
            }
            kills += 1;
        }
        nights += 1;
        ensure!(
            (last("fingerprint")?, last("carried")?) == (undisturbed.clone(), carried.clone()),
            "after {kills} kills the night ended otherwise"
        );
    }
    println!(
        "{kills} kills in {nights} {} ({carried} carried over): each ended in the bytes of an undisturbed one ({undisturbed})",
        which.words()
    );
    Ok(())
}

fn metwatch_night(folder: &Path, which: Killed) -> anyhow::Result<std::process::Child> {
    Command::new(std::env::current_exe()?)
        .args(which.arguments())
        .env_remove("DATABASE_URL")
        .env("METWATCH_DATA", folder)
        .stdout(Stdio::null())
        .stderr(std::fs::File::create(folder.join("night.log"))?)
        .spawn()
        .context("the night did not start")
}

/// Whether a night of `metwatch_night` said that its model is fitted.
fn is_fitted(folder: &Path) -> anyhow::Result<bool> {
    let fitted = format!("{} (", Step::Fitting.words());
    Ok(std::fs::read_to_string(folder.join("night.log"))?.contains(&fitted))
}

/// The last that a night of `metwatch_night` said.
fn said(folder: &Path) -> anyhow::Result<String> {
    let log = std::fs::read_to_string(folder.join("night.log"))?;
    Ok(log.lines().last().unwrap_or_default().to_owned())
}
