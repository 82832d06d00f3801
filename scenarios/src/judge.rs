//! A scenario's checks, applied to what a run left; and whether the answers are those expected.

use checks::bounds::{self, Goal};
use checks::linearizability;
use checks::metrics::{Metrics, Phases};
use checks::property::{self, Judged};
use checks::verdict::{Verdict, Witness};
use checks::weak::sessions::{self, Guarantee};
use checks::weak::{agreement, convergence, durability, staleness, updates};
use serde::Serialize;
use sim_core::client::ClientConfig;
use sim_core::client::workload::Ask;
use sim_core::record::Record;
use sim_core::time::Time;
use sim_core::value::Value;

use crate::schema::{CheckSpec, Expect, Scenario};
use crate::text::nearest;

/// After how many configurations a search for a linearization gives up: some seconds.
const CONFIGURATIONS_MAX: u64 = 5_000_000;

/// What one check said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CheckResult {
    /// Its name: `linearizable`.
    pub name: String,
    /// The verdict, with the witness of a violation.
    pub verdict: Verdict,
    /// One line on why.
    pub detail: String,
}

/// The parts of a scenario's run.
pub(crate) fn phases(scenario: &Scenario) -> Phases {
    let run = &scenario.run;
    let schedule = run.schedule();
    Phases {
        heal_at: Time::ZERO + schedule.heal_at,
        calm_from: Time::ZERO + (run.duration + run.settle),
        stop_at: Time::ZERO + schedule.stop_at,
    }
}

/// All checks of a scenario.
pub(crate) fn judge(scenario: &Scenario, record: &Record, metrics: &Metrics) -> Vec<CheckResult> {
    let phases = phases(scenario);
    let result = |check: &CheckSpec| {
        let (verdict, detail) = one(scenario, check, record, &phases, metrics);
        CheckResult { name: check.name(), verdict, detail }
    };
    scenario.checks.iter().map(result).collect()
}

fn one(
    scenario: &Scenario,
    check: &CheckSpec,
    record: &Record,
    phases: &Phases,
    metrics: &Metrics,
) -> Judged {
    let whole = matches!(check, CheckSpec::Live(_) | CheckSpec::Recovers(_));
    if whole && record.violation.is_some() {
        let why = "the run ended early, at a violation of the model's own properties".to_string();
        return (Verdict::Unknown(why.clone()), why);
    }
    let history = &record.history;
    let session =
        |guarantee| told(sessions::check(history, guarantee, &Value::Nil), "no session saw otherwise");
    match check {
        CheckSpec::ReadYourWrites => session(Guarantee::ReadYourWrites),
        CheckSpec::MonotonicReads => session(Guarantee::MonotonicReads),
        CheckSpec::MonotonicWrites => session(Guarantee::MonotonicWrites),
        CheckSpec::WritesFollowReads => session(Guarantee::WritesFollowReads),
        CheckSpec::Fresh => {
            let none = staleness::Bound { versions: Some(0), time: None };
            told(staleness::check(history, none, &Value::Nil), "no read missed a write that had ended")
        }
        CheckSpec::Converges(after) => told(convergence::check(history, *after), "late reads agree"),
        CheckSpec::Agrees(within) => told(agreement::check(record, *within), "all replicas ended alike"),
        CheckSpec::Durable(after) => {
            told(durability::check(history, *after, &Value::Nil), "nothing was lost or came back")
        }
        CheckSpec::Updates(after) => told(
            updates::check(history, *after, &Value::Nil),
            "whatever was replaced was known to what replaced it",
        ),
        CheckSpec::Linearizable => linearizable(&scenario.clients, record),
        CheckSpec::Invariants => invariants(record),
        CheckSpec::Available(least) => property::available(record, metrics, least.get()),
        CheckSpec::Live(least) => property::live(record, metrics, phases, least.get()),
        CheckSpec::Recovers(within) => property::recovers(record, phases, *within),
        CheckSpec::Latency { share, below } => property::latency(record, share.get(), *below),
        CheckSpec::Objective { share, within, full } => {
            bounds::objective(record, &Goal { share: share.get(), within: *within, full: *full })
        }
        CheckSpec::Share { from, until, least, most } => {
            bounds::share(record, *from, *until, (least.get(), most.get()))
        }
        CheckSpec::Metric(name, least, most) => {
            let judged = bounds::metric(metrics, name, (*least, *most));
            if metrics.contains_key(name) { judged } else { with_nearest(judged, name, metrics) }
        }
        CheckSpec::Count(mark, least, most) => bounds::count(record, mark, (*least, *most)),
        CheckSpec::Steady(most) => property::steady(record, *most),
        CheckSpec::Reaches(mark) => property::reaches(record, mark),
        CheckSpec::Sometimes(mark) => property::sometimes(record, mark),
    }
}

