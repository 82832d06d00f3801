//! The smallest trigger after which a system does not recover once the trigger is gone, and at which loads there is one.
//!
//! The words are those of Bronson et al., *Metastable failures in distributed systems* (HotOS 2021), and Huang et al.,
//! *Metastable failures in the wild* (OSDI 2022): at a stable load it comes back from every trigger; at a vulnerable one it
//! is well until a trigger large enough; what it is in then is a metastable failure, which outlasts its cause. A load
//! that it cannot bear without any trigger is overload, and no case for this. [`setup`] reads what is to be searched;
//! here is the search: per load and size a bisection of the trigger's duration, then per load a bisection of the size of
//! the longest ([`size`]). It takes for granted that a longer or larger trigger is no easier to recover from.
//! Deliberately absent: pictures.

pub mod setup;
pub mod size;
pub mod verdict;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

use self::setup::Setup;
use crate::compare::worlds::{self, Kept};
use crate::compare::{Candidate, Progress, World, WorldKey};
use crate::error::ScenarioError;
use crate::load::{Loaded, load};
use crate::sweep::parameter::three_digits;

pub use self::verdict::{Column, Map, Region, Threshold};

/// A value of a parameter, as a number and as a file has it.
pub type Value = (f64, String);

/// A place on the map: load and size, none where the scenario's own is kept.
#[derive(Clone, Debug, PartialEq)]
struct Site {
    load: Option<Value>,
    size: Option<Value>,
}

/// A bisection under way.
#[derive(Clone, Debug)]
struct Bracket {
    site: Site,
    /// The longest duration from which it recovered, with the share of worlds that did not.
    recovers: Option<(f64, f64)>,
    /// The shortest from which it did not.
    stuck: Option<(f64, f64)>,
    /// The share of worlds that are not well without the trigger.
    unwell: f64,
}

/// The search.
#[derive(Debug)]
pub struct Search<'a> {
    setup: &'a Setup,
    /// The worlds by scenario hash and seed.
    known: Kept,
}

/// A share of worlds from which on a trigger counts as one that tips the system.
const MAJORITY: f64 = 0.5;

