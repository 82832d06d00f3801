//! The entry points: all pictures and the page of a run, or of an exploration, written into a folder.
//!
//! Deliberately absent: the record itself and JSON; whoever ran the scenario writes those.

use std::path::{Path, PathBuf};

use checks::verdict::Witness;

use crate::case::Case;
use crate::input::{Distributions, Run};
use crate::page::{exploration_page, run_page};
use crate::plots::distributions::distributions;
use crate::plots::infection::infection;
use crate::plots::{RUN_PLOTS, WITNESS_PLOTS};
use crate::write::{ReportError, make_folder, remove_stale, write_file};

/// At most this many witnesses have pictures.
const WITNESSES_MAX: usize = 9;

/// A picture: its file name and its SVG.
pub type Picture = (String, String);

/// Draws every picture of a run that has something to show.
#[must_use]
pub fn run_pictures(run: &Run<'_>) -> Vec<Picture> {
    let mut pictures: Vec<Picture> =
        RUN_PLOTS.iter().filter_map(|(name, plot)| plot(run).map(|svg| ((*name).to_string(), svg))).collect();
    let case = Case::of_run(run.record);
    for (i, (check, witness)) in run.witnesses().take(WITNESSES_MAX).enumerate() {
        for (stem, plot) in WITNESS_PLOTS {
            if let Some(svg) = plot(check, witness, &case) {
                pictures.push((witness_file(stem, i), svg));
            }
        }
    }
    pictures
}

fn witness_file(stem: &str, place: usize) -> String {
    if place == 0 { format!("{stem}.svg") } else { format!("{stem}-{}.svg", place + 1) }
}

/// Writes the pictures and `report.html` of a run into a folder, which is made if it is not there; answers the paths,
/// the page first. Pictures of an earlier report that this one has not are removed.
///
/// # Errors
/// What could not be written. Each file is written whole or not at all.
pub fn write_run(run: &Run<'_>, folder: &Path) -> Result<Vec<PathBuf>, ReportError> {
    make_folder(folder)?;
    let pictures = run_pictures(run);
    let plots = RUN_PLOTS.iter().map(|(name, _)| (*name).to_string());
    let witnesses =
        WITNESS_PLOTS.iter().flat_map(|(stem, _)| (0..WITNESSES_MAX).map(|place| witness_file(stem, place)));
    for name in plots.chain(witnesses) {
        if !pictures.iter().any(|(picture, _)| *picture == name) {
            remove_stale(folder, &name)?;
        }
    }
    let mut paths = vec![write_file(folder, "report.html", &run_page(run, &pictures))?];
    for (name, svg) in &pictures {
        paths.push(write_file(folder, name, svg)?);
    }
    Ok(paths)
}

/// Writes `distributions.svg`, `infection.svg` where something spread, and `report.html` of an exploration into a folder, which is made if it is not there;
/// answers the paths, the page first.
///
/// # Errors
/// What could not be written. Each file is written whole or not at all.
pub fn write_exploration(input: &Distributions, folder: &Path) -> Result<Vec<PathBuf>, ReportError> {
    make_folder(folder)?;
    let mut pictures = vec![("distributions.svg", distributions(input))];
    match infection(input) {
        Some(picture) => pictures.insert(0, ("infection.svg", picture)),
        None => remove_stale(folder, "infection.svg")?,
    }
    let svgs: Vec<&str> = pictures.iter().map(|(_, svg)| svg.as_str()).collect();
    let mut paths = vec![write_file(folder, "report.html", &exploration_page(input, &svgs))?];
    for (name, svg) in &pictures {
        paths.push(write_file(folder, name, svg)?);
    }
    Ok(paths)
}

/// Writes the pictures of one violation, found in a history from anywhere: `STEM-witness.svg` the operations in space and time,
/// `STEM-cycle.svg` the dependencies, where they are a cycle of transactions; answers the paths.
///
/// # Errors
/// What could not be written. Each file is written whole or not at all.
pub fn write_violation(
    case: &Case<'_>,
    witness: &Witness,
    folder: &Path,
    stem: &str,
) -> Result<Vec<PathBuf>, ReportError> {
    make_folder(folder)?;
    let mut paths = Vec::new();
    for (kind, plot) in WITNESS_PLOTS {
        if let Some(svg) = plot("", witness, case) {
            paths.push(write_file(folder, &format!("{stem}-{kind}.svg"), &svg)?);
        }
    }
    Ok(paths)
}
