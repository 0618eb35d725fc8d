//! `metwatch stats` from the outside: the program on the reference data, its JSON against the reference results.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;

const ROTTERDAM: &str = "age,meno,size_20_50,size_gt50,grade3,nodes,pgr,er,hormon,chemo";

fn oracles(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data/oracles")
        .join(name)
}

fn reference(name: &str) -> Value {
    serde_json::from_str(&fs::read_to_string(oracles(name)).unwrap()).unwrap()
}

/// Runs the program with `stdin` as its standard input and no settings; `@NAME` among the arguments is a reference file.
fn run(arguments: &str, stdin: &str) -> Output {
    let words = arguments.split_whitespace().map(|word| match word.strip_prefix('@') {
        Some(name) => oracles(name).display().to_string(),
        None => word.to_owned(),
    });
    let mut child = Command::new(env!("CARGO_BIN_EXE_metwatch"))
        .arg("stats")
        .args(words)
        // a server that is not there: the command must not look for one
        .env("DATABASE_URL", "postgres://nobody@127.0.0.1:1/none")
        .env("METWATCH_CONFIG", "/not/there.toml")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A refusal may come before all is read.
    let _ = child.stdin.take().unwrap().write_all(stdin.as_bytes());
    child.wait_with_output().unwrap()
}

#[track_caller]
fn answer_to(arguments: &str, stdin: &str) -> Value {
    let output = run(&format!("{arguments} --json"), stdin);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(answer["version"], env!("CARGO_PKG_VERSION"));
    answer
}

#[track_caller]
fn answer(arguments: &str) -> Value {
    answer_to(arguments, "")
}

#[track_caller]
fn refusal(arguments: &str, stdin: &str) -> String {
    let output = run(arguments, stdin);
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.is_empty(), "nothing but the error");
    String::from_utf8(output.stderr).unwrap()
}

/// Numbers, arrays of numbers and nulls, element by element.
#[track_caller]
fn same(ours: &Value, theirs: &Value, near: &dyn Fn(f64, f64) -> bool) {
    match (ours, theirs) {
        (Value::Array(a), Value::Array(b)) => {
            assert_eq!(a.len(), b.len());
            a.iter().zip(b).for_each(|(a, b)| same(a, b, near));
        }
        (Value::Number(a), Value::Number(b)) => {
            let (a, b) = (a.as_f64().unwrap(), b.as_f64().unwrap());
            assert!(near(a, b), "{a} is not {b}");
        }
        _ => assert_eq!(ours, theirs),
    }
}

fn absolute(tolerance: f64) -> impl Fn(f64, f64) -> bool {
    move |a, b| (a - b).abs() <= tolerance
}

/// Relative to the reference, with room for what is 0 but for rounding.
fn relative(tolerance: f64) -> impl Fn(f64, f64) -> bool {
    move |a, b| (a - b).abs() <= tolerance * b.abs() + 1e-14
}

#[track_caller]
fn fields(ours: &Value, theirs: &Value, names: &[&str], near: &dyn Fn(f64, f64) -> bool) {
    for name in names {
        assert!(!theirs[*name].is_null(), "the reference has no {name}");
        same(&ours[*name], &theirs[*name], near);
    }
}

/// A reference file with the rows and further columns that `make` gives; it looks cells up by name.
fn derived(name: &str, more: &str, make: impl Fn(&dyn Fn(&str) -> f64) -> Option<Vec<f64>>) -> String {
    let text = fs::read_to_string(oracles(name)).unwrap();
    let mut lines = text.lines();
    let header = lines.next().unwrap();
    let names: Vec<&str> = header.split(',').collect();
    let mut out = format!("{header},{more}\n");
    for line in lines {
        let cells: Vec<&str> = line.split(',').collect();
        let of = |name: &str| cells[names.iter().position(|n| *n == name).unwrap()].parse().unwrap();
        if let Some(values) = make(&of) {
            let values: Vec<String> = values.iter().map(f64::to_string).collect();
            out += &format!("{line},{}\n", values.join(","));
        }
    }
    out
}

/// Put in its place whole, as tests side by side may read it.
fn temporary(name: &str, text: &str) -> String {
    static WRITTEN: AtomicUsize = AtomicUsize::new(0);
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let draft = folder.join(format!("{name}.{}", WRITTEN.fetch_add(1, Ordering::Relaxed)));
    fs::write(&draft, text).unwrap();
    let path = folder.join(name);
    fs::rename(draft, &path).unwrap();
    path.display().to_string()
}

const RFS: &str = "--time rfs_days --event rfs_event";

#[track_caller]
fn same_rows(ours: &Value, theirs: &Value) {
    fields(ours, theirs, &["n", "events"], &absolute(0.0));
    let rows = theirs["rows"].as_array().unwrap();
    assert_eq!(ours["time"].as_array().unwrap().len(), rows.len());
    let names = ["time", "n_risk", "n_event", "surv", "se_surv", "cumhaz_na", "se_cumhaz"];
    for (at, row) in rows.iter().enumerate() {
        for name in names {
            // where the curve has reached 0 it has no error
            if !ours[name][at].is_null() {
                same(&ours[name][at], &row[name], &absolute(1e-10));
            }
        }
    }
}

