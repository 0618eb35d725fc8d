//! The folders are the architecture: a module may name only the modules that `docs/architecture.md` allows it. A reader of
//! text, not a proof: it sees paths that begin with `crate::`, so inside `src/` we write those.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Module, what it may name of ours, and the outside crates that may live there and nowhere else.
const TABLE: &[(&str, &[&str], &[&str])] = &[
    ("domain", &[], &[]),
    ("burden", &["domain", "survival"], &["linfa"]),
    ("survival", &[], &["linfa", "linfa_logistic"]),
    ("risk", &["domain", "burden", "survival"], &["linfa"]),
    ("study", &["domain", "burden", "survival", "risk"], &[]),
    ("simulate", &[], &[]),
    ("store", &["domain", "config"], &["sqlx"]),
    ("export", &["domain", "survival"], &[]),
    (
        "actions",
        &["domain", "burden", "survival", "risk", "store", "export", "app"],
        &[],
    ),
    (
        "web",
        &["domain", "actions", "app"],
        &["axum", "axum_extra", "tower_http", "askama", "askama_web"],
    ),
    ("app", &["config", "clock", "store"], &[]),
    ("clock", &[], &[]),
    ("config", &[], &[]),
    (
        "cli",
        &[
            "config", "app", "clock", "domain", "burden", "survival", "risk", "study", "simulate", "actions", "store",
            "web",
        ],
        &["clap", "indicatif", "linfa", "askama"],
    ),
    (
        "main",
        &["config", "app", "clock", "actions", "store", "web", "cli"],
        &[],
    ),
    ("lib", &[], &[]),
];

/// Crates that are at home in the rows above; any other module that names one breaks an arrow.
const HOUSED: &[&str] = &[
    "sqlx",
    "axum",
    "axum_extra",
    "tower_http",
    "askama",
    "askama_web",
    "linfa",
    "linfa_logistic",
];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
}

/// The top module of a file: `store` for both `store/work.rs` and `store.rs`.
fn module_of(path: &Path, root: &Path) -> String {
    let first = path
        .strip_prefix(root)
        .unwrap()
        .components()
        .next()
        .unwrap()
        .as_os_str()
        .to_string_lossy()
        .into_owned();
    first.trim_end_matches(".rs").to_owned()
}

/// Every name that follows `prefix` in the code; comments, and what follows a quote, are passed over.
fn named_after<'t>(text: &'t str, prefix: &str) -> BTreeSet<&'t str> {
    text.lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .map(|line| line.split('"').next().unwrap_or(line))
        .flat_map(|line| {
            line.match_indices(prefix)
                .map(move |(at, _)| &line[at + prefix.len()..])
        })
        .filter_map(|rest| rest.split(|c: char| !c.is_alphanumeric() && c != '_').next())
        .filter(|name| !name.is_empty())
        .collect()
}

fn breaches(module: &str, text: &str) -> Vec<String> {
    let Some((_, may, houses)) = TABLE.iter().find(|(name, ..)| *name == module) else {
        return vec![format!("{module} has no row in the table")];
    };
    let modules: BTreeSet<&str> = TABLE.iter().map(|(name, ..)| *name).collect();
    let ours = named_after(text, "crate::");
    let mut found: Vec<String> = ours
        .into_iter()
        .filter(|name| modules.contains(name) && *name != module && !may.contains(name))
        .map(|name| format!("{module} names {name}"))
        .collect();
    for housed in HOUSED {
        let used = !named_after(text, &format!("{housed}::")).is_empty();
        if used && !houses.contains(housed) {
            found.push(format!("{module} uses the crate {housed}"));
        }
    }
    found
}

#[test]
fn every_arrow_goes_the_allowed_way() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = vec![];
    sources(&root, &mut files);
    assert!(files.len() > 20, "the sources were found");
    let mut wrong: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for file in files {
        let breaches = breaches(&module_of(&file, &root), &fs::read_to_string(&file).unwrap());
        if !breaches.is_empty() {
            wrong.insert(file.strip_prefix(&root).unwrap().display().to_string(), breaches);
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_reader_sees_a_breach() {
    assert_eq!(breaches("web", "use crate::store::Db;"), ["web names store"]);
    assert_eq!(
        breaches("domain", "fn f(pool: sqlx::PgPool) {}"),
        ["domain uses the crate sqlx"]
    );
    assert_eq!(breaches("helpers", ""), ["helpers has no row in the table"]);
    assert!(breaches("actions", "// like crate::web::Error\nuse crate::store::Work;").is_empty());
}
