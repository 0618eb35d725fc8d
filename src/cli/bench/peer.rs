//! The same work by R's packages, in a process of its own beside ours, on the same file.

use std::collections::HashMap;
use std::process::Command;

use anyhow::{Context, ensure};
use metwatch::survival::CoxModel;

use super::cohort::Source;
use super::survival::Line;

const SCRIPT: &str = include_str!("peer.R");

/// Prints R's CPU seconds, ours, and the ratio, for each step that both did.
pub fn compare(source: &Source, lines: &[Line], model: Option<&CoxModel>) -> anyhow::Result<()> {
    let folder = std::env::temp_dir().join(format!("metwatch-bench-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let done = ask(source, &folder);
    std::fs::remove_dir_all(&folder)?;
    let said = done?;
    println!();
    println!("{:<28} {:>9} {:>9} {:>7}   CPU seconds", "", "R", "Metwatch", "ratio");
    for line in lines {
        if let Some(theirs) = said.seconds.get(line.name) {
            let ours = line.cost.cpu;
            println!("{:<28} {theirs:>9.3} {ours:>9.3} {:>7.1}", line.name, theirs / ours);
        }
    }
    if let (Some(model), false) = (model, said.coefficients.is_empty()) {
        let furthest = (model.coefficients.iter().zip(&said.coefficients))
            .map(|(ours, theirs)| (ours - theirs).abs())
            .fold(0.0, f64::max);
        println!("largest difference of a coefficient: {furthest:.1e}");
    }
    Ok(())
}

struct Said {
    seconds: HashMap<String, f64>,
    coefficients: Vec<f64>,
}

fn ask(source: &Source, folder: &std::path::Path) -> anyhow::Result<Said> {
    let script = folder.join("peer.R");
    std::fs::write(&script, SCRIPT)?;
    let output = Command::new("Rscript")
        .arg(&script)
        .arg(source.file(folder)?)
        .arg(source.covariates().to_string())
        .arg(u8::from(source.entry()).to_string())
        .output()
        .context("Rscript did not start; it comes with R, the packages are r-cran-survival and r-cran-glmnet")?;
    ensure!(
        output.status.success(),
        "R failed: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8_lossy(&output.stdout);
    let mut said = Said {
        seconds: HashMap::new(),
        coefficients: vec![],
    };
    for line in text.lines() {
        let Some((name, value)) = line.split_once('\t') else {
            continue;
        };
        let value: f64 = value.parse().with_context(|| format!("R said {line}"))?;
        if name == "coefficient" {
            said.coefficients.push(value);
        } else {
            said.seconds.insert(name.to_owned(), value);
        }
    }
    Ok(said)
}
