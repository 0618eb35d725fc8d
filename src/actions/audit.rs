//! The check of the audit trail, and the anchors that make a removed tail show (S-052, S-053).
//!
//! An anchor is one line a night in a file outside the database: the number of chains and entries, a Merkle root over all
//! chain heads, and an HMAC-SHA-256 of the line under a key that the database never sees. The heads themselves are written
//! beside it, so that a later check can say which chain was cut.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Error, Result};
use crate::app::App;
use crate::store::audit::{Broken, Head, Verified};
use crate::store::{self};

#[derive(Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
struct Anchor {
    at: String,
    chains: usize,
    root: String,
    /// `[centre, chain, length, hash]`
    heads: Vec<(i32, i64, i64, String)>,
    mac: String,
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Pairs of hashes are hashed until one is left; an odd one is carried up.
fn merkle_root(heads: &[Head]) -> String {
    let leaf = |head: &Head| {
        Sha256::digest(format!(
            "{}|{}|{}|{}",
            head.site_id,
            head.subject,
            head.seq,
            hex(&head.hash)
        ))
        .to_vec()
    };
    let mut level: Vec<Vec<u8>> = heads.iter().map(leaf).collect();
    while level.len() > 1 {
        level = level
            .chunks(2)
            .map(|pair| {
                if pair.len() == 1 {
                    pair[0].clone()
                } else {
                    Sha256::digest(pair.concat()).to_vec()
                }
            })
            .collect();
    }
    level.pop().map_or_else(String::new, |root| hex(&root))
}

fn mac(key: &[u8], at: &str, chains: usize, root: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    mac.update(format!("{at}|{chains}|{root}").as_bytes());
    hex(&mac.finalize().into_bytes())
}

fn folder(data: &Path) -> PathBuf {
    data.join("audit")
}

/// The key beside the database, made at first need, readable by its owner alone.
fn key(data: &Path) -> Result<Vec<u8>> {
    use std::os::unix::fs::OpenOptionsExt;
    let path = folder(data).join("anchor.key");
    if let Ok(key) = fs::read(&path) {
        return Ok(key);
    }
    fs::create_dir_all(folder(data)).map_err(Error::internal)?;
    let key = super::sign_in::secret()?.into_bytes();
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o400)
        .open(&path)
        .map_err(Error::internal)?;
    file.write_all(&key).map_err(Error::internal)?;
    Ok(key)
}

/// Writes tonight's anchor. Called by the night once its run is published.
pub async fn anchor(app: &App) -> Result<()> {
    let heads = store::audit::heads(&app.db).await?;
    let key = key(&app.config.data)?;
    let at = app.clock.now().to_rfc3339();
    let root = merkle_root(&heads);
    let anchor = Anchor {
        mac: mac(&key, &at, heads.len(), &root),
        chains: heads.len(),
        heads: heads
            .iter()
            .map(|h| (h.site_id, h.subject, h.seq, hex(&h.hash)))
            .collect(),
        at,
        root,
    };
    let line = serde_json::to_string(&anchor).map_err(Error::internal)?;
    let path = folder(&app.config.data).join("anchors.jsonl");
    let mut file = fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .map_err(Error::internal)?;
    writeln!(file, "{line}")
        .and_then(|()| file.sync_all())
        .map_err(Error::internal)?;
    tracing::info!(chains = anchor.chains, root = anchor.root, "audit anchored");
    Ok(())
}

pub struct Report {
    pub entries: i64,
    pub chains: usize,
    pub anchors: usize,
    pub broken: Vec<Broken>,
}

/// Recomputes all chains and holds them against every anchor: a chain that was rewritten before the last one was made agrees
/// with that one.
pub async fn verify(app: &App) -> Result<Report> {
    let Verified {
        entries,
        heads,
        mut broken,
    } = store::audit::verify(&app.db).await?;
    let path = folder(&app.config.data).join("anchors.jsonl");
    let text = fs::read_to_string(path).unwrap_or_default();
    let anchors: Vec<&str> = text.lines().collect();
    if !anchors.is_empty() {
        let key = key(&app.config.data)?;
        let anchored = anchored(&anchors, &key, &mut broken);
        against_anchors(anchored, &app.db, &heads, &mut broken).await?;
    }
    broken.sort_by_key(|b| (b.site_id, b.subject, b.seq));
    broken.dedup();
    Ok(Report {
        entries,
        chains: heads.len(),
        anchors: anchors.len(),
        broken,
    })
}

/// The heads that the anchors name, each once: from night to night most chains have not grown. An anchor that can't be read or
/// was changed is told and left out.
fn anchored(lines: &[&str], key: &[u8], broken: &mut Vec<Broken>) -> Vec<Head> {
    let mut seen = HashSet::new();
    let mut anchored = vec![];
    for line in lines {
        let what = match serde_json::from_str::<Anchor>(line) {
            Err(_) => "an anchor can't be read",
            Ok(anchor) => {
                let heads: Vec<Head> = anchor
                    .heads
                    .iter()
                    .map(|(site_id, subject, seq, hash)| Head {
                        site_id: *site_id,
                        subject: *subject,
                        seq: *seq,
                        hash: unhex(hash),
                    })
                    .collect();
                if mac(key, &anchor.at, anchor.chains, &anchor.root) == anchor.mac && merkle_root(&heads) == anchor.root
                {
                    anchored.extend(heads.into_iter().filter(|head| seen.insert(head.clone())));
                    continue;
                }
                "an anchor was changed"
            }
        };
        broken.push(Broken {
            site_id: 0,
            subject: 0,
            seq: 0,
            what,
        });
    }
    anchored
}

async fn against_anchors(anchored: Vec<Head>, db: &store::Db, heads: &[Head], broken: &mut Vec<Broken>) -> Result<()> {
    let now: HashMap<(i32, i64), &Head> = heads.iter().map(|head| ((head.site_id, head.subject), head)).collect();
    let mut grown = vec![];
    for then in anchored {
        match now.get(&(then.site_id, then.subject)) {
            None => broken.push(Broken {
                site_id: then.site_id,
                subject: then.subject,
                seq: then.seq,
                what: "the whole chain was removed",
            }),
            Some(head) if head.seq < then.seq => {
                broken.push(Broken {
                    site_id: then.site_id,
                    subject: then.subject,
                    seq: head.seq,
                    what: "the chain was cut after this entry",
                });
            }
            Some(_) => grown.push(then),
        }
    }
    broken.extend(store::audit::differing(db, &grown).await?);
    Ok(())
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len() / 2)
        .filter_map(|i| u8::from_str_radix(text.get(2 * i..2 * i + 2)?, 16).ok())
        .collect()
}
