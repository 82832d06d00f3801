//! The log of finished worlds in an `--out` directory: a line each as they end, so that an interrupted study goes on from
//! there; written whole and in order when it is done.

use std::io::Write as _;
use std::path::Path;
use std::sync::Mutex;

use scenarios::compare::{Candidate, Progress, World, WorldKey, Worlds};
use scenarios::shard::WORLDS;

use crate::output::{self, Trouble, cannot};
use crate::progress::Meter;

/// What an earlier run left in the directory, if there is one.
pub fn open(candidates: &[Candidate], out: Option<&Path>) -> Result<Worlds, Trouble> {
    let Some(dir) = out else { return Ok(Worlds::default()) };
    output::make_dir(dir)?;
    let log = std::fs::read_to_string(dir.join(WORLDS)).unwrap_or_default();
    let known = Worlds::read(candidates, &log);
    if !known.is_empty() {
        say!("squall: {} finished worlds are in {} already", known.len(), dir.display());
    }
    // A last line that was cut off must not swallow the next.
    close(candidates, &known, dir)?;
    Ok(known)
}

/// Writes all finished worlds, by seed and candidate.
pub fn close(candidates: &[Candidate], known: &Worlds, dir: &Path) -> Result<(), Trouble> {
    output::write_whole(&dir.join(WORLDS), known.to_log(candidates).as_bytes())
}

/// Shows progress and keeps each world as it ends.
pub struct Watch<'a> {
    meter: Meter,
    candidates: &'a [Candidate],
    log: Option<Mutex<std::fs::File>>,
}

impl Watch<'_> {
    /// Adds to the log of a directory, if there is one.
    pub fn new<'a>(candidates: &'a [Candidate], out: Option<&Path>) -> Result<Watch<'a>, Trouble> {
        let open = |dir: &Path| {
            let path = dir.join(WORLDS);
            let file = std::fs::OpenOptions::new().append(true).open(&path);
            file.map(Mutex::new).map_err(|why| cannot(format!("{}: {why}", path.display())))
        };
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
        if let Some(Ok(mut file)) = self.log.as_ref().map(Mutex::lock)
            && let Err(why) = writeln!(file, "{}", Worlds::line(self.candidates, key, world))
        {
            say!("squall: {WORLDS}: {why}");
        }
    }
}
