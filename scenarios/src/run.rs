//! One run: scenario and seed in, outcome out.
//!
//! Deliberately absent: anything that reads a clock or prints.

use std::ops::ControlFlow;

use checks::metrics::{self, Metrics};
use models::model::Model;
use serde_json::{Value, json};
use sim_core::fingerprint::Fingerprint;
use sim_core::node::{Effect, Node};
use sim_core::observer::{Happening, Observer, Step};
use sim_core::peer::Peer;
use sim_core::record::Violation;
use sim_core::time::Time;
use sim_core::world::World;

use crate::assemble;
use crate::judge;
use crate::load::Loaded;
use crate::registry::{WithModel, with_model};
use crate::replicas::Looks;
use crate::schema::{CheckSpec, Scenario, Stop};

pub use crate::judge::CheckResult;
pub use sim_core::history::History;
pub use sim_core::record::{Injection, Record};

/// What to do besides running.
#[derive(Clone, Copy, Debug, Default)]
pub struct RunOptions {
    /// Leave the checks out; for timing the engine alone.
    pub unchecked: bool,
}

/// What a run came to.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// What the run left.
    pub record: Record,
    /// What each check said, in the scenario's order.
    pub checks: Vec<CheckResult>,
    /// The metrics, by name.
    pub metrics: Metrics,
    /// Whether the checks said what the scenario expects of a single run.
    pub as_expected: bool,
}

impl Outcome {
    pub(crate) fn of(scenario: &Scenario, record: Record, options: &RunOptions) -> Outcome {
        let metrics = metrics::compute(&record, &judge::phases(scenario));
        let checks = if options.unchecked { Vec::new() } else { judge::judge(scenario, &record, &metrics) };
        let as_expected = judge::as_expected(scenario, &checks);
        Outcome { record, checks, metrics, as_expected }
    }

    /// `pass`, `fail` or `unknown`: the worst of the checks.
    #[must_use]
    pub fn verdict(&self) -> &'static str {
        judge::worst(&self.checks)
    }

    /// The marks that a scenario's `Sometimes` wants and that this run never made.
    #[must_use]
    pub fn never_fired(&self) -> Vec<&str> {
        let unseen = self.checks.iter().filter(|check| check.verdict.word() == "unknown");
        unseen.filter_map(|check| check.name.strip_prefix("sometimes ")).collect()
    }

    /// The document that `run --json` prints.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let record = &self.record;
        let name = |peer: &Peer| {
            let known = if peer.is_client() { None } else { record.nodes.get(peer.index()) };
            known.map_or_else(|| peer.to_string(), |node| node.name.clone())
        };
        let faults: Vec<Value> = record
            .faults
            .iter()
            .map(|fault| {
                json!({
                    "fault": fault.fault,
                    "at_ns": fault.at.0,
                    "until_ns": fault.until.map(|until| until.0),
                    "targets": fault.targets.iter().map(name).collect::<Vec<_>>(),
                    "detail": fault.detail,
                    "line": fault.line,
                })
            })
            .collect();
        json!({
            "schema": 1,
            "scenario": record.scenario,
            "scenario_hash": record.scenario_hash,
            "seed": record.seed,
            "version": crate::version::VERSION,
            "fingerprint": record.fingerprint.to_string(),
            "events": record.events,
            "simulated_ns": record.ended.0,
            "verdict": self.verdict(),
            "as_expected": self.as_expected,
            "checks": self.checks.iter().map(check_json).collect::<Vec<_>>(),
            "metrics": self.metrics,
            "marks": sorted(&record.marks),
            "faults": faults,
        })
    }
}

/// A check's result in JSON; a violation with its witness.
pub(crate) fn check_json(check: &CheckResult) -> Value {
    let mut value = json!({ "name": check.name, "verdict": check.verdict.word(), "detail": check.detail });
    if let checks::verdict::Verdict::Fail(witness) = &check.verdict {
        value["witness"] = json!({
            "anomaly": witness.anomaly,
            "headline": witness.headline,
            "story": witness.story,
            "entries": witness.entries,
            "edges": witness.edges.iter().map(|e| json!({"from": e.from, "to": e.to, "why": e.why})).collect::<Vec<_>>(),
        });
    }
    value
}

/// By name, so that the order in which marks were first made does not show.
pub(crate) fn sorted(marks: &indexmap::IndexMap<String, u64>) -> indexmap::IndexMap<String, u64> {
    let mut marks = marks.clone();
    marks.sort_unstable_keys();
    marks
}

