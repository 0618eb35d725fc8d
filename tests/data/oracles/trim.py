"""Keeps of the reference data and results what Metwatch's tests read. Run here: python3 trim.py ORACLES_FOLDER"""
import csv, json, os, sys

source = sys.argv[1]
V = ["age", "meno", "size_20_50", "size_gt50", "grade3", "nodes", "pgr", "er", "hormon", "chemo"]
COLUMNS = {
    "rotterdam.csv": ["pid"] + V + ["rfs_days", "rfs_event", "fe_days", "fe_type"],
    "brca_metastasis.csv": ["pid", "year"] + [v.replace("pgr", "pr") for v in V] + ["met_time", "met_type"],
    "pbcseq_intervals.csv": ["id", "start", "stop", "event", "log_bili", "albumin", "log_protime", "age", "trt"],
}
for name, columns in COLUMNS.items():
    with open(os.path.join(source, "data", name)) as given, open(name, "w", newline="") as kept:
        out = csv.DictWriter(kept, columns, extrasaction="ignore", lineterminator="\n")
        out.writeheader()
        out.writerows(csv.DictReader(given))


def result(name):
    with open(os.path.join(source, "results", name)) as given:
        return json.load(given)


def keep(name, values):
    with open(name, "w") as kept:
        json.dump(values, kept, separators=(",", ":"))
        kept.write("\n")


def fit(values):
    return {k: v for k, v in values.items() if k not in ("residuals", "ph_test")}


curves = result("nonparametric.json")
keep("nonparametric.json", {k: curves[k] for k in (
    "meta", "km_full_rfs", "km_points", "left_truncated", "weighted", "logrank_hormon", "logrank_size")})
cox = result("cox.json")
keep("cox.json", {
    "meta": cox["meta"],
    **{k: fit(cox[k]) for k in ("efron", "breslow", "metastasis_cause_specific_brca", "case_weights_1_plus_pid_mod_3")},
    "yearly_ties": {k: fit(cox["yearly_ties_time_is_ceil_days_over_365_25"][k]) for k in ("efron", "breslow")},
    "time_varying": {k: fit(cox["time_varying_pbcseq_intervals"][k]) for k in ("efron", "breslow")},
    "degenerate": cox["degenerate"],
})
competing = result("competing_risks.json")
keep("competing_risks.json", {"meta": competing["meta"], **{
    k: {part: competing[k][part] for part in ("counts", "at", "aalen_johansen", "aalen_johansen_by_group", "cause_specific")}
    for k in ("rotterdam_relapse_vs_death", "brca_metastasis_vs_death")}})
keep("competing_validation.json", result("competing_validation.json"))
