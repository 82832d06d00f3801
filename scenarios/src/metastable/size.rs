//! The smallest size of a trigger: below it even the longest is recovered from.
//!
//! For each load the sizes of the map say between which two it lies; a bisection with the longest duration narrows that.
//! Deliberately absent: sizes that are a list of values, between which nothing lies.

use std::sync::atomic::{AtomicBool, Ordering};

use serde::Serialize;

use super::setup::Setup;
use super::{Bracket, MAJORITY, Search, Site, Value};
use crate::compare::Progress;
use crate::error::ScenarioError;
use crate::sweep::parameter::{Range, three_digits};

/// The smallest size that tips the system at a load, if it lasts as long as any that was tried.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LeastSize {
    /// The load; absent where the scenario's own is kept.
    pub load: Option<Value>,
    /// The largest size from which it recovers.
    pub recovers: Value,
    /// The smallest from which it does not.
    pub stuck: Value,
}

impl Search<'_> {
    /// The smallest size for each load at which some sizes tip the system and smaller ones do not.
    pub(super) fn least_sizes(
        &mut self,
        brackets: &[Bracket],
        progress: &dyn Progress,
        ended: &(dyn Fn(&str) + Sync),
        stop: &AtomicBool,
    ) -> Result<Vec<LeastSize>, ScenarioError> {
        let setup: &Setup = self.setup;
        let Some(range) = &setup.size_range else { return Ok(Vec::new()) };
        let mut found = around(brackets);
        while !stop.load(Ordering::Relaxed) {
            let asked: Vec<(usize, Value)> = found
                .iter()
                .enumerate()
                .filter_map(|(i, own)| Some((i, own.middle(range, setup.tolerance)?)))
                .collect();
            if asked.is_empty() {
                break;
            }
            let at = |(i, size): &(usize, Value)| {
                Bracket::at(Site { load: found[*i].load.clone(), size: Some(size.clone()) })
            };
            let probes: Vec<Bracket> = asked.iter().map(at).collect();
            let longest: Vec<(usize, Option<f64>)> =
                (0..probes.len()).map(|i| (i, Some(setup.duration.high))).collect();
            let shares = self.probe(&probes, &longest, progress, ended, stop)?;
            for ((i, size), (_, share)) in asked.into_iter().zip(&shares) {
                if *share >= MAJORITY {
                    found[i].stuck = size;
                } else {
                    found[i].recovers = size;
                }
            }
            if shares.len() < probes.len() {
                break;
            }
        }
        Ok(found)
    }
}

/// Where the map says that the smallest size lies: by load, the smallest that tips and the next below it, if that does not.
fn around(brackets: &[Bracket]) -> Vec<LeastSize> {
    let mut sorted: Vec<&Bracket> =
        brackets.iter().filter(|bracket| bracket.site.size.is_some() && bracket.unwell < MAJORITY).collect();
    let number = |bracket: &Bracket| bracket.site.size.as_ref().map_or(0.0, |(number, _)| *number);
    sorted.sort_by(|a, b| number(a).total_cmp(&number(b)));
    let mut found: Vec<LeastSize> = Vec::new();
    for (i, bracket) in sorted.iter().enumerate() {
        let same = |other: &&&Bracket| other.site.load == bracket.site.load;
        let below = sorted[..i].iter().rev().find(same);
        let (Some(below), Some(stuck)) = (below, &bracket.site.size) else { continue };
        let known = found.iter().any(|own| own.load == bracket.site.load);
        if bracket.stuck.is_some()
            && below.stuck.is_none()
            && !known
            && let Some(recovers) = &below.site.size
        {
            let (load, recovers, stuck) = (bracket.site.load.clone(), recovers.clone(), stuck.clone());
            found.push(LeastSize { load, recovers, stuck });
        }
    }
    found.sort_by(|a, b| {
        let number = |own: &LeastSize| own.load.as_ref().map_or(0.0, |(number, _)| *number);
        number(a).total_cmp(&number(b))
    });
    found
}

impl LeastSize {
    /// Where to look next; `None` where the bracket is narrow enough.
    fn middle(&self, range: &Range, tolerance: f64) -> Option<Value> {
        let (recovers, stuck) = (self.recovers.0, self.stuck.0);
        if recovers > 0.0 && stuck / recovers <= 1.0 + tolerance {
            return None;
        }
        let raw = if range.log { libm::sqrt(recovers * stuck) } else { (recovers + stuck) / 2.0 };
        let middle = if range.whole { libm::round(raw) } else { three_digits(raw) };
        (middle > recovers && middle < stuck).then(|| (middle, range.text(middle)))
    }
}

#[cfg(test)]
mod tests {
    use super::{Bracket, Site, around};

    fn bracket(load: f64, size: f64, tips: bool) -> Bracket {
        let value = |number: f64| Some((number, number.to_string()));
        let mut bracket = Bracket::at(Site { load: value(load), size: value(size) });
        bracket.unwell = 0.0;
        if tips {
            bracket.stuck = Some((1.0, 1.0));
        }
        bracket
    }

    #[test]
    fn the_smallest_size_lies_between_the_last_that_never_tips_and_the_first_that_does() {
        let map = [
            bracket(1.0, 2.0, false),
            bracket(1.0, 4.0, false),
            bracket(2.0, 2.0, false),
            bracket(2.0, 4.0, true),
            bracket(2.0, 6.0, true),
            bracket(3.0, 2.0, true),
            bracket(3.0, 4.0, true),
        ];
        let found = around(&map);
        assert_eq!(found.len(), 1, "at 1 nothing tips, at 3 all does: {found:?}");
        assert_eq!((found[0].recovers.0, found[0].stuck.0), (2.0, 4.0));
    }
}
