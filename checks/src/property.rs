//! Properties of a finished run that are no consistency model: availability, liveness, recovery, latency, marks.
//!
//! Each answers with a verdict and one line that gives the figure it stands on. Deliberately absent: properties that
//! are watched while a run goes on, which are the models' invariants.

use sim_core::history::Entry;
use sim_core::record::Record;
use sim_core::time::Span;

use crate::metrics::{Metrics, Phases, elections_won, sustained_recovery};
use crate::statistics::summary::percentile;
use crate::verdict::{Verdict, Witness};

/// A verdict with the figure it stands on, in a line.
pub type Judged = (Verdict, String);

fn fail(anomaly: &str, headline: String, entries: Vec<usize>) -> Judged {
    let witness =
        Witness { anomaly: anomaly.into(), headline: headline.clone(), entries, ..Witness::default() };
    (Verdict::Fail(Box::new(witness)), headline)
}

/// A share in per cent, with as many decimals as tell it from 100%.
fn percent(share: f64) -> String {
    let text = format!("{:.4}", share * 100.0);
    format!("{}%", text.trim_end_matches('0').trim_end_matches('.'))
}

/// The first few operations that did not end ok, as positions in the history.
fn first_not_ok(record: &Record, among: impl Fn(&Entry) -> bool) -> Vec<usize> {
    let entries = record.history.entries.iter().enumerate();
    entries.filter(|(_, entry)| !entry.is_ok() && among(entry)).map(|(i, _)| i).take(10).collect()
}

fn at_least(
    record: &Record,
    share: Option<f64>,
    least: f64,
    name: &str,
    among: impl Fn(&Entry) -> bool,
) -> Judged {
    match share {
        None => {
            let why = "nobody asked anything then".to_string();
            (Verdict::Unknown(why.clone()), why)
        }
        Some(share) if share >= least => (
            Verdict::Pass,
            format!("{} of operations ended ok; at least {} is asked", percent(share), percent(least)),
        ),
        Some(share) => {
            let headline = format!(
                "only {} of operations ended ok; at least {} is asked",
                percent(share),
                percent(least)
            );
            fail(name, headline, first_not_ok(record, among))
        }
    }
}

/// At least this share of all operations ended ok, by the run's metrics.
#[must_use]
pub fn available(record: &Record, metrics: &Metrics, least: f64) -> Judged {
    at_least(record, metrics.get("availability").copied(), least, "unavailable", |_| true)
}

/// At least this share of the operations asked in the calm part ended ok, by the run's metrics.
#[must_use]
pub fn live(record: &Record, metrics: &Metrics, phases: &Phases, least: f64) -> Judged {
    let in_calm = |entry: &Entry| (phases.calm_from..phases.stop_at).contains(&entry.invoked);
    at_least(record, metrics.get("availability_calm").copied(), least, "not live", in_calm)
}

/// After the end of all faults, the service is back for good within this time.
#[must_use]
pub fn recovers(record: &Record, phases: &Phases, within: Span) -> Judged {
    match sustained_recovery(record, phases) {
        Some(took) if took <= within => {
            (Verdict::Pass, format!("back for good {took} after the end of all faults; {within} is allowed"))
        }
        Some(took) => {
            let headline =
                format!("back for good only {took} after the end of all faults; {within} is allowed");
            fail("slow recovery", headline, first_not_ok(record, |entry| entry.invoked >= phases.heal_at))
        }
        None if record.history.entries.iter().all(|entry| entry.invoked < phases.heal_at) => {
            let why = "nobody asked anything after the end of all faults".to_string();
            (Verdict::Unknown(why.clone()), why)
        }
        None => {
            let headline = "operations never went on succeeding after the end of all faults".to_string();
            fail("no recovery", headline, first_not_ok(record, |entry| entry.invoked >= phases.heal_at))
        }
    }
}

/// This share of the operations that ended ok took no longer than this.
#[must_use]
pub fn latency(record: &Record, share: f64, bound: Span) -> Judged {
    let ok = record.history.entries.iter().filter(|entry| entry.is_ok());
    let mut took: Vec<Span> = ok.map(|entry| entry.completed.since(entry.invoked)).collect();
    took.sort_unstable();
    match percentile(&took, share) {
        None => {
            let why = "no operation ended ok".to_string();
            (Verdict::Unknown(why.clone()), why)
        }
        Some(at) if at <= bound => {
            (Verdict::Pass, format!("{} within {at}; {bound} is allowed", percent(share)))
        }
        Some(at) => {
            let headline = format!("{} within {at} only; {bound} is allowed", percent(share));
            let slow = record
                .history
                .entries
                .iter()
                .enumerate()
                .filter(|(_, entry)| entry.is_ok() && entry.completed.since(entry.invoked) > bound);
            fail("slow", headline, slow.map(|(i, _)| i).take(10).collect())
        }
    }
}

/// A leader or primary is elected at most this often.
#[must_use]
pub fn steady(record: &Record, most: u32) -> Judged {
    let won = elections_won(record);
    let detail = format!("{won} elections won; at most {most} are allowed");
    if won <= u64::from(most) { (Verdict::Pass, detail) } else { fail("unsteady", detail, Vec::new()) }
}

/// The mark is made at least once in this run.
#[must_use]
pub fn reaches(record: &Record, mark: &str) -> Judged {
    match record.marks.get(mark) {
        Some(count) if *count > 0 => (Verdict::Pass, format!("\"{mark}\" {count} times")),
        _ => fail("never reached", format!("\"{mark}\" never happened in this run"), Vec::new()),
    }
}

/// The mark is made in some run. One run without it is no violation; it only proved little.
#[must_use]
pub fn sometimes(record: &Record, mark: &str) -> Judged {
    match reaches(record, mark) {
        (Verdict::Fail(_), detail) => {
            (Verdict::Unknown(format!("{detail}, which therefore proved little")), detail)
        }
        passed => passed,
    }
}
