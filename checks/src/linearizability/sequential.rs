//! Sequential consistency of any object (Lamport, IEEE Trans. Computers 1979): one order of all operations that each
//! process's own order agrees with, real time or not. It is not local, so all objects are searched together.
//!
//! A configuration is how far each process has come, the state of each object, and which pending operations were used;
//! none is tried twice, and an operation that only observes takes effect as soon as it can. Deliberately absent:
//! anything quicker. The problem is NP-complete (Gibbons & Korach, 1997).

use indexmap::{IndexMap, IndexSet};
use sim_core::history::History;

use super::decide::{Task, decide, specify};
use super::explain::told_entry;
use super::hash::Quick;
use super::partition::{Part, parts};
use super::problem::{Deed, Solved, Spec};
use super::{Model, Options};
use crate::verdict::{Verdict, Witness};

/// How many operations a violation may have to be made smaller.
const SHRINK_MAX: usize = 400;
/// How many configurations one attempt to make it smaller may cost.
const ATTEMPT_MAX: u64 = 20_000;

/// Judges a history of any model.
#[must_use]
pub fn check(history: &History, model: Model, options: &Options) -> Verdict {
    if decide(history, model, options).word() == "pass" {
        return Verdict::Pass;
    }
    let parts = parts(history, model);
    let entries: Vec<usize> = (0..history.entries.len()).collect();
    match solve(history, model, &parts, &entries, options) {
        Solved::Yes => Verdict::Pass,
        Solved::No(_) => Verdict::Fail(Box::new(witness(history, model, &parts, options))),
        Solved::Spent => Verdict::Unknown(format!(
            "gave up after {} configurations of all objects",
            options.configurations_max
        )),
        Solved::Unfit(reason) => Verdict::Unknown(reason),
    }
}

/// Whether these entries have an order.
fn solve(
    history: &History,
    model: Model,
    parts: &[Part<'_>],
    entries: &[usize],
    options: &Options,
) -> Solved {
    let kept: IndexSet<usize, Quick> = entries.iter().copied().collect();
    let mut deeds: Vec<(u32, Deed<'_>)> = Vec::new();
    for (part, it) in parts.iter().enumerate() {
        deeds.extend(
            it.deeds.iter().filter(|deed| kept.contains(&deed.entry)).map(|deed| (part as u32, *deed)),
        );
    }
    deeds.sort_by_key(|(_, deed)| (deed.invoked, deed.entry));
    let all: Vec<Deed<'_>> = deeds.iter().map(|(_, deed)| *deed).collect();
    let search = Ordering { history, deeds: &deeds, parts: parts.len(), budget: options.configurations_max };
    specify(model, &all, options, search)
}

/// The task of finding an order.
struct Ordering<'a, 'd> {
    history: &'a History,
    deeds: &'a [(u32, Deed<'d>)],
    parts: usize,
    budget: u64,
}

/// One operation of a process.
#[derive(Clone, Copy)]
struct Step<A> {
    part: u32,
    action: A,
}

/// A pending operation: it may happen once its process has come this far.
struct Optional<A> {
    process: u32,
    after: u32,
    step: Step<A>,
}

/// All operations, by process.
struct Plan<A> {
    required: Vec<Vec<Step<A>>>,
    optional: Vec<Optional<A>>,
}

impl Task for Ordering<'_, '_> {
    type Outcome = Solved;

    fn with<S: Spec>(self, spec: &mut S) -> Solved {
        let mut plan: Plan<S::Action> = Plan { required: Vec::new(), optional: Vec::new() };
        let mut processes: IndexMap<u32, (), Quick> = IndexMap::default();
        for (part, deed) in self.deeds {
            let action = match spec.action(deed) {
                Ok(Some(action)) => action,
                Ok(None) => continue,
                Err(reason) => return Solved::Unfit(reason),
            };
            let process = processes.insert_full(self.history.entries[deed.entry].process, ()).0;
            if process == plan.required.len() {
                plan.required.push(Vec::new());
            }
            let step = Step { part: *part, action };
            if deed.is_required() {
                plan.required[process].push(step);
            } else {
                let after = plan.required[process].len() as u32;
                plan.optional.push(Optional { process: process as u32, after, step });
            }
        }
        plan.optional.retain(|optional| !spec.is_idle(optional.step.action));
        let initial = spec.initial();
        let mut configuration = vec![0; plan.required.len()];
        configuration.extend(std::iter::repeat_n(initial, self.parts));
        configuration.extend(std::iter::repeat_n(0, plan.optional.len()));
        Search { spec, plan, seen: IndexSet::default(), parts: self.parts }.run(configuration, self.budget)
    }
}

struct Search<'s, S: Spec> {
    spec: &'s mut S,
    plan: Plan<S::Action>,
    seen: IndexSet<Vec<u32>, Quick>,
    parts: usize,
}

