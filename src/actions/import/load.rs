//! What an import holds while it reads: what is known, what the file has said, what it has written.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};

use chrono::NaiveDate;

use super::super::Result;
use super::Options;
use super::read::Line;
use crate::domain::id::{PatientRef, SiteId};
use crate::domain::import::{self, Bad, Fact, Fields, Header, Kind, Known, Table};
use crate::domain::problem::Problem;
use crate::store::import::{self as store, OnFile, Row};
use crate::store::{Work, assays, sites};

/// New facts in a file from which on the planner must hear of them.
const MANY: u64 = 300;

/// The identity of a fact within a file.
type Identity = (Table, Option<SiteId>, String);

pub struct Load<'a> {
    kind: Kind,
    /// The start of the file's digest: with the line it says where a row came from.
    file: String,
    options: &'a Options,
    known: Known,
    /// The latest day at the centres that rows may be of: none of them refuses what it calls today (S-093).
    today: NaiveDate,
    /// Each fact said so far: its line, and a digest of its values.
    said: HashMap<Identity, (u64, u64)>,
    touched: BTreeSet<PatientRef>,
    new_patients: Vec<(SiteId, String)>,
    rows_of_site: BTreeMap<SiteId, i32>,
    written: BTreeSet<Table>,
    clean: bool,
    pub rows: u64,
    pub added: u64,
    pub amended: u64,
    pub unchanged: u64,
}

