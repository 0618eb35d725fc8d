//! The program as a process: started, stopped, killed, and its server killed under it (S-131, S-132, P1).

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use metwatch::store::server::{self, Login};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use sha2::{Digest, Sha256};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, Row};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

/// A private folder that goes when the test ends.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let path = std::env::temp_dir().join(format!("metwatch-life-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        Folder(path)
    }

    fn postmaster(&self) -> Option<i32> {
        let state = std::fs::read_to_string(self.0.join("postgres/postmaster.pid")).ok()?;
        state.lines().next()?.trim().parse().ok()
    }

    /// Signs in behind the program's back.
    async fn superuser(&self) -> PgConnection {
        let url = server::url(&self.0.join("socket"), Login::Admin).replacen("/postgres?", "/metwatch?", 1);
        PgConnection::connect(&url).await.unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn metwatch(data: &Path, port: u16) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_metwatch"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("METWATCH_")) {
        command.env_remove(name);
    }
    command
        .env_remove("DATABASE_URL")
        .current_dir(std::env::temp_dir())
        .env("METWATCH_DATA", data)
        .env("METWATCH_LISTEN", format!("127.0.0.1:{port}"))
        .stdin(Stdio::null());
    command
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

/// `metwatch serve` in a folder.
struct Serving {
    child: Child,
    port: u16,
}

impl Serving {
    /// Starts it and waits until it is ready; says how long that took.
    async fn start(folder: &Folder, port: u16) -> (Serving, Duration) {
        let begun = Instant::now();
        let child = metwatch(&folder.0, port)
            .arg("serve")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut serving = Serving { child, port };
        while let Err(why) = serving.readiness().await {
            assert!(
                serving.child.try_wait().unwrap().is_none(),
                "the program ended at its start"
            );
            assert!(
                begun.elapsed() < Duration::from_secs(60),
                "not ready within a minute: {why}"
            );
            sleep(Duration::from_millis(20)).await;
        }
        (serving, begun.elapsed())
    }

    /// `Err` with what the program says of itself, nothing while it does not answer.
    async fn readiness(&self) -> Result<(), String> {
        match request(self.port, "GET", "/healthz/ready", "").await {
            Some(answer) if answer.status == 200 => Ok(()),
            Some(answer) => Err(answer.body),
            None => Err(String::new()),
        }
    }

    fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.child.id().try_into().unwrap()), signal).unwrap();
    }

    async fn ended(mut self) -> std::process::ExitStatus {
        tokio::task::spawn_blocking(move || self.child.wait().unwrap())
            .await
            .unwrap()
    }
}

struct Answer {
    status: u16,
    head: String,
    body: String,
}

/// One request on a connection of its own; none when the connection broke before an answer was complete enough to be one.
async fn request(port: u16, method: &str, path: &str, body: &str) -> Option<Answer> {
    let spoken = async {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await.ok()?;
        let text = format!(
            "{method} {path} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\norigin: http://127.0.0.1:{port}\r\nconnection: close\r\n\
             content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(text.as_bytes()).await.ok()?;
        let mut bytes = vec![];
        stream.read_to_end(&mut bytes).await.ok()?;
        let text = String::from_utf8_lossy(&bytes);
        let (head, body) = text.split_once("\r\n\r\n")?;
        let status = head.split(' ').nth(1)?.parse().ok()?;
        Some(Answer {
            status,
            head: head.to_owned(),
            body: body.to_owned(),
        })
    };
    timeout(Duration::from_secs(30), spoken).await.ok()?
}

fn is_alive(pid: i32) -> bool {
    kill(Pid::from_raw(pid), None).is_ok()
}

fn words(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout)
}

