//! `metwatch bench pages`: the triage page against the bare database.
//!
//! Both sides run in one go on the same data: readers over HTTP get the whole page (session, row security, audit, HTML);
//! pgbench runs the very statements that the page prepared, read back from the page's own connection.

use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use answer::whole_answer;
use anyhow::{Context, bail, ensure};

use metwatch::actions::{sign_in, users};
use metwatch::app::App;
use metwatch::clock::SystemClock;
use metwatch::config::Config;
use metwatch::domain::access::{Actor, Role};
use metwatch::store::{Db, server, statements};
use metwatch::web;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};

use crate::cli::database::{Database, Use};

#[derive(clap::Args)]
pub struct Pages {
    /// Seconds a round; there are two rounds of each side, in turns
    #[arg(long, default_value_t = 8)]
    seconds: u64,
    /// Readers at once, on both sides
    #[arg(long, default_value_t = 8)]
    readers: usize,
}

pub async fn run(config: &Config, pages: &Pages) -> anyhow::Result<ExitCode> {
    let database = Database::open(config, Use::Shared).await?;
    let done = measure(config, &database, pages).await;
    database.close().await;
    done?;
    Ok(ExitCode::SUCCESS)
}

async fn measure(config: &Config, database: &Database, pages: &Pages) -> anyhow::Result<()> {
    let Some(url) = database.logins.app.clone() else {
        bail!("the pages' login is needed")
    };
    let pgbench = server::program(config.pg_bindir.as_deref(), "pgbench")?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let config = Config {
        origin: format!("http://{address}"),
        ..config.clone()
    };

    // a pool of one: what its connection has prepared is what the page runs
    let single = App::new(Db::connect(&url, &url, 1)?, SystemClock, config.clone());
    let (_, link) = users::demo_link(&single, &Actor::console(vec![]), Role::Clinician).await?;
    let secret = sign_in::by_link(&single, &link, None).await?;
    let Some(actor) = sign_in::actor_of(&single, &secret).await? else {
        bail!("the session is gone")
    };
    let before = statements::prepared(&single.db).await?;
    let page = one_page(&single, address, &secret).await?;
    let rows = page.matches("<tr").count().saturating_sub(1);
    let mut sql = statements::prepared(&single.db).await?;
    // asked before the page, and asked again by it
    sql.retain(|statement| !before.contains(statement) || statement.contains("from session s"));
    single.db.close().await;
    let script = script(&sql, &actor, &secret)?;
    let folder = std::env::temp_dir().join(format!("metwatch-bench-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let file = folder.join("triage.sql");
    std::fs::write(&file, script)?;

    let app = App::new(Db::connect(&url, &url, 16)?, SystemClock, config);
    let serving = tokio::spawn(web::serve::serve(app.clone(), listener, std::future::pending()));
    println!(
        "triage page: {} kB of HTML, {rows} rows, {} statements; {} readers",
        page.len() / 1000,
        sql.len() + 3,
        pages.readers
    );
    let mut ratios = vec![];
    for round in 1..=2 {
        let bare = bare_rate(&pgbench, &url, &file, pages).await?;
        let whole = page_rate(address, &secret, pages).await?;
        println!(
            "round {round}: pages {whole:.0}/s, pgbench {bare:.0}/s, ratio {:.2}",
            whole / bare
        );
        ratios.push(whole / bare);
    }
    serving.abort();
    app.db.close().await;
    std::fs::remove_dir_all(&folder)?;
    println!(
        "ratio {:.2} (mean of {})",
        ratios.iter().sum::<f64>() / ratios.len() as f64,
        ratios.len()
    );
    Ok(())
}

async fn one_page(app: &App, address: SocketAddr, secret: &str) -> anyhow::Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let here = listener.local_addr()?;
    let serving = tokio::spawn(web::serve::serve(app.clone(), listener, std::future::pending()));
    let mut stream = TcpStream::connect(here).await?;
    // twice: the first one writes the hour's audit entry
    ask(&mut stream, address, secret).await?;
    let (status, body) = ask(&mut stream, address, secret).await?;
    serving.abort();
    ensure!(status == 200, "the triage page answered {status}");
    Ok(String::from_utf8(body)?)
}

async fn ask(stream: &mut TcpStream, host: SocketAddr, secret: &str) -> anyhow::Result<(u16, Vec<u8>)> {
    let request = format!("GET /triage HTTP/1.1\r\nhost: {host}\r\ncookie: sid={secret}\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    whole_answer(stream).await
}

async fn page_rate(address: SocketAddr, secret: &str, pages: &Pages) -> anyhow::Result<f64> {
    let begun = Instant::now();
    let until = begun + Duration::from_secs(pages.seconds);
    let mut readers = tokio::task::JoinSet::new();
    for _ in 0..pages.readers {
        let secret = secret.to_owned();
        readers.spawn(async move {
            let mut stream = TcpStream::connect(address).await?;
            let mut count = 0u64;
            while Instant::now() < until {
                let (status, _) = ask(&mut stream, address, &secret).await?;
                ensure!(status == 200, "the triage page answered {status}");
                count += 1;
            }
            Ok(count)
        });
    }
    let mut total = 0;
    while let Some(reader) = readers.join_next().await {
        total += reader??;
    }
    Ok(total as f64 / begun.elapsed().as_secs_f64())
}

async fn bare_rate(pgbench: &Path, url: &str, file: &Path, pages: &Pages) -> anyhow::Result<f64> {
    let output = tokio::process::Command::new(pgbench)
        .args(["--no-vacuum", "--protocol=prepared", "--jobs=2"])
        .arg(format!("--client={}", pages.readers))
        .arg(format!("--time={}", pages.seconds))
        .arg(format!("--file={}", file.display()))
        .arg(url)
        .output()
        .await
        .context("pgbench did not start")?;
    let said = String::from_utf8_lossy(&output.stdout);
    ensure!(
        output.status.success(),
        "pgbench failed: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let rate = said
        .lines()
        .find_map(|line| line.strip_prefix("tps = ")?.split(' ').next()?.parse().ok());
    rate.with_context(|| format!("pgbench said no rate: {said}"))
}

/// The page's statements for pgbench, with this reader's values. The scope, which the page sets in its `begin`, is one
/// statement more here; the pool's clean-up between requests is the page's cost alone.
fn script(statements: &[String], actor: &Actor, secret: &str) -> anyhow::Result<String> {
    let sites: Vec<String> = actor.sites.iter().map(|site| site.0.to_string()).collect();
    let sites = format!("'{{{}}}'", sites.join(","));
    let hash: String = sign_in::hash_of(secret)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let session = actor.session.context("the reader has a session")?;
    let user = -i64::from(actor.user.0);
    let mut find = String::new();
    let mut work = String::new();
    for statement in statements {
        let values: Vec<String> = if statement.contains("from session s") {
            find = bound(statement, &[format!("'\\x{hash}'")]);
            continue;
        } else if statement.contains("with shown as") {
            [sites.as_str(), "null", "null", "0", "51", "false", "false"]
                .map(str::to_owned)
                .to_vec()
        } else if statement.contains("insert into page_opened") {
            let user = user.to_string();
            [&session.to_string(), "'triage'", "0", &user, "'viewed'", "0", "'{}'"]
                .map(str::to_owned)
                .to_vec()
        } else if statement.contains("from trial t") {
            vec!["false".into()]
        } else if statement.contains("$1") && !statement.contains("$2") {
            vec![sites.clone()]
        } else if !statement.contains("$1") {
            vec![]
        } else {
            bail!("the page has a statement that the benchmark does not know: {statement}");
        };
        work.push_str(&bound(statement, &values));
    }
    Ok(format!(
        "{find}begin;\nselect set_config('app.sites', {sites}, true), set_config('app.actor', '{}', true), set_config('app.role', 'clinician', true), \
         set_config('app.version', '0', true), set_config('app.actor_name', 'bench', true), set_config('app.session', '{session}', true);\n{work}commit;\n",
        actor.user.0
    )
    .replace(&format!("'app.sites', {sites}"), &format!("'app.sites', {}", sites.replace(['{', '}'], ""))))
}

fn bound(statement: &str, values: &[String]) -> String {
    let mut text = statement.split_whitespace().collect::<Vec<_>>().join(" ");
    for (i, value) in values.iter().enumerate().rev() {
        text = text.replace(&format!("${}", i + 1), value);
    }
    text + ";\n"
}

mod answer {
    use anyhow::{Context, bail};
    use tokio::io::AsyncReadExt;
    use tokio::net::TcpStream;

    /// Reads one HTTP/1.1 answer with a content length.
    pub async fn whole_answer(stream: &mut TcpStream) -> anyhow::Result<(u16, Vec<u8>)> {
        let mut seen = Vec::with_capacity(64 * 1024);
        let head = loop {
            if let Some(end) = seen.windows(4).position(|window| window == b"\r\n\r\n") {
                break end + 4;
            }
            if stream.read_buf(&mut seen).await? == 0 {
                bail!("the connection was closed");
            }
        };
        let text = String::from_utf8_lossy(&seen[..head]).to_lowercase();
        let status = text
            .split(' ')
            .nth(1)
            .and_then(|code| code.parse().ok())
            .context("no status")?;
        let length = text
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "))
            .context("no length")?;
        let whole = head + length.trim().parse::<usize>()?;
        while seen.len() < whole {
            if stream.read_buf(&mut seen).await? == 0 {
                bail!("the answer was cut");
            }
        }
        Ok((status, seen.split_off(head)))
    }
}