impl<S: Spec> Search<'_, S> {
    /// A configuration is the next step of each process, the state of each object, and a mark for each pending operation.
    fn run(&mut self, mut first: Vec<u32>, budget: u64) -> Solved {
        self.settle(&mut first);
        let mut left = vec![first];
        while let Some(configuration) = left.pop() {
            if self.is_done(&configuration) {
                return Solved::Yes;
            }
            if self.seen.contains(&configuration) {
                continue;
            }
            let weight = self.seen.len() as u64 * configuration.len() as u64 + 2 * self.spec.weight();
            if self.seen.len() as u64 >= budget || weight > 1 << 28 {
                return Solved::Spent;
            }
            // The last one pushed is tried first: the processes in their order, then what is pending.
            let from = left.len();
            self.successors(&configuration, &mut left);
            left[from..].reverse();
            self.seen.insert(configuration);
        }
        Solved::No(super::problem::PENDING - 1)
    }

    fn is_done(&self, configuration: &[u32]) -> bool {
        self.plan.required.iter().zip(configuration).all(|(steps, at)| *at as usize == steps.len())
    }

    fn successors(&mut self, configuration: &[u32], left: &mut Vec<Vec<u32>>) {
        let processes = self.plan.required.len();
        for process in 0..processes {
            let Some(step) = self.plan.required[process].get(configuration[process] as usize) else {
                continue;
            };
            let (part, action) = (processes + step.part as usize, step.action);
            if let Some(after) = self.spec.step(configuration[part], action) {
                let mut next = configuration.to_vec();
                next[process] += 1;
                next[part] = after;
                self.settle(&mut next);
                left.push(next);
            }
        }
        for index in 0..self.plan.optional.len() {
            let Optional { process, after, step } = &self.plan.optional[index];
            let mark = processes + self.parts + index;
            if configuration[mark] > 0 || configuration[*process as usize] < *after {
                continue;
            }
            let (part, action) = (processes + step.part as usize, step.action);
            if let Some(after) = self.spec.step(configuration[part], action)
                && after != configuration[part]
            {
                let mut next = configuration.to_vec();
                (next[mark], next[part]) = (1, after);
                self.settle(&mut next);
                left.push(next);
            }
        }
    }

    /// Lets everything that only observes take effect that can.
    fn settle(&mut self, configuration: &mut [u32]) {
        let processes = self.plan.required.len();
        for process in 0..processes {
            while let Some(step) = self.plan.required[process].get(configuration[process] as usize)
                && S::is_observation(step.action)
                && self.spec.step(configuration[processes + step.part as usize], step.action).is_some()
            {
                configuration[process] += 1;
            }
        }
    }
}

/// The fewest operations that still have no order, found by leaving out what only says what was seen.
fn witness(history: &History, model: Model, parts: &[Part<'_>], options: &Options) -> Witness {
    let mut kept: Vec<usize> =
        parts.iter().flat_map(|part| part.deeds.iter().map(|deed| deed.entry)).collect();
    kept.sort_unstable();
    let quick = Options { configurations_max: ATTEMPT_MAX, ..options.clone() };
    let fails = |entries: &[usize]| matches!(solve(history, model, parts, entries, &quick), Solved::No(_));
    let mut size = if kept.len() <= SHRINK_MAX { kept.len().next_power_of_two() } else { 0 };
    while size > 0 {
        let mut end = kept.len();
        while end > 0 {
            let start = end.saturating_sub(size);
            let may_go = |&entry: &usize| history.entries[entry].operation.call.is_read_only();
            let rest =
                |(at, entry): (usize, &usize)| (at < start || at >= end || !may_go(entry)).then_some(*entry);
            let trial: Vec<usize> = kept.iter().enumerate().filter_map(rest).collect();
            if trial.len() < kept.len() && fails(&trial) {
                kept = trial;
            }
            end = start;
        }
        size /= 2;
    }
    let mut story = vec!["The operations, each process's in its own order:".to_owned()];
    let mut told = kept.clone();
    told.sort_by_key(|&entry| (history.entries[entry].process, history.entries[entry].invoked_index));
    const TOLD_MAX: usize = 30;
    story.extend(told.iter().take(TOLD_MAX).map(|&entry| told_entry(history, entry, model, options)));
    if told.len() > TOLD_MAX {
        story.push(format!("… and {} more.", told.len() - TOLD_MAX));
    }
    story.push(
        "No single order of them that keeps each process's own gives these answers: all were tried."
            .to_owned(),
    );
    Witness {
        anomaly: "sequential consistency violation".to_owned(),
        headline: format!(
            "no order of {} operations that keeps each process's own explains the answers",
            kept.len()
        ),
        story,
        entries: kept,
        edges: Vec::new(),
    }
}