#[test]
fn kaplan_meier() {
    let expected = reference("nonparametric.json");
    same_rows(
        &answer(&format!("km --csv @rotterdam.csv {RFS}")),
        &expected["km_full_rfs"],
    );
    same_rows(
        &answer("km --csv @pbcseq_intervals.csv --time stop --event event --entry start"),
        &expected["left_truncated"],
    );
    let weighted = derived("rotterdam.csv", "w", |of| {
        (of("pid") % 20.0 == 0.0).then(|| vec![1.0 + of("pid") % 3.0])
    });
    let ours = answer_to(&format!("km --csv - {RFS} --weights w"), &weighted);
    same_rows(&ours, &expected["weighted"]);

    for (scale, field) in [("plain", "plain"), ("log", "log"), ("log-log", "log_log")] {
        let times = "--times 30,365,731,1096,1826,2557,3652";
        let ours = answer(&format!(
            "km --csv @rotterdam.csv {RFS} --conf-type {scale} {times} --group grade3"
        ));
        for (group, level) in ours["groups"].as_array().unwrap().iter().zip(["0", "1"]) {
            let theirs = &expected["km_points_by_grade3"][level][field];
            assert_eq!(group["group"], format!("grade3={level}"));
            fields(&group["at"], theirs, &["surv", "lower", "upper"], &absolute(1e-10));
            fields(
                &group["quantiles"],
                theirs,
                &["q_prob", "q", "q_lower", "q_upper"],
                &absolute(0.0),
            );
        }
        assert_eq!(ours["median_follow_up"], 3323.0);
    }
}

#[test]
fn log_rank_and_restricted_means() {
    let expected = reference("nonparametric.json");
    let names = ["n", "observed", "expected", "variance", "chisq", "df", "p"];
    let plain = answer(&format!("logrank --csv @rotterdam.csv {RFS} --group hormon"));
    fields(&plain, &expected["logrank_hormon"], &names, &absolute(1e-9));
    let coded = derived("rotterdam.csv", "code,positive", |of| {
        let code = of("size_20_50") + 2.0 * of("size_gt50");
        Some(vec![code, f64::from(u8::from(of("nodes") > 0.0))])
    });
    let of = |more: &str| answer_to(&format!("logrank --csv - {RFS} {more}"), &coded);
    fields(&of("--group code"), &expected["logrank_size"], &names, &absolute(1e-9));
    fields(
        &of("--group code --rho 1"),
        &expected["peto_size"],
        &names,
        &absolute(1e-9),
    );
    fields(
        &of("--group hormon --strata positive"),
        &expected["logrank_hormon_stratified_by_nodes_gt0"],
        &["observed", "expected", "variance", "chisq", "df", "p"],
        &absolute(1e-9),
    );

    let means = answer(&format!("rmst --csv @rotterdam.csv {RFS} --tau 1826,3652"));
    for (ours, theirs) in means["means"]
        .as_array()
        .unwrap()
        .iter()
        .zip(expected["rmst"].as_array().unwrap())
    {
        fields(ours, theirs, &["tau", "rmst", "se"], &absolute(1e-8));
    }
    let by_group = answer(&format!("rmst --csv @rotterdam.csv {RFS} --tau 1826 --group hormon"));
    for (at, level) in ["0", "1"].iter().enumerate() {
        let theirs = &expected["rmst_by_hormon_1826"][*level];
        fields(&by_group["means"][at], theirs, &["tau", "rmst", "se"], &absolute(1e-8));
    }
    let difference = &by_group["contrasts"][0]["difference"];
    let gap = by_group["means"][1]["rmst"].as_f64().unwrap() - by_group["means"][0]["rmst"].as_f64().unwrap();
    same(&difference["estimate"], &Value::from(gap), &absolute(1e-9));
}

const FIT: [&str; 9] = [
    "n",
    "events",
    "coef",
    "se",
    "loglik_null",
    "loglik",
    "lr_chisq",
    "score_chisq",
    "wald_chisq",
];

/// Against the product of two standard errors: a covariance may be small beside them.
#[track_caller]
fn same_covariance(ours: &Value, theirs: &Value, errors: &Value) {
    let se: Vec<f64> = serde_json::from_value(errors.clone()).unwrap();
    for (j, one) in se.iter().enumerate() {
        for (k, other) in se.iter().enumerate() {
            same(&ours[j][k], &theirs[j][k], &absolute(1e-8 * one * other));
        }
    }
}

#[track_caller]
fn same_fit(ours: &Value, theirs: &Value) {
    fields(ours, theirs, &FIT, &relative(1e-8));
    same_covariance(&ours["vcov"], &theirs["vcov"], &theirs["se"]);
    if !theirs["robust_vcov"].is_null() {
        fields(ours, theirs, &["robust_se"], &relative(1e-8));
        same_covariance(&ours["robust_vcov"], &theirs["robust_vcov"], &theirs["robust_se"]);
    }
    assert_eq!(ours["terms"], theirs["terms"]);
    assert_eq!(ours["converged"], true);
}

#[track_caller]
fn same_concordance(ours: &Value, theirs: &Value) {
    let (ours, theirs) = (&ours["concordance"], &theirs["concordance"]);
    fields(ours, theirs, &["c", "se"], &absolute(1e-10));
    for name in ["concordant", "discordant", "tied.x", "tied.y", "tied.xy"] {
        same(&ours["counts"][name], &theirs["counts"][name], &absolute(0.0));
    }
}