/// Runs a scenario once.
#[must_use]
pub fn run(loaded: &Loaded, seed: u64, options: &RunOptions) -> Outcome {
    let record = with_model(&loaded.scenario.model, Run { loaded, seed });
    Outcome::of(&loaded.scenario, record, options)
}

struct Run<'a> {
    loaded: &'a Loaded,
    seed: u64,
}

impl WithModel for Run<'_> {
    type Output = Record;
    fn with<M: Model + 'static>(self, model: &M) -> Record {
        drive(self.loaded, model, self.seed, Time::NEVER, &mut ())
    }
}

/// Runs a scenario whose model has a type, with an observer, until an instant or the run's own end.
pub(crate) fn drive<M: Model, O: Observer<M::Node>>(
    loaded: &Loaded,
    model: &M,
    seed: u64,
    until: Time,
    observer: &mut O,
) -> Record {
    let mut looks = Looks::of(&loaded.scenario);
    let mut record = drive_to(loaded, model, seed, until, (observer, &mut looks)).finish();
    looks.keep(&mut record);
    record.scenario = loaded.name.clone();
    record.scenario_hash = loaded.hash.clone();
    if record.violation.as_ref().is_some_and(|violation| violation.property == STOP) {
        record.violation = None;
    }
    record
}

/// The world of a scenario as it is at an instant, or where it ended before that.
pub(crate) fn drive_to<M: Model, O: Observer<M::Node>>(
    loaded: &Loaded,
    model: &M,
    seed: u64,
    until: Time,
    (observer, looks): (&mut O, &mut Looks),
) -> World<M::Node> {
    let scenario = &loaded.scenario;
    let config = assemble::world(scenario, model, seed);
    let mut world: World<M::Node> = match World::new(config) {
        Ok(world) => world,
        // `Loaded` has been validated by the very same rules.
        Err(error) => panic!("a scenario that was loaded must be a valid world: {error}"),
    };
    let end = (Time::ZERO + scenario.run.schedule().end_at).min(until);
    let watched = scenario.checks.contains(&CheckSpec::Invariants);
    let invariants = || model.invariants(&scenario.cluster.machines());
    let nodes = scenario.cluster.nodes;
    // An observer that is not there costs nothing, so each combination is compiled for itself.
    let run = &mut world;
    match (watched, &scenario.run.stop) {
        (false, None) => looks.drive::<M, _>(run, end, observer),
        (true, None) => looks.drive::<M, _>(run, end, &mut (observer, invariants())),
        (false, Some(stop)) => looks.drive::<M, _>(run, end, &mut (observer, StopAt::new(stop, nodes))),
        (true, Some(stop)) => {
            looks.drive::<M, _>(run, end, &mut (observer, (invariants(), StopAt::new(stop, nodes))));
        }
    }
    world
}

/// The name of what is no violation, but ends a run as one does.
const STOP: &str = "squall: stop";

/// Ends the run at the next event after what was waited for, so that it is in the record.
struct StopAt<'a> {
    stop: &'a Stop,
    /// How many times more it must happen.
    left: u64,
}

impl StopAt<'_> {
    fn new(stop: &Stop, nodes: u32) -> StopAt<'_> {
        let left = match stop {
            Stop::Times(_, times) => *times,
            Stop::All(_) => u64::from(nodes),
            Stop::Mark(_) | Stop::Becomes(_) => 1,
        };
        StopAt { stop, left }
    }
}

impl<N: Node> Observer<N> for StopAt<'_> {
    fn before(&mut self, at: Time, _: Fingerprint, _: &Happening<'_, N>) -> ControlFlow<Violation> {
        if self.left > 0 {
            return ControlFlow::Continue(());
        }
        let (property, detail) = (STOP.to_string(), String::new());
        ControlFlow::Break(Violation { at, node: Peer::node(0), property, detail })
    }

    fn after(&mut self, step: &Step<'_, N>) -> ControlFlow<Violation> {
        let is_it = |effect: &&Effect<N::Message, N::Timer>| match (*effect, self.stop) {
            (Effect::Mark(mark), Stop::Mark(wanted) | Stop::Times(wanted, _) | Stop::All(wanted)) => {
                mark == wanted
            }
            (Effect::Status(status), Stop::Becomes(role)) => status.role == role,
            _ => false,
        };
        let times = step.effects.iter().filter(is_it).count() as u64;
        self.left = self.left.saturating_sub(times);
        ControlFlow::Continue(())
    }
}
