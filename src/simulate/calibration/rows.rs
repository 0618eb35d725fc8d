//! The table: each figure with its source. Rows whose figure nobody has read in the paper yet show none.

use super::{Calibration, Row, Share};

impl Calibration {
    /// Published against simulated, in the order of the published figures; a figure that no patient could show is left out.
    pub fn rows(&self) -> Vec<Row> {
        let mut rows = self.cells();
        rows.extend(self.hazards());
        rows.extend(self.organs());
        rows.extend(self.molecules());
        rows.retain(|row| row.of > 0 && row.simulated.is_some());
        rows
    }

    fn cells(&self) -> Vec<Row> {
        vec![
            share(
                "DTC >= 1 at diagnosis, breast",
                "27.3 to 30.6 %",
                "Braun 2005; Hartkopf (PADDY) 2021",
                (22.0, 36.0),
                self.marrow,
            ),
            share(
                "CTC >= 1 at diagnosis, breast",
                "20.2 to 25.2 %",
                "Janni 2016; Bidard 2018",
                (14.0, 30.0),
                self.blood,
            ),
            share(
                "CTC >= 1 about 5 years on, no relapse",
                "4.8 %",
                "Sparano 2018",
                (2.0, 9.0),
                self.late_blood,
            ),
            share(
                "CTC >= 5 at first distant relapse, breast",
                "49 to 52 % (metastatic)",
                "Cristofanilli 2004, 2005",
                (35.0, 65.0),
                self.many_cells,
            ),
            share(
                "CA15-3 > 30 U/mL at first distant relapse",
                "not checked",
                "(Dawson 2013, metastatic)",
                (20.0, 85.0),
                self.markers,
            ),
        ]
    }

    fn hazards(&self) -> Vec<Row> {
        let n = self.times.len();
        let ratio = |years: std::ops::Range<usize>| {
            let negative = self.negative.hazard(years.clone()).filter(|h| *h > 0.0)?;
            Some(self.positive.hazard(years)? / negative)
        };
        let row = |figure, published, source, band, unit, simulated| Row {
            figure,
            published,
            source,
            band,
            unit,
            simulated,
            of: n,
        };
        let within = self.breast.incidence(10).map(|share| 100.0 * share);
        let mut times = self.times.clone();
        vec![
            row(
                "year of the highest hazard, breast",
                "2",
                "Geurts 2017",
                (2.0, 3.0),
                "",
                self.breast.peak(),
            ),
            row(
                "distant relapse within 10 years, breast",
                "14.4 %",
                "Geurts 2017",
                (11.0, 24.0),
                "%",
                within,
            ),
            row(
                "months to distant relapse, median",
                "30",
                "Savci-Heijink 2015",
                (20.0, 40.0),
                "",
                median(&mut times),
            ),
            share(
                "relapses within 5 years",
                "75.8 %",
                "Savci-Heijink 2015",
                (62.0, 88.0),
                self.by_five,
            ),
            row(
                "hazard HR+ / TNBC, years 1 to 3",
                "0.86 (ER+/ER-, 0-5 y)",
                "Colleoni 2016",
                (0.2, 0.95),
                "",
                ratio(0..3),
            ),
            row(
                "hazard HR+ / TNBC, years 6 to 10",
                "1.6 (ER+/ER-, 5-10 y)",
                "Colleoni 2016",
                (1.05, 8.0),
                "",
                ratio(5..10),
            ),
        ]
    }

    fn organs(&self) -> Vec<Row> {
        let [bone, liver, lung, brain, _] = self.sites;
        let first = "first-site series, Iran J Med Sci 47718";
        vec![
            share("bone first, breast", "36.6 %", first, (30.0, 52.0), bone),
            share("liver first", "15.6 %", first, (11.0, 27.0), liver),
            share("lung first", "17.4 %", first, (11.0, 25.0), lung),
            share("brain first", "10.5 %", first, (5.0, 18.0), brain),
            share(
                "brain, HR+",
                "10.1 to 15.1 % (any time)",
                "PMC5040895",
                (2.0, 13.0),
                self.brain[0],
            ),
            share(
                "brain, TNBC",
                "23.1 % (any time)",
                "PMC5040895",
                (10.0, 33.0),
                self.brain[1],
            ),
        ]
    }

    fn molecules(&self) -> Vec<Row> {
        let mut leads = self.leads.clone();
        let lead = Row {
            figure: "lead of ctDNA over the relapse, months, median",
            published: "8.9 to 10.5",
            source: "Coombes 2019; Shaw 2024",
            band: (6.0, 14.0),
            unit: "",
            of: leads.len(),
            simulated: median(&mut leads),
        };
        vec![
            share(
                "relapses with ctDNA ahead, tumour-informed, breast",
                "88.2 to 89 %",
                "Coombes 2019; Shaw 2024",
                (76.0, 95.0),
                self.ahead,
            ),
            lead,
            share(
                "relapses with ctDNA ahead, brain alone",
                "less often",
                "Garcia-Murillas 2019",
                (0.0, 75.0),
                self.brain_ahead,
            ),
            share(
                "ever positive without relapse, tumour-informed",
                "0 of 31; 4.1 %",
                "Coombes 2019; Shaw 2024",
                (1.0, 16.0),
                self.ever,
            ),
            share(
                "ctDNA within 120 days, lung",
                "25 %",
                "Abbosh 2023",
                (9.0, 35.0),
                self.lung_all,
            ),
            share(
                "the same, of those who relapse",
                "49 %",
                "Abbosh 2023",
                (25.0, 60.0),
                self.lung_relapsers,
            ),
        ]
    }
}

fn share(figure: &'static str, published: &'static str, source: &'static str, band: (f64, f64), share: Share) -> Row {
    Row {
        figure,
        published,
        source,
        band,
        unit: "%",
        simulated: (share.of > 0).then(|| 100.0 * share.yes as f64 / share.of as f64),
        of: share.of,
    }
}

fn median(values: &mut [f64]) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}
