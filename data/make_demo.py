#!/usr/bin/env python3
"""Makes data/demo/*.csv, in the layout of `metwatch import`, from the public data in data/source/.

Python 3 standard library only; the same input gives the same bytes. What the sources do not state and this script
arranges (centres, calendar dates) is listed in data/README.md. Run from anywhere: python3 data/make_demo.py
"""
import csv
import hashlib
from collections import defaultdict
from datetime import date, timedelta
from pathlib import Path

HERE = Path(__file__).resolve().parent
LAST_DAY = date(2026, 11, 15)  # no fact of the demonstration lies after this day
ROTTERDAM_YEARS = 24  # the same shift for every woman; 25 would put follow-up beyond LAST_DAY
MONTH_DAYS = 365.25 / 12

COLUMNS = {
    "sites": "site_code name time_zone arrangement",
    "trials": "trial_code title blinded arm_code arm_title",
    "assays": "assay_code version measure analyte platform lab specimen_type unit lod loq lob range_high "
              "volume_required_ml max_age_h positivity_rule source_document loinc",
    "patients": "site_code patient_key birth_year birth_month sex menopausal_status registry_consent_on trial_code "
                "arm_code enrolled_on reported_on",
    "tumours": "site_code patient_key tumour_no diagnosed_on date_precision organ subtype laterality grade size_mm "
               "size_band nodes_positive nodes_examined er_fmol pgr_fmol her2 metastatic_at_entry stage_prefix stage_t "
               "stage_n stage_n_suffix stage_m stage_group stage_edition staged_on reported_on",
    "treatments": "site_code patient_key category agent procedure margin phase intent started_on date_precision "
                  "stopped_on reported_on",
    "visits": "site_code patient_key visit_code occurred_on ecog note reported_on",
    "observations": "site_code patient_key visit_code collected_on collected_time specimen_type draw_site assay_code "
                    "assay_version analyte result unit lod volume_ml cells_screened_million variants_tracked "
                    "variants_detected cfdna_ng plasma_ml call change_percent status lab accession comment reported_on",
    "events": "site_code patient_key kind relapse_kind organs detected_by cause last_clear_on occurred_on reported_on",
}
ROWS = {name: [] for name in COLUMNS}

CENTRES = ["ROT-N", "ROT-E", "ROT-S", "ROT-W"]
QUARTER = {"N": "North", "E": "East", "S": "South", "W": "West"}
COHORTS = {  # INSPIRE: cohort -> title, organ, subtype
    "A": ("Squamous cell carcinoma of the head and neck", "head_neck", "squamous cell"),
    "B": ("Triple-negative breast cancer", "breast", "triple negative"),
    "C": ("High-grade serous ovarian cancer", "ovary", "high-grade serous"),
    "D": ("Malignant melanoma", "skin", "melanoma"),
    "E": ("Mixed solid tumours", "other", "mixed solid tumours"),
}
CLASS_NOTE = ("The source gives one class for the whole course and repeats it at every visit; this is that class, "
              "not a reading of this sample.")


def put(table, **cells):
    """One row; a column that the layout does not have is a mistake here."""
    columns = COLUMNS[table].split()
    unknown = set(cells) - set(columns)
    assert not unknown, f"{table}: {unknown}"
    ROWS[table].append([("" if cells.get(c) is None else str(cells[c])) for c in columns])