async fn run(mut command: Command) -> Output {
    tokio::task::spawn_blocking(move || command.output().unwrap())
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_starts_stops_and_survives_kills() {
    let folder = Folder::new("whole");
    let port = free_port();
    let (serving, fresh) = Serving::start(&folder, port).await;

    // A second one on the same folder is refused in words; a console command joins.
    let second = run({
        let mut command = metwatch(&folder.0, free_port());
        command.arg("serve");
        command
    })
    .await;
    assert_eq!(second.status.code(), Some(1));
    assert!(
        words(&second).contains("in use by another Metwatch program"),
        "{}",
        words(&second)
    );
    let add = || {
        let mut command = metwatch(&folder.0, port);
        command.args(["user", "add", "eve", "--role", "administrator"]);
        command
    };
    let added = run(add()).await;
    assert!(
        added.status.success() && words(&added).contains("/link/"),
        "{}",
        words(&added)
    );

    // The server is killed under the program: pages say 503, and are sound again within 5 s.
    // A server that is back before anybody asked is no fault: what counts is that another one answers.
    let former = folder.postmaster().unwrap();
    kill(Pid::from_raw(former), Signal::SIGKILL).unwrap();
    let killed = Instant::now();
    let back = loop {
        match request(port, "GET", "/sign-in", "").await.map(|answer| answer.status) {
            Some(200) if folder.postmaster().is_some_and(|now| now != former) => break killed.elapsed(),
            Some(200 | 503) => {}
            other => panic!("a page answered {other:?} while the database was away"),
        }
        assert!(killed.elapsed() < Duration::from_secs(20), "not back within 20 s");
        sleep(Duration::from_millis(10)).await;
    };

    // The program is killed: its server ends by itself, and the next start finds everything.
    let postmaster = folder.postmaster().unwrap();
    serving.signal(Signal::SIGKILL);
    serving.ended().await;
    let killed = Instant::now();
    while is_alive(postmaster) {
        assert!(
            killed.elapsed() < Duration::from_secs(20),
            "the server outlived its program"
        );
        sleep(Duration::from_millis(20)).await;
    }
    let gone = killed.elapsed();
    let (serving, again) = Serving::start(&folder, port).await;
    let twice = run(add()).await;
    assert!(words(&twice).contains("already a user eve"), "{}", words(&twice));

    // Told to stop: exit 0, and nothing of it is left.
    let postmaster = folder.postmaster().unwrap();
    serving.signal(Signal::SIGTERM);
    let told = Instant::now();
    let status = serving.ended().await;
    let stopped = told.elapsed();
    assert_eq!(status.code(), Some(0));
    assert!(!is_alive(postmaster));
    let verified = run({
        let mut command = metwatch(&folder.0, port);
        command.arg("verify-audit");
        command
    })
    .await;
    assert!(verified.status.success(), "{}", words(&verified));
    println!(
        "fresh start {fresh:.1?}, later start {again:.1?}, back after the server was killed {back:.1?}, \
         server gone after the program was killed {gone:.1?}, stopped {stopped:.1?}"
    );
}

/// Acknowledged writes between two kills; 20 kills then make the 5,000 of the published promise.
const BETWEEN_KILLS: usize = 250;
const WRITERS: usize = 8;

/// What the writers were told.
#[derive(Default)]
struct Told {
    /// The secret of each session that the program said it had begun.
    sessions: Mutex<Vec<String>>,
    unsure: AtomicUsize,
    enough: AtomicBool,
}

impl Told {
    fn count(&self) -> usize {
        self.sessions.lock().unwrap().len()
    }
}

/// Uses one link after another: each is a sign-in through the whole program, stored in two transactions. An answer that
/// does not come leaves its outcome open, and the link is not tried again.
async fn write(port: u16, writer: usize, told: Arc<Told>) {
    for n in 0.. {
        if told.enough.load(Ordering::Relaxed) {
            return;
        }
        let answer = request(port, "POST", &link(writer, n), "form_token=0123456789abcdef").await;
        let secret = answer.filter(|answer| answer.status == 303).and_then(|answer| {
            let (_, rest) = answer.head.split_once("sid=")?;
            Some(rest.split(';').next()?.to_owned())
        });
        match secret {
            Some(secret) => told.sessions.lock().unwrap().push(secret),
            None => {
                told.unsure.fetch_add(1, Ordering::Relaxed);
                sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

fn link(writer: usize, n: usize) -> String {
    format!("/link/writer-{writer}-link-{n}")
}

async fn prepare(folder: &Folder, links: usize) {
    let mut superuser = folder.superuser().await;
    superuser
        .execute("set app.actor = '1'; set app.actor_name = 'console'; set app.role = 'system'")
        .await
        .unwrap();
    for writer in 0..WRITERS {
        let statements = format!(
            "with writer as (insert into app_user (name, role) values ('writer-{writer}', 'coordinator') returning id)
             insert into sign_in_link (token_hash, user_id, purpose, expires_at)
             select sha256(convert_to('writer-{writer}-link-' || n, 'UTF8')), id, 'demo', now() + interval '1 day'
             from writer, generate_series(0, {links}) n"
        );
        superuser.execute(AssertSqlSafe(statements)).await.unwrap();
    }
}

/// P1: kill -9 of the program, of its server, and of both, while eight writers are at work.
#[tokio::test(flavor = "multi_thread")]
async fn no_acknowledged_write_is_lost_when_program_and_server_are_killed() {
    let kills: usize = std::env::var("METWATCH_KILLS").map_or(6, |text| text.parse().unwrap());
    let folder = Folder::new("kills");
    let port = free_port();
    let (mut serving, _) = Serving::start(&folder, port).await;
    prepare(&folder, kills * BETWEEN_KILLS * 2).await;
    let told = Arc::new(Told::default());
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| tokio::spawn(write(port, writer, told.clone())))
        .collect();
    let mut slowest = Duration::ZERO;
    for round in 0..kills {
        let begun = Instant::now();
        while told.count() < (round + 1) * BETWEEN_KILLS {
            assert!(
                begun.elapsed() < Duration::from_secs(120),
                "the writers are stuck at {}",
                told.count()
            );
            sleep(Duration::from_millis(5)).await;
        }
        // Another moment of a write each time.
        sleep(Duration::from_millis(round as u64 * 7 % 31)).await;
        let killed = Instant::now();
        let postmaster = Pid::from_raw(folder.postmaster().unwrap());
        if round % 3 != 1 {
            kill(postmaster, Signal::SIGKILL).unwrap();
        }
        if round % 3 != 0 {
            serving.signal(Signal::SIGKILL);
            serving.ended().await;
            (serving, _) = Serving::start(&folder, port).await;
        } else {
            let before = told.count();
            while told.count() == before {
                assert!(killed.elapsed() < Duration::from_secs(60), "not back within a minute");
                sleep(Duration::from_millis(5)).await;
            }
        }
        slowest = slowest.max(killed.elapsed());
    }
    told.enough.store(true, Ordering::Relaxed);
    for writer in writers {
        writer.await.unwrap();
    }

    let acknowledged = told.sessions.lock().unwrap().clone();
    let hashes: Vec<Vec<u8>> = acknowledged
        .iter()
        .map(|secret| Sha256::digest(secret.as_bytes()).to_vec())
        .collect();
    let mut superuser = folder.superuser().await;
    #[expect(clippy::disallowed_methods, reason = "the test looks behind the program's back")]
    let row = sqlx::query(
        "select (select count(*) from session where token_hash = any($1)),
                (select count(*) from session),
                (select count(*) from audit_entry where action = 'signed_in'),
                (select count(*) from sign_in_link where used_at is not null),
                (select count(*) from audit_entry where action = 'link_used')",
    )
    .bind(&hashes)
    .fetch_one(&mut superuser)
    .await
    .unwrap();
    let [kept, sessions, entries, used, used_entries]: [i64; 5] = std::array::from_fn(|column| row.get(column));
    assert_eq!(
        kept,
        acknowledged.len() as i64,
        "an acknowledged write is lost or doubled"
    );
    assert_eq!(
        sessions, entries,
        "each session has one audit entry, and no entry is without one"
    );
    assert_eq!(used, used_entries, "each used link has one audit entry");
    assert!(sessions <= used && used <= kept + told.unsure.load(Ordering::Relaxed) as i64);
    let mut verify = metwatch(&folder.0, port);
    verify.arg("verify-audit");
    let verified = run(verify).await;
    assert!(verified.status.success(), "{}", words(&verified));
    serving.signal(Signal::SIGTERM);
    assert_eq!(serving.ended().await.code(), Some(0));
    println!(
        "{kills} kills, {} acknowledged writes, 0 lost, 0 doubled, {} left open; slowest return {slowest:.1?}",
        acknowledged.len(),
        told.unsure.load(Ordering::Relaxed)
    );
}