#[test]
fn cox() {
    let all = reference("cox.json");
    let text = fs::read_to_string(oracles("rotterdam.csv")).unwrap();
    let five = temporary(
        "five.csv",
        &text.lines().take(6).map(|line| format!("{line}\n")).collect::<String>(),
    );
    let left = Path::new(env!("CARGO_TARGET_TMPDIR")).join("residuals.csv");
    for ties in ["efron", "breslow"] {
        let theirs = &all[ties];
        let ours = answer(&format!(
            "cox --csv @rotterdam.csv {RFS} --covariates {ROTTERDAM} --ties {ties} --times 30,365,731,1096,1826,2557,3652 \
             --ph-test --conf-type log-log --predict {five} --residuals {}",
            left.display()
        ));
        assert_eq!(ours["ties"], ties);
        same_fit(&ours, theirs);
        same_concordance(&ours, theirs);
        let (baseline, known) = (&ours["baseline_cumhaz_at_x0"], &theirs["baseline_cumhaz_at_x0"]);
        fields(baseline, known, &["time", "cumhaz"], &relative(1e-8));
        let (predicted, known) = (&ours["predicted"], &theirs["predicted"]);
        fields(
            predicted,
            known,
            &["time", "surv", "se_surv", "lower", "upper"],
            &absolute(1e-9),
        );
        same(
            &predicted["linear_predictor"],
            &theirs["linear_predictor_uncentred"],
            &relative(1e-8),
        );
        same_residuals(&left, &theirs["residuals"]);
        if ties == "efron" {
            for scale in ["identity", "log", "km", "rank"] {
                let (ours, theirs) = (&ours["ph_test"][scale], &theirs["ph_test"][scale]);
                fields(ours, theirs, &["chisq", "df"], &relative(1e-8));
                fields(ours, theirs, &["p"], &relative(1e-6));
                assert_eq!(ours["rows"], theirs["rows"]);
            }
        }
    }
}

#[track_caller]
fn same_residuals(file: &Path, theirs: &Value) {
    let text = fs::read_to_string(file).unwrap();
    assert_eq!(text.lines().count(), 2983);
    let header: Vec<&str> = text.lines().next().unwrap().split(',').collect();
    assert_eq!(header[..4], ["row", "martingale", "deviance", "score_age"]);
    let width = (header.len() - 3) / 2;
    for (at, line) in text.lines().skip(1).take(5).enumerate() {
        let cells: Vec<Value> = line
            .split(',')
            .map(|cell| Value::from(cell.parse::<f64>().unwrap()))
            .collect();
        let near = |a: f64, b: f64| (a - b).abs() <= 1e-8 * b.abs() + 1e-10;
        same(&cells[1], &theirs["martingale"][at], &near);
        same(&cells[2], &theirs["deviance"][at], &near);
        same(&Value::from(cells[3..3 + width].to_vec()), &theirs["score"][at], &near);
        same(&Value::from(cells[3 + width..].to_vec()), &theirs["dfbeta"][at], &near);
    }
}

#[test]
fn cox_with_strata_weights_clusters_entries_and_exact_ties() {
    let all = reference("cox.json");
    let few = "age,grade3,nodes,hormon";
    let made = derived("rotterdam.csv", "code,w,years,tenth", |of| {
        let years = (of("rfs_days") / 365.25).ceil();
        Some(vec![
            of("size_20_50") + 2.0 * of("size_gt50"),
            1.0 + of("pid") % 3.0,
            years,
            f64::from(u8::from(of("pid") % 10.0 == 0.0)),
        ])
    });
    let of = |more: &str| answer_to(&format!("cox --csv - {more}"), &made);

    let theirs = &all["stratified_by_size_code_0_1_2"];
    let terms = "age,meno,grade3,nodes,pgr,er,hormon,chemo";
    let ours = of(&format!(
        "{RFS} --covariates {terms} --strata code --times 30,365,731,1096,1826,2557,3652"
    ));
    same_fit(&ours, theirs);
    fields(
        &ours["concordance"],
        &theirs["concordance"],
        &["c", "se"],
        &absolute(1e-10),
    );
    for level in 0..3 {
        let ours = &ours["baseline_cumhaz_at_x0"][format!("code={level}")];
        let theirs = &theirs["baseline_cumhaz_at_x0"][format!("size_code={level}")];
        fields(ours, theirs, &["time", "cumhaz"], &relative(1e-8));
    }

    let weighted = of(&format!("{RFS} --covariates {few} --weights w"));
    same_fit(&weighted, &all["case_weights_1_plus_pid_mod_3"]);
    same_concordance(&weighted, &all["case_weights_1_plus_pid_mod_3"]);
    let robust = of(&format!("{RFS} --covariates {few} --weights w --robust"));
    same_fit(&robust, &all["case_weights_robust"]);

    let yearly = &all["yearly_ties_time_is_ceil_days_over_365_25"];
    for ties in ["efron", "breslow"] {
        let ours = of(&format!(
            "--time years --event rfs_event --covariates {ROTTERDAM} --ties {ties}"
        ));
        same_fit(&ours, &yearly[ties]);
        same_concordance(&ours, &yearly[ties]);
    }
    let tenth: String = (made.lines().enumerate())
        .filter(|(at, line)| *at == 0 || line.ends_with(",1"))
        .map(|(_, line)| format!("{line}\n"))
        .collect();
    let exact = "cox --csv - --time years --event rfs_event --covariates grade3,hormon --ties exact";
    same_fit(
        &answer_to(exact, &tenth),
        &yearly["exact_pid_multiple_of_10_grade3_hormon"],
    );

    let varying = &all["time_varying_pbcseq_intervals"];
    let base = "cox --csv @pbcseq_intervals.csv --time stop --event event --entry start \
                --covariates log_bili,albumin,log_protime,age,trt";
    same_fit(&answer(base), &varying["efron"]);
    let clustered = answer(&format!("{base} --cluster id"));
    same_fit(&clustered, &varying["cluster_id"]);
    same_concordance(&clustered, &varying["cluster_id"]);
}

