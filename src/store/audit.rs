//! The audit trail as it is read: a record's history, and the check of every chain (S-053).

use chrono::{DateTime, Utc};
use futures::TryStreamExt;
use sha2::{Digest, Sha256};

use super::{Db, Result, Work};
use crate::domain::id::PatientRef;

/// One entry of a record's history. `changes` maps a column to `[old, new]`.
#[derive(Clone, Debug)]
pub struct Change {
    pub at: DateTime<Utc>,
    pub actor_name: String,
    pub role: String,
    pub action: String,
    pub table_name: String,
    pub record_id: i64,
    pub changes: serde_json::Value,
    pub reason: Option<String>,
}

/// What was done to a patient's record, newest first, page views left out.
/// For a reader who is blinded, entries of enrolments leave out the arm, those of a blinded trial's drug its name, and both the row of the
/// file that named it (S-036).
pub async fn of_patient(work: &mut Work, patient: PatientRef, limit: i64) -> Result<Vec<Change>> {
    let unblinded = work.actor().unblinded;
    let changes = sqlx::query_as!(
        Change,
        "select at, actor_name, role, action, table_name, record_id, reason,
           case
             when table_name = 'enrolment' and not $4 then changes - 'arm_code' - 'source_row'
             when table_name = 'treatment' and not $4 and coalesce(changes #>> '{category,1}', 'trial_drug') = 'trial_drug' and exists (
               select from enrolment e
               join trial t on t.id = e.trial_id
               where e.site_id = $1
                 and e.patient_id = $2
                 and t.blinded
             ) then changes - 'agent' - 'source_row'
             else changes
           end as \"changes!\"
         from audit_entry
         where site_id = $1
           and subject = $2
           and action <> 'viewed'
         order by seq desc
         limit $3",
        patient.site.0,
        patient.patient.0,
        limit,
        unblinded,
    )
    .fetch_all(work.connection())
    .await?;
    Ok(changes)
}

/// Sign-ins that failed and requests that were refused since then.
pub async fn turned_away(work: &mut Work, since: DateTime<Utc>) -> Result<(i64, i64)> {
    let row = sqlx::query!(
        "select count(*) filter (where action = 'sign_in_failed') as \"failed!\", count(*) filter (where action = 'refused') as \"refused!\"
         from audit_entry
         where site_id = 0
           and action in ('sign_in_failed', 'refused')
           and at > $1",
        since,
    )
    .fetch_one(work.connection())
    .await?;
    Ok((row.failed, row.refused))
}

/// The last acts on users, settings and runs that an administrator may see. What was looked at, and who came or was turned away at a
/// door, is left out: there is so much of it, from strangers too, that it would push the acts off any list.
pub async fn latest(work: &mut Work, limit: i64) -> Result<Vec<Change>> {
    let changes = sqlx::query_as!(
        Change,
        "select at, actor_name, role, action, table_name, record_id, changes, reason
         from audit_entry
         where site_id = 0
           and action not in ('viewed', 'cohort_viewed', 'searched', 'signed_in', 'signed_out', 'sign_in_failed', 'link_used', 'refused')
         order by at desc
         limit $1",
        limit,
    )
    .fetch_all(work.connection())
    .await?;
    Ok(changes)
}

/// A chain's head: how long it is and the hash that stands for all of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Head {
    pub site_id: i32,
    pub subject: i64,
    pub seq: i64,
    pub hash: Vec<u8>,
}

/// The first thing that is wrong with a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    pub site_id: i32,
    pub subject: i64,
    pub seq: i64,
    pub what: &'static str,
}

#[derive(Clone, Debug, Default)]
pub struct Verified {
    pub entries: i64,
    pub heads: Vec<Head>,
    pub broken: Vec<Broken>,
}