impl<'a> Search<'a> {
    /// A search that knows these worlds already.
    #[must_use]
    pub fn new(setup: &'a Setup, known: Kept) -> Search<'a> {
        Search { setup, known }
    }

    /// The worlds that are known by now.
    #[must_use]
    pub fn known(&self) -> &Kept {
        &self.known
    }

    /// Searches. `ended` is told of each new world with its line for a log. Set `stop` from elsewhere to end early.
    ///
    /// # Errors
    /// A point of the map that is no valid scenario; a metric that is not there.
    pub fn run(
        &mut self,
        progress: &dyn Progress,
        ended: &(dyn Fn(&str) + Sync),
        stop: &AtomicBool,
    ) -> Result<Map, ScenarioError> {
        let mut brackets: Vec<Bracket> = self.sites().into_iter().map(Bracket::at).collect();
        let range = &self.setup.duration;
        // First without the trigger, then its extremes, then ever closer.
        let all: Vec<(usize, Option<f64>)> = (0..brackets.len()).map(|i| (i, None)).collect();
        for (i, share) in self.probe(&brackets, &all, progress, ended, stop)? {
            brackets[i].unwell = share;
        }
        for extreme in [range.high, range.low] {
            let wanted: Vec<_> = (0..brackets.len())
                .filter(|i| {
                    brackets[*i].unwell < MAJORITY && (extreme == range.high || brackets[*i].stuck.is_some())
                })
                .map(|i| (i, Some(extreme)))
                .collect();
            for (i, share) in self.probe(&brackets, &wanted, progress, ended, stop)? {
                brackets[i].learn(extreme, share);
            }
        }
        while !stop.load(Ordering::Relaxed) {
            let wanted: Vec<(usize, Option<f64>)> = (0..brackets.len())
                .filter_map(|i| Some((i, Some(brackets[i].middle(self.setup)?))))
                .collect();
            if wanted.is_empty() {
                break;
            }
            let shares = self.probe(&brackets, &wanted, progress, ended, stop)?;
            if shares.len() < wanted.len() {
                break;
            }
            for ((i, share), (_, duration)) in shares.into_iter().zip(&wanted) {
                brackets[i].learn(duration.unwrap_or_default(), share);
            }
        }
        let least = if stop.load(Ordering::Relaxed) {
            Vec::new()
        } else {
            self.least_sizes(&brackets, progress, ended, stop)?
        };
        Ok(verdict::map(self.setup, &brackets, least, stop.load(Ordering::Relaxed)))
    }

    fn sites(&self) -> Vec<Site> {
        let values = |of: &Option<(String, Vec<Value>)>| match of {
            None => vec![None],
            Some((_, values)) => values.iter().cloned().map(Some).collect(),
        };
        let (loads, sizes) = (values(&self.setup.load), values(&self.setup.size));
        loads
            .iter()
            .flat_map(|load| sizes.iter().map(|size| Site { load: load.clone(), size: size.clone() }))
            .collect()
    }

    /// The scenario at a site with a trigger this long, or without it.
    fn scenario(&self, site: &Site, duration: Option<f64>) -> Result<Loaded, ScenarioError> {
        let mut overrides = self.setup.overrides.clone();
        for (parameter, value) in [(&self.setup.load, &site.load), (&self.setup.size, &site.size)] {
            if let (Some((path, _)), Some((_, text))) = (parameter, value) {
                overrides.push(format!("{path}={text}"));
            }
        }
        if let Some(duration) = duration {
            overrides.push(format!("{}={}", self.setup.duration_path, self.setup.duration.text(duration)));
        }
        let loaded = load(&self.setup.scenario, &overrides)?;
        if duration.is_some() {
            return Ok(loaded);
        }
        let mut without = loaded.scenario.clone();
        without.faults.remove(self.setup.fault);
        loaded.with(without)
    }

    /// The share of worlds that are not well in the end, for each bracket asked about. Short if it was stopped.
    fn probe(
        &mut self,
        brackets: &[Bracket],
        wanted: &[(usize, Option<f64>)],
        progress: &dyn Progress,
        ended: &(dyn Fn(&str) + Sync),
        stop: &AtomicBool,
    ) -> Result<Vec<(usize, f64)>, ScenarioError> {
        let mut candidates = Vec::new();
        for (i, duration) in wanted {
            let loaded = self.scenario(&brackets[*i].site, *duration)?;
            candidates.push(Candidate { label: loaded.name.clone(), loaded });
        }
        let seeds = self.setup.seeds.clone();
        let missing: Vec<WorldKey> = (0..candidates.len())
            .flat_map(|candidate| seeds.clone().map(move |seed| WorldKey { seed, candidate }))
            .filter(|key| {
                !self.known.contains_key(&(candidates[key.candidate].loaded.hash.clone(), key.seed))
            })
            .collect();
        progress.planned(missing.len() as u64);
        let told = Told { candidates: &candidates, progress, ended };
        for (key, world) in worlds::run(&candidates, &missing, self.setup.jobs, &told, stop) {
            self.known.insert((candidates[key.candidate].loaded.hash.clone(), key.seed), world);
        }
        let mut shares = Vec::new();
        for ((i, _), candidate) in wanted.iter().zip(&candidates) {
            let hash = &candidate.loaded.hash;
            let worlds: Vec<&World> =
                seeds.clone().filter_map(|seed| self.known.get(&(hash.clone(), seed))).collect();
            if worlds.len() < (seeds.end - seeds.start) as usize {
                break;
            }
            shares.push((*i, self.setup.stuck_share(candidate, &worlds)?));
        }
        Ok(shares)
    }
}

/// Passes worlds on as lines.
struct Told<'a> {
    candidates: &'a [Candidate],
    progress: &'a dyn Progress,
    ended: &'a (dyn Fn(&str) + Sync),
}

impl Progress for Told<'_> {
    fn planned(&self, _: u64) {}
    fn ended(&self, key: WorldKey, world: &World) {
        self.progress.ended(key, world);
        (self.ended)(&worlds::Worlds::line(self.candidates, key, world));
    }
}

impl Bracket {
    fn at(site: Site) -> Bracket {
        Bracket { site, recovers: None, stuck: None, unwell: 1.0 }
    }

    fn learn(&mut self, duration: f64, share: f64) {
        if share >= MAJORITY {
            self.stuck = Some((duration, share));
        } else {
            self.recovers = Some((duration, share));
        }
    }

    /// Where to look next; `None` where the bracket is narrow enough, or there is none.
    fn middle(&self, setup: &Setup) -> Option<f64> {
        let ((recovers, _), (stuck, _)) = (self.recovers?, self.stuck?);
        if stuck / recovers <= 1.0 + setup.tolerance {
            return None;
        }
        let middle = three_digits(libm::sqrt(recovers * stuck));
        (middle > recovers && middle < stuck).then_some(middle)
    }
}

/// The worlds of a log by scenario and seed.
#[must_use]
pub fn read_log(text: &str) -> Kept {
    worlds::read_all(text)
}

/// All worlds as lines, by scenario and seed.
#[must_use]
pub fn to_log(known: &Kept) -> String {
    let lines: BTreeMap<_, _> = known.iter().collect();
    lines
        .into_iter()
        .map(|((hash, seed), world)| format!("{}\n", worlds::line_of(hash, *seed, world)))
        .collect()
}