#[test]
fn a_column_that_follows_from_others_is_aliased_and_a_separating_one_refused() {
    let theirs = &reference("cox.json")["degenerate"]["collinear_and_constant"];
    let made = derived("rotterdam.csv", "nodes2,const", |of| Some(vec![2.0 * of("nodes"), 1.0]));
    let ours = answer_to(&format!("cox --csv - {RFS} --covariates nodes,nodes2,const,age"), &made);
    assert_eq!(ours["aliased"], serde_json::json!(["nodes2", "const"]));
    fields(&ours, theirs, &["coef", "loglik"], &relative(1e-8));
    let separated = "t,e,x\n1,1,1\n2,1,1\n3,1,1\n4,0,0\n5,0,0\n6,0,0\n";
    let told = refusal("cox --csv - --time t --event e --covariates x", separated);
    assert!(told.contains("the coefficient of `x` runs away"), "{told}");
}

#[test]
fn factors_are_coded_from_their_first_level() {
    let ours = answer(&format!(
        "cox --csv @rotterdam.csv {RFS} --covariates age,size --factor size"
    ));
    assert_eq!(ours["terms"], serde_json::json!(["age", "size=<=20", "size=>50"]));
    let told = refusal(&format!("cox --csv @rotterdam.csv {RFS} --covariates age,size"), "");
    assert!(told.contains("line 2, column size: `<=20` is not a number"), "{told}");
    assert!(
        told.contains("--factor size") && told.contains("and 2962 more"),
        "{told}"
    );
}

#[test]
fn elastic_net() {
    let all = reference("penalised_cox.json");
    let deviations: Vec<f64> = serde_json::from_value(all["design"]["sd_population"].clone()).unwrap();
    for (name, alpha) in [("lasso", "1"), ("elastic_net_0.5", "0.5"), ("ridge", "0")] {
        let theirs = &all[name];
        let lambdas: Vec<f64> = serde_json::from_value(theirs["lambda"].clone()).unwrap();
        let given: Vec<String> = lambdas.iter().map(f64::to_string).collect();
        let ours = answer(&format!(
            "coxnet --csv @rotterdam.csv {RFS} --covariates {ROTTERDAM} --alpha {alpha} --lambda {}",
            given.join(",")
        ));
        same(&ours["loglik"], &theirs["exact"]["loglik_breslow"], &relative(1e-8));
        let (ours, theirs) = (&ours["coef_by_lambda"], &theirs["exact"]["coef_by_lambda"]);
        for (row, coefficients) in ours.as_array().unwrap().iter().enumerate() {
            for (j, deviation) in deviations.iter().enumerate() {
                // the reference's columns have the variance 1
                let standard = coefficients[j].as_f64().unwrap() * deviation;
                same(&Value::from(standard), &theirs[row][j], &absolute(1e-8));
            }
        }
    }
}

#[test]
fn competing_risks() {
    let all = reference("competing_risks.json");
    for (name, file, columns, group, times, terms) in [
        (
            "rotterdam_relapse_vs_death",
            "rotterdam.csv",
            "--time fe_days --event fe_type",
            "hormon",
            "30,365,731,1096,1826,2557,3652",
            ROTTERDAM,
        ),
        (
            "brca_metastasis_vs_death",
            "brca_metastasis.csv",
            "--time met_time --event met_type",
            "grade3",
            "1,2,3,5,8,10",
            "age,meno,size_20_50,size_gt50,grade3,nodes,er,hormon,chemo,pr",
        ),
    ] {
        let theirs = &all[name];
        let ours = answer(&format!("cif --csv @{file} {columns} --times {times}"));
        fields(&ours["at"], &theirs["aalen_johansen"], &["p", "se"], &absolute(1e-10));
        let grouped = answer(&format!("cif --csv @{file} {columns} --times {times} --group {group}"));
        let count = theirs["at"].as_array().unwrap().len();
        for (g, curve) in grouped["groups"].as_array().unwrap().iter().enumerate() {
            for field in ["p", "se"] {
                let part = &theirs["aalen_johansen_by_group"][field].as_array().unwrap()[g * count..(g + 1) * count];
                same(&curve["at"][field], &Value::from(part.to_vec()), &absolute(1e-10));
            }
        }
        for (cause, row) in theirs["gray_test"]["rows"].as_array().unwrap().iter().enumerate() {
            let ours = &grouped["gray_test"][cause];
            same(&ours["stat"], &row[0], &relative(1e-5));
            same(&ours["p"], &row[1], &relative(1e-5));
            same(&ours["df"], &row[2], &absolute(0.0));
        }
        let model = answer(&format!("finegray --csv @{file} {columns} --covariates {terms}"));
        let exact = &theirs["fine_gray_via_weighted_cox_breslow"];
        let order: Vec<&str> = terms.split(',').collect();
        for (j, term) in exact["terms"].as_array().unwrap().iter().enumerate() {
            let at = order.iter().position(|name| term == name).unwrap();
            same(&model["coef"][at], &exact["coef"][j], &relative(1e-8));
        }
        let cmprsk = answer(&format!(
            "finegray --csv @{file} {columns} --covariates {terms} --cmprsk"
        ));
        for (j, term) in theirs["fine_gray_cmprsk"]["terms"]
            .as_array()
            .unwrap()
            .iter()
            .enumerate()
        {
            let at = order.iter().position(|name| term == name).unwrap();
            same(
                &cmprsk["coef"][at],
                &theirs["fine_gray_cmprsk"]["coef"][j],
                &absolute(1e-5),
            );
            same(
                &cmprsk["robust_se"][at],
                &theirs["fine_gray_cmprsk"]["se"][j],
                &absolute(1e-5),
            );
        }
    }
}

