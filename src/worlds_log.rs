//! The log of finished runs or worlds in an `--out` directory: a line each as they end, so that an interrupted job goes on
//! from there; written whole and in order when it is done.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use scenarios::compare::{Candidate, Progress, World, WorldKey, Worlds};
use scenarios::log;
use scenarios::shard::WORLDS;

use crate::output::{self, Trouble, cannot};
use crate::progress::Meter;

/// What an earlier run left in the directory, if there is one: the worlds of these candidates, and the lines of others.
pub fn open(candidates: &[Candidate], out: Option<&Path>) -> Result<(Worlds, String), Trouble> {
    let Some(dir) = out else { return Ok((Worlds::default(), String::new())) };
    output::make_dir(dir)?;
    let log = text(&dir.join(WORLDS))?;
    let known = Worlds::read(candidates, &log);
    if !known.is_empty() {
        say!("squall: {} finished worlds are in {} already", known.len(), dir.display());
    }
    let hashes: BTreeSet<&str> = candidates.iter().map(|candidate| candidate.loaded.hash.as_str()).collect();
    let others = others(&log, dir, |hash| hashes.contains(hash));
    Ok((known, others))
}

/// The lines of a log that are of other builds of Squall, or of scenarios whose hashes are not `mine`. They stay.
pub fn others(log: &str, dir: &Path, mine: impl Fn(&str) -> bool) -> String {
    let others = log::others(log, mine);
    let count = others.lines().count();
    if count > 0 {
        say!(
            "squall: {count} runs of other scenarios, or of another build, are in {} too, and stay",
            dir.display()
        );
    }
    others
}

/// The text of a log, empty if there is none. What no job of ours began is not written over.
pub fn text(path: &Path) -> Result<String, Trouble> {
    const BEGIN: &str = "{\"scenario\":";
    let bytes = std::fs::read(path).unwrap_or_default();
    let log = String::from_utf8_lossy(&bytes).into_owned();
    if BEGIN.starts_with(log.get(..BEGIN.len()).unwrap_or(&log)) {
        return Ok(log);
    }
    Err(cannot(format!("{} is no log of finished runs: choose another --out", path.display())))
}

/// Writes all finished worlds, by seed and candidate, after those of others.
pub fn close(candidates: &[Candidate], known: &Worlds, others: &str, dir: &Path) -> Result<(), Trouble> {
    output::write_whole(&dir.join(WORLDS), format!("{others}{}", known.to_log(candidates)).as_bytes())
}

/// A log that is added to from many threads.
pub struct Lines {
    file: Mutex<std::fs::File>,
    path: PathBuf,
}

impl Lines {
    /// Makes the log what is known, which ends in a whole line, and opens it for more.
    pub fn open(dir: &Path, name: &str, known: &str) -> Result<Lines, Trouble> {
        let path = dir.join(name);
        output::write_whole(&path, known.as_bytes())?;
        let file = std::fs::OpenOptions::new().append(true).open(&path);
        let file = file.map(Mutex::new).map_err(|why| cannot(format!("{}: {why}", path.display())))?;
        Ok(Lines { file, path })
    }

    /// Adds a line, in one write. That it could not is told, and is no reason to stop: what is missing is run again by
    /// whoever goes on from here.
    pub fn add(&self, line: &str) {
        let Ok(mut file) = self.file.lock() else { return };
        if let Err(why) = file.write_all(format!("{line}\n").as_bytes()) {
            say!("squall: {}: {why}", self.path.display());
        }
    }
}

/// Shows progress and keeps each world as it ends.
pub struct Watch<'a> {
    meter: Meter,
    candidates: &'a [Candidate],
    log: Option<Lines>,
}

impl Watch<'_> {
    /// Adds to the log of a directory, if there is one.
    pub fn new<'a>(
        candidates: &'a [Candidate],
        known: &Worlds,
        others: &str,
        out: Option<&Path>,
    ) -> Result<Watch<'a>, Trouble> {
        let lines = || format!("{others}{}", known.to_log(candidates));
        let open = |dir: &Path| Lines::open(dir, WORLDS, &lines());
        Ok(Watch { meter: Meter::new("worlds"), candidates, log: out.map(open).transpose()? })
    }

    /// Tells how long it took.
    pub fn end(&self) {
        self.meter.end();
    }
}

impl Progress for Watch<'_> {
    fn planned(&self, worlds: u64) {
        self.meter.add(worlds);
    }
    fn ended(&self, key: WorldKey, world: &World) {
        self.meter.tick(!world.as_expected);
        if let Some(log) = &self.log {
            log.add(&Worlds::line(self.candidates, key, world));
        }
    }
}