/// Recomputes every chain from its first entry, one ordered stream over the table in one snapshot. Finds a changed value, a
/// removed, added or moved entry, and a chain that ends before or after its head; a tail removed together with its head is
/// found by the anchors (`actions::audit`).
pub async fn verify(db: &Db) -> Result<Verified> {
    let mut tx = db
        .job_pool()
        .begin_with("begin isolation level repeatable read read only")
        .await?;
    sqlx::query_scalar!("select set_config('statement_timeout', '1h', true)")
        .fetch_one(&mut *tx)
        .await?;
    let heads = sqlx::query_as!(
        Head,
        "select site_id, subject, seq, hash from audit_head order by site_id, subject"
    )
    .fetch_all(&mut *tx)
    .await?;
    let mut found = Verified {
        entries: 0,
        heads: heads.clone(),
        broken: vec![],
    };
    let mut rows = sqlx::query!(
        "select site_id, subject, seq, hash, app.audit_bytes(e) as \"bytes!\",
           not exists (
             select from jsonb_each(e.changes) c
             full join jsonb_each(e.digests) d on d.key = c.key
             where app.digest(c.value -> 0) is distinct from d.value ->> 0
                or app.digest(c.value -> 1) is distinct from d.value ->> 1
           ) as \"values_hold!\"
         from audit_entry e
         order by site_id, subject, seq",
    )
    .fetch(&mut *tx);

    let mut expected = heads.iter().peekable();
    let mut last = Head {
        site_id: -1,
        subject: 0,
        seq: 0,
        hash: vec![],
    };
    while let Some(row) = rows.try_next().await? {
        found.entries += 1;
        if (row.site_id, row.subject) != (last.site_id, last.subject) {
            close(&last, &mut expected, &mut found.broken);
            last = Head {
                site_id: row.site_id,
                subject: row.subject,
                seq: 0,
                hash: vec![0],
            };
        }
        let mut bytes = last.hash.clone();
        bytes.extend_from_slice(&row.bytes);
        let what = if row.seq != last.seq + 1 {
            Some("an entry is missing or was moved before this one")
        } else if Sha256::digest(&bytes).as_slice() != row.hash {
            Some("this entry was changed, added or moved")
        } else if !row.values_hold {
            Some("a value in this entry was changed")
        } else {
            None
        };
        if let Some(what) = what {
            found.broken.push(Broken {
                site_id: row.site_id,
                subject: row.subject,
                seq: row.seq,
                what,
            });
        }
        last.seq = row.seq;
        last.hash = row.hash;
    }
    close(&last, &mut expected, &mut found.broken);
    for head in expected {
        found.broken.push(Broken {
            site_id: head.site_id,
            subject: head.subject,
            seq: 0,
            what: "the whole chain was removed",
        });
    }
    Ok(found)
}

/// Compares the end of a chain with its head; heads that were passed over have lost their chain.
fn close<'h>(last: &Head, heads: &mut std::iter::Peekable<impl Iterator<Item = &'h Head>>, broken: &mut Vec<Broken>) {
    if last.site_id < 0 {
        return;
    }
    let chain = (last.site_id, last.subject);
    while let Some(head) = heads.next_if(|head| (head.site_id, head.subject) <= chain) {
        if (head.site_id, head.subject) < chain {
            broken.push(Broken {
                site_id: head.site_id,
                subject: head.subject,
                seq: 0,
                what: "the whole chain was removed",
            });
        } else if (head.seq, &head.hash) != (last.seq, &last.hash) {
            broken.push(Broken {
                site_id: last.site_id,
                subject: last.subject,
                seq: last.seq,
                what: "the chain does not end at its head",
            });
            return;
        } else {
            return;
        }
    }
    broken.push(Broken {
        site_id: last.site_id,
        subject: last.subject,
        seq: last.seq,
        what: "the chain has no head",
    });
}

/// The heads of all chains.
pub async fn heads(db: &Db) -> Result<Vec<Head>> {
    let heads = sqlx::query_as!(
        Head,
        "select site_id, subject, seq, hash from audit_head order by site_id, subject"
    )
    .fetch_all(db.job_pool())
    .await?;
    Ok(heads)
}

/// Of these former heads, those whose entry has another hash now: the chain was rewritten.
pub async fn differing(db: &Db, former: &[Head]) -> Result<Vec<Broken>> {
    let sites: Vec<i32> = former.iter().map(|head| head.site_id).collect();
    let subjects: Vec<i64> = former.iter().map(|head| head.subject).collect();
    let seqs: Vec<i64> = former.iter().map(|head| head.seq).collect();
    let hashes: Vec<Vec<u8>> = former.iter().map(|head| head.hash.clone()).collect();
    let rows = sqlx::query!(
        "select f.site_id as \"site_id!\", f.subject as \"subject!\", f.seq as \"seq!\"
         from unnest($1::int[], $2::bigint[], $3::bigint[], $4::bytea[]) as f (site_id, subject, seq, hash)
         left join audit_entry e on e.site_id = f.site_id and e.subject = f.subject and e.seq = f.seq
         where e.hash is distinct from f.hash
           and f.seq > 0",
        &sites,
        &subjects,
        &seqs,
        &hashes,
    )
    .fetch_all(db.job_pool())
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Broken {
            site_id: row.site_id,
            subject: row.subject,
            seq: row.seq,
            what: "the chain was rewritten since it was anchored",
        })
        .collect())
}