def source(name):
    with open(HERE / "source" / name, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def draw(text, below):
    """A number in 0..below that depends on `text` alone: stable, and blind to what happened to the patient."""
    return int.from_bytes(hashlib.sha256(("metwatch demonstration " + text).encode()).digest()[:8], "big") % below


def number(value, places=4):
    text = f"{value:.{places}f}".rstrip("0").rstrip(".")
    return text or "0"


def whole_days(years):
    """Days of a time in years. The source keeps days / 365.25 in single precision; two metastases lie half a day
    before the recurrence day of the sister file and 13 exits a day (and 0.015) after it: both become whole days."""
    if years == "":
        return None
    days = float(years) * 365.25
    nearest = round(days)
    if abs(days - nearest) < 0.02:
        return nearest
    assert abs(days - int(days) - 0.5) < 0.001, days
    return int(days) + 1


def rotterdam():
    for code in CENTRES:
        put("sites", site_code=code, name=f"Rotterdam {QUARTER[code[-1]]}, demonstration centre",
            time_zone="Europe/Amsterdam",
            arrangement="An arrangement for demonstration: the 2,982 women of the public Rotterdam breast cancer cohort "
                        "came from one tumour bank and are dealt over four centres by their study number (modulo 4). "
                        "The source gives the year of surgery only: all years are moved on by 24, and the day within the "
                        "year is arranged. Intervals between surgery, relapse, death and last contact are the source's.")
    base = {row["pid"]: row for row in source("rotterdam_breast.csv")}
    outcomes = source("brca_metastasis.csv")
    assert {row["pid"] for row in outcomes} == set(base) and len(outcomes) == 2982
    seen = []
    for out in sorted(outcomes, key=lambda row: int(row["pid"])):
        row = base[out["pid"]]
        for here, there in [("age", "age"), ("year", "year"), ("meno", "meno"), ("nodes", "nodes"), ("er", "er"),
                            ("pgr", "pr"), ("hormon", "hormon"), ("chemo", "chemo")]:
            assert float(row[here]) == float(out[there]), (out["pid"], here)
        assert (out["size_20_50"], out["size_gt50"]) == {"<=20": ("0", "0"), "20-50": ("1", "0"), ">50": ("0", "1")}[row["size"]]
        assert out["grade3"] == str(int(row["grade"] == "3"))
        seen.append((out, one_woman(row, out)))
    check_rotterdam(seen)


def one_woman(row, out):
    pid = int(row["pid"])
    site = CENTRES[pid % 4]
    key = f"ROT{site[-1]}-{pid:04d}"
    year = int(row["year"]) + ROTTERDAM_YEARS
    surgery = date(year, 1, 1) + timedelta(days=draw(f"rotterdam {pid}", 365))
    who = {"site_code": site, "patient_key": key}
    put("patients", **who, birth_year=year - int(row["age"]), sex="F",
        menopausal_status="post" if row["meno"] == "1" else "pre", reported_on=surgery)
    put("tumours", **who, tumour_no=1, diagnosed_on=surgery, date_precision="year", organ="breast", grade=row["grade"],
        size_band=row["size"], nodes_positive=row["nodes"], er_fmol=row["er"], pgr_fmol=row["pgr"],
        metastatic_at_entry="no", reported_on=surgery)
    put("treatments", **who, category="surgery", procedure="Primary surgery of the breast", started_on=surgery,
        date_precision="day", reported_on=surgery)
    for column, category in [("chemo", "chemotherapy"), ("hormon", "endocrine")]:
        if row[column] == "1":
            put("treatments", **who, category=category, phase="adjuvant", started_on=surgery, date_precision="year",
                reported_on=surgery)

    relapse, distant, death, leave = (whole_days(out[c]) for c in ("t_relapse", "t_metastasis", "t_death", "t_exit"))
    events = []
    if relapse is not None:
        assert distant is None or relapse < distant
        events.append((relapse, {"kind": "relapse", "relapse_kind": "local", "organs": "not_stated", "detected_by": "not_stated"}))
    if distant is not None:
        assert distant <= leave
        events.append((distant, {"kind": "relapse", "relapse_kind": "distant", "organs": "not_stated", "detected_by": "not_stated"}))
    if out["dead"] == "1":
        assert death == leave
        events.append((leave, {"kind": "death", "cause": "unknown"}))
    else:
        assert death is None
        events.append((leave, {"kind": "last_contact"}))
    for days, what in events:
        day = surgery + timedelta(days=days)
        assert surgery < day <= LAST_DAY, (key, day)
        put("events", **who, occurred_on=day, reported_on=day, **what)
    return events


def check_rotterdam(seen):
    """What the registry will derive (first distant relapse, else death, else last contact) is the source's outcome:
    the same kind for all, the same time to half a day, and the same order, ties and all that survival methods read."""
    derived = []
    for out, events in seen:
        distant = [d for d, what in events if what.get("relapse_kind") == "distant"]
        death = [d for d, what in events if what["kind"] == "death"]
        days, kind = (distant[0], "1") if distant else (death[0], "2") if death else (events[-1][0], "0")
        assert kind == out["met_type"], out["pid"]
        assert abs(days - float(out["met_time"]) * 365.25) < 0.51, out["pid"]
        derived.append((float(out["met_time"]), days, kind))
    derived.sort()
    for (t0, d0, k0), (t1, d1, k1) in zip(derived, derived[1:]):
        assert d0 <= d1
        # Equal times stay equal; the only different times that become one day are between censorings.
        assert (t0 == t1) <= (d0 == d1)
        assert t0 == t1 or d0 != d1 or k0 == k1 == "0", (t0, t1)


def inspire():
    put("sites", site_code="PMH-D", name="INSPIRE trial, demonstration centre", time_zone="America/Toronto",
        arrangement="An arrangement for demonstration: the 94 patients of the public INSPIRE data (pembrolizumab, "
                    "NCT02644369), with intervals as published and calendar dates arranged so that patients who were alive at "
                    "the data cut were last seen in recent weeks. The source classes each patient's ctDNA course once and "
                    "repeats that class at every visit: readings after baseline are this class, not single samples.")
    for cohort, (title, _, _) in COHORTS.items():
        put("trials", trial_code="INSPIRE", title="INSPIRE: pembrolizumab in advanced solid tumours (NCT02644369)",
            blinded="no", arm_code=cohort, arm_title=title)
    put("assays", assay_code="INSPIRE-BESPOKE", version="1", measure="ctdna", analyte="ctdna",
        platform="tumour-informed bespoke panel", specimen_type="PLAS", unit="{mtm}/mL",
        source_document="Bratman et al., Nature Cancer 2020; s43018-020-0096-5")
    put("assays", assay_code="RECIST-CT", version="1", measure="imaging", analyte="target lesions",
        platform="CT or MRI, target lesions by RECIST 1.1", specimen_type="TUMOR", unit="mm",
        source_document="Bratman et al., Nature Cancer 2020; s43018-020-0096-5")
    visits = defaultdict(list)
    for row in source("inspire_ctdna_visits.csv"):
        visits[row["id"]].append(row)
    patients = source("inspire_patients.csv")
    assert len(patients) == 94 and set(visits) <= {row["id"] for row in patients} and len(visits) == 74
    for row in sorted(patients, key=lambda row: row["id"]):
        one_patient(row, sorted(visits[row["id"]], key=lambda v: float(v["time"])))
    assert sum(len(v) for v in visits.values()) == 270


def one_patient(row, visits):
    key = row["id"]
    died = float(row["os_status"]) == 1
    lived = round(float(row["os_time"]) * MONTH_DAYS)
    days = [round(7 * float(v["time"])) for v in visits]
    assert len(set(days)) == len(days), key
    assert len({v["ctdna_status"] for v in visits}) <= 1, key  # one class for the whole course
    # Four patients have a visit after their last day in the survival data; all four were alive: the visit is the contact.
    end = max([lived] + days)
    assert end == lived or not died, key
    before = 8 + (draw(f"inspire dead {key}", 730) if died else draw(f"inspire alive {key}", 42))
    week0 = LAST_DAY - timedelta(days=before + end)
    who = {"site_code": "PMH-D", "patient_key": key}
    _, organ, subtype = COHORTS[row["cohort"]]
    put("patients", **who, birth_year=int(week0.year + week0.timetuple().tm_yday / 366 - float(row["age"])),
        sex={"Female": "F", "Male": "M"}[row["sex"]], trial_code="INSPIRE", arm_code=row["cohort"], enrolled_on=week0,
        reported_on=week0)
    put("tumours", **who, tumour_no=1, diagnosed_on=week0, date_precision="year", organ=organ, subtype=subtype,
        metastatic_at_entry="yes", reported_on=week0)
    put("treatments", **who, category="immunotherapy", agent="pembrolizumab", phase="metastatic", started_on=week0,
        date_precision="day", reported_on=week0)
    size, base = float(row["l_size"]), float(row["baseline_ctdna"])
    # A printed 0 is "not detected": no number below an unknown limit is written down (value model, rule 1).
    one_visit(who, key, "BASE", week0, number(base) if base > 0 else "ND", size, None, None)
    for v, day in zip(visits, days):
        status = v["ctdna_status"]
        if status == "Clearance":
            result = "ND"
        else:
            assert base > 0, key
            result = f"POS {'>' if 'increase' in status else '<'}{number(base)}"
        change = float(v["size_change"]) if v["size_change"] else None
        on = week0 + timedelta(days=day)
        one_visit(who, key, f"W{round(float(v['time'])):02d}", on, result, size, change, CLASS_NOTE)

    progressed = round(float(row["pfs_time"]) * MONTH_DAYS)
    if float(row["pfs_status"]) == 1 and float(row["pfs_time"]) < float(row["os_time"]):
        on = week0 + timedelta(days=progressed)
        put("events", **who, kind="progression", detected_by="not_stated", occurred_on=on, reported_on=on)
    on = week0 + timedelta(days=end)
    what = {"kind": "death", "cause": "unknown"} if died else {"kind": "last_contact"}
    put("events", **who, **what, occurred_on=on, reported_on=on)


def one_visit(who, key, code, on, ctdna, size, change, note):
    reported = on + timedelta(days=7)
    assert reported <= LAST_DAY, key
    put("visits", **who, visit_code=code, occurred_on=on, reported_on=on)
    shared = {**who, "visit_code": code, "collected_on": on, "assay_version": "1", "lab": "INSPIRE", "reported_on": reported}
    put("observations", **shared, assay_code="INSPIRE-BESPOKE", analyte="ctdna", specimen_type="PLAS", result=ctdna,
        unit="{mtm}/mL", accession=f"{key}-{code}-P", comment=note)
    if code == "BASE" or change is not None:
        put("observations", **shared, assay_code="RECIST-CT", analyte="target lesions", specimen_type="TUMOR",
            result=number(size * (1 + (change or 0) / 100), 1), unit="mm",
            change_percent=None if change is None else number(change, 1), accession=f"{key}-{code}-I")


def write():
    folder = HERE / "demo"
    folder.mkdir(exist_ok=True)
    for name, rows in ROWS.items():
        with open(folder / f"{name}.csv", "w", newline="", encoding="utf-8") as file:
            out = csv.writer(file, lineterminator="\n")
            out.writerow(COLUMNS[name].split())
            out.writerows(rows)
        print(f"{name}.csv: {len(rows)} rows")


rotterdam()
inspire()
write()