#[test]
fn accelerated_failure_time() {
    let all = reference("parametric_and_lod.json");
    for theirs in all["aft"].as_array().unwrap() {
        let law = theirs["dist"].as_str().unwrap();
        let ours = answer(&format!(
            "aft --csv @rotterdam.csv {RFS} --covariates age,grade3,nodes,hormon --dist {law}"
        ));
        let coefficients = theirs["coef"].as_array().unwrap().len();
        let part = Value::from(ours["coef"].as_array().unwrap()[..coefficients].to_vec());
        same(&part, &theirs["coef"], &relative(1e-7));
        fields(&ours, theirs, &["se", "loglik"], &relative(1e-7));
        same(&ours["scale"][0], &theirs["scale"], &relative(1e-7));
    }
    // values below a limit of detection: nothing below them is known
    let text = fs::read_to_string(oracles("pbcseq.csv")).unwrap();
    let names: Vec<&str> = text.lines().next().unwrap().split(',').collect();
    let mut made = "low,high,years,albumin\n".to_owned();
    for line in text.lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        let of = |name: &str| {
            cells[names.iter().position(|n| *n == name).unwrap()]
                .parse::<f64>()
                .unwrap()
        };
        let (value, limit) = (of("bili").ln(), 0.8f64.ln());
        let low = if value < limit {
            String::new()
        } else {
            value.to_string()
        };
        made += &format!("{low},{},{},{}\n", value.max(limit), of("day") / 365.25, of("albumin"));
    }
    let theirs = &all["tobit_limit_of_detection"];
    let ours = answer_to(
        "aft --csv - --time low --upper high --covariates years,albumin --dist gaussian",
        &made,
    );
    let part = Value::from(ours["coef"].as_array().unwrap()[..3].to_vec());
    same(&part, &theirs["coef"], &relative(1e-7));
    fields(&ours, theirs, &["n", "loglik", "se"], &relative(1e-7));
    same(&ours["scale"][0], &theirs["scale"], &relative(1e-7));
}

#[test]
fn discrete_time() {
    let all = reference("discrete_time.json");
    let text = fs::read_to_string(oracles("rotterdam.csv")).unwrap();
    let five = temporary(
        "discrete_five.csv",
        &text.lines().take(6).map(|l| format!("{l}\n")).collect::<String>(),
    );
    for (name, more) in [
        ("logit", "--link logit"),
        ("logit_partial", "--link logit --partial"),
        ("cloglog", "--link cloglog"),
    ] {
        let theirs = &all[name];
        let ours = answer(&format!(
            "discrete --csv @rotterdam.csv {RFS} --covariates {ROTTERDAM} --width 365.25 --count 10 {more} --predict {five}"
        ));
        fields(&ours, theirs, &["rows", "events"], &absolute(0.0));
        fields(&ours, theirs, &["coef", "se", "deviance", "loglik"], &relative(1e-8));
        same(
            &ours["predicted"]["surv_by_interval"],
            &theirs["surv_first5_rows_by_year"],
            &absolute(1e-9),
        );
    }
}

/// Node-positive women and the trial's, followed to day 2,557.
fn development_and_validation() -> (String, String) {
    let cut = |of: &dyn Fn(&str) -> f64| {
        let (time, event) = (of("rfs_days"), of("rfs_event"));
        vec![time.min(2557.0), if time > 2557.0 { 0.0 } else { event }]
    };
    let development = derived("rotterdam.csv", "t,e", |of| (of("nodes") > 0.0).then(|| cut(of)));
    let validation = derived("gbsg.csv", "t,e", |of| Some(cut(of)));
    (
        temporary("development.csv", &development),
        temporary("validation.csv", &validation),
    )
}

const VALIDATED: &str = "--time t --event e --times 365,1096,1826";