impl<'a> Load<'a> {
    pub async fn new(work: &mut Work, kind: Kind, sha256: String, options: &'a Options) -> Result<Load<'a>> {
        let mut known = Known::default();
        let mut today = work.today();
        if kind.has_patients() {
            let held = sites::held(work).await?;
            today = held
                .iter()
                .map(|site| work.today_at(&site.time_zone))
                .max()
                .unwrap_or(today);
            known.sites = held.into_iter().map(|site| (site.code, site.id)).collect();
            known.trials = store::trials(work).await?;
            let assays = assays::all(work).await?.into_iter();
            known.assays = assays
                .map(|assay| {
                    (
                        (assay.code.clone(), assay.version.clone(), assay.analyte.clone()),
                        assay,
                    )
                })
                .collect();
        }
        Ok(Load {
            kind,
            file: sha256[..12].to_owned(),
            options,
            known,
            today,
            said: HashMap::new(),
            touched: BTreeSet::new(),
            new_patients: vec![],
            rows_of_site: BTreeMap::new(),
            written: BTreeSet::new(),
            clean: true,
            rows: 0,
            added: 0,
            amended: 0,
            unchanged: 0,
        })
    }

    /// Checks a piece of the file, and writes it if all was good so far.
    pub async fn piece(&mut self, work: &mut Work, header: &Header, lines: &[Line]) -> Result<Vec<Bad>> {
        self.rows += lines.len() as u64;
        self.know(work, header, lines).await?;
        let mut bad = vec![];
        let mut facts = vec![];
        for line in lines {
            match &line.cells {
                Ok(cells) => self.check(header, line.number, cells, &mut facts, &mut bad),
                Err(whole) => bad.push(Bad::clone(whole)),
            }
        }
        self.write(work, &facts, &mut bad).await?;
        self.clean = self.clean && bad.is_empty();
        bad.sort_by_key(|bad| bad.line);
        Ok(bad)
    }

    /// The patients that the piece names, and their visits where results refer to them.
    async fn know(&mut self, work: &mut Work, header: &Header, lines: &[Line]) -> Result<()> {
        if !self.kind.has_patients() {
            return Ok(());
        }
        let today = self.today;
        let mut keys: Vec<(SiteId, String)> = vec![];
        for cells in lines.iter().filter_map(|line| line.cells.as_ref().ok()) {
            let fields = Fields::new(0, header, cells, today);
            if let Some(site) = self.known.sites.get(fields.raw("site_code")) {
                keys.push((*site, fields.raw("patient_key").to_owned()));
            }
        }
        keys.sort_unstable();
        keys.dedup();
        for (site, _) in &keys {
            self.rows_of_site.entry(*site).or_default();
        }
        let persons = store::persons(work, &keys, today, self.kind == Kind::Events).await?;
        if self.kind == Kind::Observations {
            let patients: Vec<PatientRef> = persons.iter().map(|person| person.at).collect();
            self.known.visits = store::visits(work, &patients).await?;
        }
        self.known.patients = persons
            .into_iter()
            .map(|person| ((person.at.site, person.life.patient_key.clone()), person))
            .collect();
        if self.kind == Kind::Events {
            self.hear_of_ends(header, lines);
        }
        Ok(())
    }

    /// A death and a later contact contradict each other in whichever order the rows of a piece stand.
    fn hear_of_ends(&mut self, header: &Header, lines: &[Line]) {
        for cells in lines.iter().filter_map(|line| line.cells.as_ref().ok()) {
            let mut fields = Fields::new(0, header, cells, self.today);
            let Some(site) = self.known.sites.get(fields.raw("site_code")) else {
                continue;
            };
            let of = (*site, fields.raw("patient_key").to_owned());
            let (Some(person), Some(day)) = (self.known.patients.get_mut(&of), fields.date("occurred_on")) else {
                continue;
            };
            match fields.raw("kind") {
                "death" => person.life.died_on = Some(day),
                _ => person.seen_on = person.seen_on.max(Some(day)),
            }
        }
    }

    fn check(&mut self, header: &Header, line: u64, cells: &[String], facts: &mut Vec<Fact>, bad: &mut Vec<Bad>) {
        let mut fields = Fields::new(line, header, cells, self.today).confirmed(self.options.confirm.as_deref());
        for fact in import::check(self.kind, &mut fields, &self.known) {
            let mut hasher = DefaultHasher::new();
            fact.values.to_string().hash(&mut hasher);
            let values = hasher.finish();
            let identity = (fact.table, fact.site, fact.natural_key.clone());
            match self.said.get(&identity) {
                // A patient's or trial's own values stand on each row of theirs: the same again says nothing new.
                Some((_, before)) if *before == values && repeats(fact.table) => {}
                Some((before, _)) => fields.refuse("", Problem::said_before(*before)),
                None => {
                    self.said.insert(identity, (line, values));
                    if let Some(rows) = fact.site.and_then(|site| self.rows_of_site.get_mut(&site)) {
                        *rows += 1;
                    }
                    facts.push(fact);
                }
            }
        }
        bad.extend(fields.into_bad());
    }

    /// Table by table: what is on file is left, refused or amended; what is new is added.
    async fn write(&mut self, work: &mut Work, facts: &[Fact], bad: &mut Vec<Bad>) -> Result<()> {
        let mut tables: BTreeMap<Table, Vec<&Fact>> = BTreeMap::new();
        for fact in facts {
            tables.entry(fact.table).or_default().push(fact);
        }
        for (table, facts) in tables {
            let rows: Vec<Row> = facts.iter().map(|fact| Row::of(fact, &self.file, None)).collect();
            let on_file: HashMap<u64, OnFile> = store::on_file(work, table, &rows)
                .await?
                .into_iter()
                .map(|found| (found.line, found))
                .collect();
            let mut to_write = vec![];
            for fact in &facts {
                match on_file.get(&fact.line) {
                    None => {
                        self.added += 1;
                        to_write.push(Row::of(fact, &self.file, None));
                    }
                    Some(found) if !found.other_patient && found.differences.is_none() => self.unchanged += 1,
                    Some(found) if !found.other_patient && self.may_amend(table) => {
                        self.amended += 1;
                        to_write.push(Row::of(fact, &self.file, Some(found.id)));
                    }
                    Some(found) => bad.push(differs(fact, found)),
                }
            }
            // Once a row is bad nothing will stay: the rest of the file is only checked.
            if self.clean && bad.is_empty() {
                self.touch(&facts);
                if !to_write.is_empty() {
                    self.written.insert(table);
                }
                store::write(work, table, &to_write, self.options.amend.as_deref()).await?;
            }
        }
        Ok(())
    }

    fn may_amend(&self, table: Table) -> bool {
        self.options.amend.is_some() && table != Table::Assay
    }

    fn touch(&mut self, facts: &[&Fact]) {
        for fact in facts {
            match (fact.site, fact.patient) {
                (Some(site), Some(patient)) => {
                    self.touched.insert(PatientRef { site, patient });
                }
                (Some(site), None) if fact.table == Table::Patient => {
                    self.new_patients.push((site, fact.natural_key.clone()));
                }
                _ => {}
            }
        }
    }

    /// Keeps the triage rows current in the same transaction, and notes the file.
    pub async fn finish(&mut self, work: &mut Work, sha256: &[u8]) -> Result<()> {
        for table in self.written.iter().filter(|_| self.added > MANY) {
            store::take_stock(work, *table).await?;
        }
        let keys: Vec<(SiteId, &str)> = self
            .new_patients
            .iter()
            .map(|(site, key)| (*site, key.as_str()))
            .collect();
        self.touched.extend(store::refs(work, &keys).await?);
        super::super::triage_row::refresh(work, &self.touched).await?;
        let rows: Vec<(SiteId, i32)> = self.rows_of_site.iter().map(|(site, rows)| (*site, *rows)).collect();
        if !rows.is_empty() {
            store::note_file(work, self.kind.code(), sha256, &rows).await?;
        }
        Ok(())
    }
}

/// Facts that several rows of a file may state.
fn repeats(table: Table) -> bool {
    matches!(table, Table::Patient | Table::Trial)
}

/// Says which columns differ, and how.
fn differs(fact: &Fact, found: &OnFile) -> Bad {
    let shown = |value: Option<&serde_json::Value>| match value {
        None | Some(serde_json::Value::Null) => "nothing".to_owned(),
        Some(serde_json::Value::String(text)) => text.chars().take(40).collect(),
        Some(value) => value.to_string().chars().take(40).collect(),
    };
    let mut differences: Vec<String> = vec![];
    if found.other_patient {
        differences.push("it belongs to another patient".into());
    }
    if let Some(serde_json::Value::Object(columns)) = &found.differences {
        for (column, pair) in columns {
            differences.push(format!(
                "{column}: {} on file, {} here",
                shown(pair.get(0)),
                shown(pair.get(1))
            ));
        }
    }
    Bad {
        line: fact.line,
        value: fact.natural_key.clone(),
        problem: Problem::on_file_differs(&differences.join("; ")),
    }
}