/// A metric that a run does not have, with the nearest that it has.
fn with_nearest(judged: Judged, name: &str, metrics: &Metrics) -> Judged {
    match nearest(name, metrics.keys().map(String::as_str)) {
        Some(near) => {
            let why = format!("{}; did you mean \"{near}\"?", judged.1);
            (Verdict::Unknown(why.clone()), why)
        }
        None => judged,
    }
}

/// A verdict with a line on it.
fn told(verdict: Verdict, passed: &str) -> Judged {
    let detail = match &verdict {
        Verdict::Pass => passed.to_string(),
        Verdict::Fail(witness) => format!("{}: {}", witness.anomaly, witness.headline),
        Verdict::Unknown(why) => why.clone(),
    };
    (verdict, detail)
}

fn invariants(record: &Record) -> Judged {
    let Some(violation) = &record.violation else {
        return (Verdict::Pass, "held at every step".into());
    };
    let node = record
        .nodes
        .get(violation.node.index())
        .map_or_else(|| violation.node.to_string(), |n| n.name.clone());
    let headline = format!("{} (at {}, {node})", violation.detail, violation.at);
    let line = format!("{}: {headline}", violation.property);
    let witness = Witness { anomaly: violation.property.clone(), headline, ..Witness::default() };
    (Verdict::Fail(Box::new(witness)), line)
}

fn linearizable(clients: &[ClientConfig], record: &Record) -> Judged {
    let object = match object(clients) {
        Ok(object) => object,
        Err(why) => return (Verdict::Unknown(why.clone()), why),
    };
    let options = linearizability::Options {
        configurations_max: CONFIGURATIONS_MAX,
        ..linearizability::Options::default()
    };
    let verdict = linearizability::check(&record.history, object, &options);
    let detail = match &verdict {
        Verdict::Pass => {
            let (operations, keys) =
                (record.history.entries.len(), linearizability::objects(&record.history));
            format!("{operations} operations on {keys} {}", if keys == 1 { "object" } else { "objects" })
        }
        Verdict::Fail(witness) => witness.headline.clone(),
        Verdict::Unknown(why) => why.clone(),
    };
    (verdict, detail)
}

/// Which kind of object the clients use, for linearizability.
pub(crate) fn object(clients: &[ClientConfig]) -> Result<linearizability::Model, String> {
    use linearizability::Model;
    let asks = || {
        let lines = clients.iter().flat_map(|group| &group.mix.operations);
        lines.filter(|(_, weight)| *weight > 0.0).map(|(ask, _)| *ask)
    };
    type Fits = fn(Ask) -> bool;
    let kinds: [(Model, Fits); 5] = [
        (Model::KeyValue, |ask| matches!(ask, Ask::Read | Ask::Write | Ask::Cas | Ask::Delete | Ask::Append)),
        (Model::Set, |ask| matches!(ask, Ask::Read | Ask::Insert | Ask::Remove)),
        (Model::Counter, |ask| matches!(ask, Ask::Read | Ask::Increment | Ask::Decrement)),
        (Model::Queue, |ask| matches!(ask, Ask::Enqueue | Ask::Dequeue)),
        (Model::MultiRegister, |ask| matches!(ask, Ask::TxnWrite { .. })),
    ];
    kinds.iter().find(|(_, fits)| asks().all(fits)).map(|(model, _)| *model).ok_or_else(|| {
        "linearizability is judged of one kind of object; these clients mix operations of several (or transactions \
         that append, which is a matter of serializability)"
            .to_string()
    })
}

/// The worst of the checks' verdicts.
pub(crate) fn worst(checks: &[CheckResult]) -> &'static str {
    let words = || checks.iter().map(|check| check.verdict.word());
    ["fail", "unknown"].into_iter().find(|word| words().any(|own| own == *word)).unwrap_or("pass")
}

/// Whether a single run said what the scenario expects. A check that is expected to fail on some seeds may do either.
pub(crate) fn as_expected(scenario: &Scenario, checks: &[CheckResult]) -> bool {
    checks.iter().zip(&scenario.checks).all(|(result, spec)| match (&scenario.expect, &result.verdict) {
        (Expect::Violates { check, share }, verdict) if *check == result.name => match verdict {
            Verdict::Pass => share.0.get() < 1.0,
            Verdict::Fail(_) => share.1.get() > 0.0,
            Verdict::Unknown(_) => false,
        },
        (_, Verdict::Pass) => true,
        (_, Verdict::Unknown(_)) => {
            matches!(spec, CheckSpec::Sometimes(_)) || stopped_by_expectation(scenario, checks)
        }
        (_, Verdict::Fail(_)) => false,
    })
}

/// Whether the run ended at a violation that the scenario is about, so that other checks cannot tell.
fn stopped_by_expectation(scenario: &Scenario, checks: &[CheckResult]) -> bool {
    let expected = |name: &str| matches!(&scenario.expect, Expect::Violates { check, .. } if check == name);
    checks.iter().any(|check| check.name == "invariants" && check.verdict.is_fail() && expected(&check.name))
}