#[test]
fn validation() {
    let (development, validation) = development_and_validation();
    let all = reference("external_validation.json");
    let theirs = if all["linear"].is_null() {
        &all["models"]["linear"]
    } else {
        &all["linear"]
    };
    let terms = "age,meno,size_20_50,size_gt50,grade3,nodes,pgr,er,hormon";
    let ours = answer(&format!(
        "validate --train {development} --csv {validation} {VALIDATED} --covariates {terms} --grid 90,1826,1 \
         --thresholds 0.1,0.2,0.3,0.4,0.5,0.6,0.7"
    ));
    let near = absolute(1e-10);
    fields(
        &ours["harrell"],
        &theirs["harrell"],
        &["c", "se", "concordant", "discordant", "tied_x", "tied_y"],
        &near,
    );
    let conventions = ["scikit_survival_convention", "censoring_from_development"];
    fields(&ours["uno_c"], &theirs["uno_c"], &conventions, &near);
    same(
        &ours["uno_c"]["c"],
        &theirs["uno_c"]["censoring_from_validation"],
        &near,
    );
    let auc = &theirs["auc_cd_ipcw"];
    fields(&ours["auc"], auc, &["t", conventions[0], conventions[1]], &near);
    same(&ours["auc"]["auc"], &auc["censoring_from_validation"], &near);
    let (brier, known) = (&ours["brier"], &theirs["brier"]);
    same(&brier["brier"], &known["model"], &near);
    same(
        &brier["scikit_survival_convention"],
        &known["scikit_survival_convention"],
        &near,
    );
    same(
        &brier["censoring_from_development"],
        &known["model_censoring_from_development"],
        &near,
    );
    same(&brier["null_validation"], &known["null_km_validation"], &near);
    same(&brier["null_development"], &known["null_km_development"], &near);
    same(&ours["ibs"]["model"], &theirs["ibs"]["model"], &near);
    same(
        &ours["ibs"]["null_validation"],
        &theirs["ibs"]["null_km_validation"],
        &near,
    );
    same(
        &ours["ibs"]["null_development"],
        &theirs["ibs"]["null_km_development"],
        &near,
    );
    let (calibration, known) = (&ours["calibration"], &theirs["calibration"]);
    fields(calibration, known, &["slope", "slope_se"], &relative(1e-8));
    for (ours, theirs) in calibration["at"]
        .as_array()
        .unwrap()
        .iter()
        .zip(known["at"].as_array().unwrap())
    {
        same(&ours["observed_risk"], &theirs["km_observed_risk"], &near);
        same(&ours["oe"], &theirs["oe_km"], &relative(1e-8));
        fields(
            ours,
            theirs,
            &[
                "t",
                "mean_predicted_risk",
                "poisson_observed",
                "poisson_expected",
                "citl_log_oe",
                "citl_se",
                "poisson_slope",
                "poisson_slope_se",
                "deciles",
            ],
            &|a: f64, b: f64| (a - b).abs() <= 1e-8 * b.abs() + 1e-10,
        );
    }
    let decision = &ours["net_benefit"][2];
    for (at, row) in theirs["net_benefit_5y"]["rows"].as_array().unwrap().iter().enumerate() {
        for (place, name) in ["threshold", "model", "treat_all"].iter().enumerate() {
            same(&decision[*name][at], &row[place], &near);
        }
    }
}

#[test]
fn one_of_two_causes() {
    let theirs = &reference("competing_validation.json")["result"];
    let odd = |of: &dyn Fn(&str) -> f64| of("pid") % 2.0 == 1.0;
    let more = |of: &dyn Fn(&str) -> f64| vec![(-0.12 * of("nodes")).exp(), of("pr").ln_1p(), of("er").ln_1p()];
    let names = "nodes_exp,log_pr1,log_er1";
    let train = derived("brca_metastasis.csv", names, |of| odd(of).then(|| more(of)));
    let test = derived("brca_metastasis.csv", names, |of| (!odd(of)).then(|| more(of)));
    let (train, test) = (temporary("odd.csv", &train), temporary("even.csv", &test));
    let ours = answer(&format!(
        "validate --train {train} --csv {test} --time met_time --event met_type --cause 1 --times 2,5,10 \
         --covariates age,meno,size_20_50,size_gt50,grade3,nodes_exp,log_pr1,log_er1,hormon,chemo"
    ));
    assert_eq!(
        (&ours["n"], &ours["events"]),
        (&theirs["n_test"], &theirs["events_test"])
    );
    for at in 0..3 {
        let calibration = &ours["calibration"]["at"][at];
        same(
            &calibration["observed_risk"],
            &theirs["aalen_johansen_observed"][at],
            &absolute(1e-10),
        );
        same(
            &ours["brier"]["null_development"][at],
            &theirs["brier_null_train_aalen_johansen"][at],
            &absolute(1e-10),
        );
        // The reference sums S(u-) dH(u), which can pass 1; ours adds up to 1 with what competes: docs/models.md.
        same(
            &calibration["mean_predicted_risk"],
            &theirs["mean_predicted"][at],
            &absolute(1e-3),
        );
        same(&ours["auc"]["auc"][at], &theirs["auc"][at], &absolute(1e-3));
        same(&ours["brier"]["brier"][at], &theirs["brier"][at], &absolute(1e-3));
    }
}

#[test]
fn predictions_made_elsewhere_give_the_same_measures() {
    let (development, validation) = development_and_validation();
    let terms = "age,meno,size_20_50,size_gt50,grade3,nodes,pgr,er,hormon";
    let fitted = answer(&format!(
        "cox --csv {development} --time t --event e --covariates {terms} --times 365,1096,1826 --predict {validation}"
    ));
    let surv = &fitted["predicted"]["surv"];
    let mut text = String::new();
    for (row, line) in fs::read_to_string(&validation).unwrap().lines().enumerate() {
        text += line;
        match row.checked_sub(1) {
            None => text += ",s1,s3,s5,lp\n",
            Some(row) => {
                let lp = &fitted["predicted"]["linear_predictor"][row];
                text += &format!(",{},{},{},{lp}\n", surv[0][row], surv[1][row], surv[2][row]);
            }
        }
    }
    let given = answer_to(
        &format!("validate --csv - {VALIDATED} --survival s1,s3,s5 --lp lp"),
        &text,
    );
    let trained = answer(&format!(
        "validate --train {development} --csv {validation} {VALIDATED} --covariates {terms}"
    ));
    for (part, names) in [
        ("harrell", &["c", "se"][..]),
        ("auc", &["auc", "se"]),
        ("brier", &["brier", "se", "ipa"]),
        ("calibration", &["slope", "slope_se"]),
    ] {
        fields(&given[part], &trained[part], names, &absolute(1e-12));
    }
    let told = refusal(&format!("validate --csv - {VALIDATED} --risk age,s3,s5"), &text);
    assert!(
        told.contains("line 2, column age:") && told.contains("is not within 0 and 1"),
        "{told}"
    );
}

#[test]
fn sample_sizes() {
    // R: power.prop.test(p1 = .50, p2 = .75, power = .90)$n is 76.7 a group
    let two = answer("design proportions --control 0.5 --experimental 0.75 --power 0.9");
    same(&two["patients"], &Value::from(2.0 * 76.7069301), &absolute(1e-5));
    let events = answer("design logrank --hazard-ratio 0.5 --power 0.8");
    let schoenfeld = (1.959963984540054f64 + 0.8416212335729143).powi(2) / (0.25 * 2f64.ln().powi(2));
    same(&events["events"], &Value::from(schoenfeld), &relative(1e-9));
    let asked = events["events"].to_string();
    let back = answer(&format!("design logrank --hazard-ratio 0.5 --events {asked}"));
    same(&back["power"], &Value::from(0.8), &absolute(1e-9));
    assert!(
        answer("design rmst --tau 5 --control-hazard 0.3 --experimental-hazard 0.2")["patients"].as_f64() > Some(100.0)
    );
}

#[test]
fn an_awkward_file_is_read_and_its_lines_are_counted() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/stats/awkward.csv");
    let text = fs::read_to_string(file).unwrap();
    let spaced = |text: &str| text.replace("the time", "time").replace("how, it ended", "ended");
    let ours = answer_to("km --csv - --time time --event ended --group arm", &spaced(&text));
    assert_eq!((&ours["n"], &ours["events"]), (&Value::from(6), &Value::from(4)));
    assert_eq!(ours["groups"][0]["group"], "arm=a, first");
    assert_eq!(ours["groups"][1]["group"], "arm=b \"second\"");
    assert_eq!(ours["groups"][0]["time"], serde_json::json!([3.0, 7.0, 12.0]));

    // an empty line and CRLF do not shift the count; nor does a last line without its end
    for ending in ["\r\n", "\n"] {
        let rows = ["t,e", "5,1", "", "\"x\",1", "7,9.5", "8,1", "1e999,0", "y,-1"].join(ending);
        let told = refusal("km --csv - --time t --event e", &rows);
        for line in [
            "line 4, column t: `x` is not a number",
            "line 5, column e: `9.5` is not an event",
            "line 7, column t: `1e999` is not a number",
            "line 8, column t: `y` is not a number",
            "line 8, column e: `-1` is not an event",
        ] {
            assert!(told.contains(line), "{line} in {told}");
        }
        assert!(told.contains("5 problems"), "{told}");
    }
    let told = refusal("km --csv - --time t --event e", "t,e\n5,1\n0,1\n-3,0\n");
    assert!(
        told.contains("1 problem") && told.contains("line 4, column t: the time -3 is negative"),
        "{told}"
    );
    let told = refusal("km --csv - --time t --event e --entry s", "s,t,e\n0,5,1\n0,0,1\n");
    assert!(told.contains("line 3, column t"), "{told}");
    let told = refusal("km --csv - --time t --event e", "t,e\n5,1,7\n");
    assert!(told.contains("line 2: 3 cells where the header has 2"), "{told}");
    assert!(refusal("km --csv - --time t --event e", "t,e\n").contains("no rows"));
    let semicolons = answer_to("km --csv - --time t --event e", "t;e\n5;TRUE\n6;FALSE\n");
    assert_eq!(semicolons["events"], 1);
}

#[test]
fn empty_cells_are_counted_and_left_out_only_when_asked() {
    let text = "t,e,x\n5,1,1\n6,,2\n7,1,\n8,0,NA\n9,1,2\n";
    let told = refusal("cox --csv - --time t --event e --covariates x", text);
    assert!(
        told.contains("3 rows have an empty cell, the first on line 3") && told.contains("e 1, x 2"),
        "{told}"
    );
    assert!(told.contains("--drop-missing"), "{told}");
    let kept = answer_to("km --csv - --time t --event e --drop-missing", text);
    assert_eq!((&kept["n"], &kept["rows_dropped"]), (&Value::from(4), &Value::from(1)));
    let page = run("km --csv - --time t --event e --drop-missing", text);
    assert!(String::from_utf8(page.stdout).unwrap().contains("1 row was left out"));
}

#[test]
fn an_unknown_column_is_told_with_those_that_are_near() {
    let told = refusal(
        "cox --csv @rotterdam.csv --time rfs_day --event rfs_event --covariates node,age",
        "",
    );
    assert!(told.contains("no column `rfs_day`; perhaps `rfs_days`"), "{told}");
    assert!(told.contains("no column `node`; perhaps `nodes`"), "{told}");
    assert!(told.contains("its columns are pid, year, age"), "{told}");
    let told = refusal("km --csv /not/there.csv --time t --event e", "");
    assert!(told.contains("/not/there.csv"), "{told}");
    assert_eq!(
        run("km --csv @rotterdam.csv --time rfs_days", "").status.code(),
        Some(2)
    );
    assert_eq!(
        run(
            "km --csv @rotterdam.csv --time rfs_days --event rfs_event --level 2",
            ""
        )
        .status
        .code(),
        Some(2)
    );
}

/// Tags that close in order, attributes in quotes, no script, no number that is none.
#[track_caller]
fn is_a_picture(svg: &str) {
    let mut open: Vec<&str> = vec![];
    let mut rest = svg;
    while let Some(at) = rest.find('<') {
        let end = rest[at..].find('>').unwrap() + at;
        let tag = &rest[at + 1..end];
        assert_eq!(tag.matches('"').count() % 2, 0, "quotes in {tag}");
        let name = tag.trim_start_matches('/').split([' ', '/']).next().unwrap();
        if tag.starts_with('/') {
            assert_eq!(open.pop(), Some(name), "closing order");
        } else if !tag.ends_with('/') {
            open.push(name);
        }
        rest = &rest[end + 1..];
    }
    assert!(open.is_empty() && svg.starts_with("<svg xmlns="), "{open:?}");
    assert!(svg.contains("<style>") && svg.contains("#ffffff"));
    for word in ["NaN", "inf\"", "<script", "var(--", "prefers-"] {
        assert!(!svg.contains(word), "{word}");
    }
}

#[test]
fn every_picture_stands_alone() {
    let (development, validation) = development_and_validation();
    let few = "age,grade3,nodes,hormon";
    for (name, arguments) in [
        ("km", format!("km --csv @rotterdam.csv {RFS} --group hormon")),
        ("logrank", format!("logrank --csv @rotterdam.csv {RFS} --group size")),
        (
            "rmst",
            format!("rmst --csv @rotterdam.csv {RFS} --tau 1826 --group hormon"),
        ),
        (
            "cox",
            format!("cox --csv {validation} --time t --event e --covariates {few} --predict {validation}"),
        ),
        (
            "coxnet",
            format!("coxnet --csv {validation} --time t --event e --covariates {few} --count 20 --cv 3"),
        ),
        (
            "cif",
            "cif --csv @rotterdam.csv --time fe_days --event fe_type".to_owned(),
        ),
        (
            "cif_group",
            "cif --csv @rotterdam.csv --time fe_days --event fe_type --group hormon".to_owned(),
        ),
        (
            "finegray",
            format!("finegray --csv @rotterdam.csv --time fe_days --event fe_type --covariates {few}"),
        ),
        ("aft", format!("aft --csv @rotterdam.csv {RFS} --covariates {few}")),
        (
            "discrete",
            format!("discrete --csv @rotterdam.csv {RFS} --covariates {few} --cuts 730,1461,2922"),
        ),
        (
            "validate",
            format!("validate --train {development} --csv {validation} {VALIDATED} --covariates {few}"),
        ),
    ] {
        let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.svg"));
        answer(&format!("{arguments} --plot {}", file.display()));
        is_a_picture(&fs::read_to_string(file).unwrap());
    }
}

#[test]
fn pages_fit_a_hundred_columns() {
    let few = "age,size_20_50,nodes,pgr,hormon";
    for arguments in [
        format!("km --csv @rotterdam.csv {RFS} --group size --times 365,1826"),
        format!("logrank --csv @rotterdam.csv {RFS} --group size --trend"),
        format!("cox --csv @rotterdam.csv {RFS} --covariates {few} --robust --ph-test"),
        format!("finegray --csv @rotterdam.csv --time fe_days --event fe_type --covariates {few}"),
        format!("aft --csv @rotterdam.csv {RFS} --covariates {few} --robust"),
        format!("coxnet --csv @rotterdam.csv {RFS} --covariates {few} --count 20 --cv 3"),
        "cif --csv @rotterdam.csv --time fe_days --event fe_type --times 365,1826".to_owned(),
    ] {
        let output = run(&arguments, "");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let page = String::from_utf8(output.stdout).unwrap();
        for line in page.lines() {
            assert!(line.chars().count() <= 100, "{line}");
        }
    }
}
