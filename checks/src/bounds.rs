//! Properties that are bounds on figures: objectives with error budgets, shares in a part of the run, metrics, marks.

use sim_core::history::Entry;
use sim_core::record::Record;
use sim_core::time::{Span, Time};

use crate::metrics::{Metrics, share_ok};
use crate::property::Judged;
use crate::verdict::{Verdict, Witness};

fn fail(anomaly: &str, headline: String) -> Judged {
    let witness = Witness { anomaly: anomaly.into(), headline: headline.clone(), ..Witness::default() };
    (Verdict::Fail(Box::new(witness)), headline)
}

fn unknown(why: String) -> Judged {
    (Verdict::Unknown(why.clone()), why)
}

fn within(what: &str, found: f64, (least, most): (f64, f64)) -> Judged {
    let line = format!("{what} is {}; {} to {} is asked", decimal(found), decimal(least), decimal(most));
    if (least..=most).contains(&found) { (Verdict::Pass, line) } else { fail("out of bounds", line) }
}

/// Five decimals at most, and none that say nothing.
fn decimal(value: f64) -> String {
    let text = format!("{value:.5}");
    text.trim_end_matches('0').trim_end_matches('.').to_string()
}

/// Of the operations asked from one time until another, the share that ended ok lies between two bounds.
#[must_use]
pub fn share(record: &Record, from: Span, until: Span, bounds: (f64, f64)) -> Judged {
    let range = Time::ZERO + from..Time::ZERO + until;
    let asked = record.history.entries.iter().filter(|entry| range.contains(&entry.invoked));
    match share_ok(asked) {
        Some(share) => within("the share that ended ok", share, bounds),
        None => unknown("nobody asked anything then".into()),
    }
}

/// A metric lies between two bounds.
#[must_use]
pub fn metric(metrics: &Metrics, name: &str, bounds: (f64, f64)) -> Judged {
    match metrics.get(name) {
        Some(value) => within(name, *value, bounds),
        None => unknown(format!("this run has no metric {name}")),
    }
}

/// A mark was made between so and so often.
#[must_use]
pub fn count(record: &Record, mark: &str, (least, most): (u64, u64)) -> Judged {
    let found = record.marks.get(mark).copied().unwrap_or(0);
    let line = format!("{mark}: {found} times; {least} to {most} is asked");
    if (least..=most).contains(&found) { (Verdict::Pass, line) } else { fail("out of bounds", line) }
}

/// What an objective asks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Goal {
    /// Of all operations, the share that is to end ok.
    pub share: f64,
    /// Within this time.
    pub within: Span,
    /// And with a full answer: a lesser one, as a fallback gives, counts as none.
    pub full: bool,
}

/// How an objective stands after a run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Budget {
    /// Which part of the error budget is spent; above 1 the objective is missed.
    pub spent: f64,
    /// The highest burn rate in any sixtieth of the run: 1 spends the budget exactly in the time it is for.
    pub burn_max: f64,
    /// When that began.
    pub burn_at: Time,
}

/// One stretch of a run under an objective.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Stretch {
    /// When it begins.
    pub from: Time,
    /// Operations asked in it.
    pub operations: f64,
    /// Of them, those that failed or were late.
    pub missed: f64,
    /// How many times faster than allowed the budget burns: 1 spends it exactly in the time it is for.
    pub burn: f64,
}

/// The share of operations that may miss an objective.
pub(crate) fn allowed(share: f64) -> f64 {
    (1.0 - share).max(1e-9)
}

/// The run in sixty stretches, each with its burn rate.
#[must_use]
pub fn stretches(record: &Record, goal: &Goal) -> Vec<Stretch> {
    let width = record.ended.0 / 60 + 1;
    let mut list: Vec<Stretch> =
        (0..60).map(|i| Stretch { from: Time(i * width), ..Stretch::default() }).collect();
    for entry in &record.history.entries {
        let place = ((entry.invoked.0 / width) as usize).min(list.len() - 1);
        list[place].operations += 1.0;
        list[place].missed += f64::from(u8::from(misses(entry, goal)));
    }
    for stretch in list.iter_mut().filter(|stretch| stretch.operations > 0.0) {
        stretch.burn = stretch.missed / stretch.operations / allowed(goal.share);
    }
    list
}

/// Whether an operation counts against an objective: it did not end ok, or too late, or with too little.
fn misses(entry: &Entry, goal: &Goal) -> bool {
    !entry.is_ok() || entry.completed.since(entry.invoked) > goal.within || (goal.full && entry.is_lesser())
}

/// An objective's error budget. `None` if nobody asked anything.
#[must_use]
pub fn budget(record: &Record, goal: &Goal) -> Option<Budget> {
    let list = stretches(record, goal);
    let all: f64 = list.iter().map(|stretch| stretch.operations).sum();
    let missed: f64 = list.iter().map(|stretch| stretch.missed).sum();
    let worst =
        list.iter().fold(list[0], |worst, stretch| if stretch.burn > worst.burn { *stretch } else { worst });
    (all > 0.0).then(|| Budget {
        spent: missed / all / allowed(goal.share),
        burn_max: worst.burn,
        burn_at: worst.from,
    })
}

/// The objective is met.
#[must_use]
pub fn objective(record: &Record, goal: &Goal) -> Judged {
    let Some(budget) = budget(record, goal) else { return unknown("nobody asked anything".into()) };
    let line = format!(
        "{:.1}% of the error budget is spent; it burnt {:.1} times too fast at most, at {:.1} s{}",
        budget.spent * 100.0,
        budget.burn_max,
        budget.burn_at.as_secs_f64(),
        lesser(record, goal)
    );
    if budget.spent <= 1.0 { (Verdict::Pass, line) } else { fail("objective missed", line) }
}

/// What is to be said of lesser answers, which are easily taken for success.
fn lesser(record: &Record, goal: &Goal) -> String {
    let lesser = record.history.entries.iter().filter(|entry| entry.is_lesser()).count();
    match lesser {
        0 => String::new(),
        lesser => {
            let share = lesser as f64 / record.history.entries.len() as f64 * 100.0;
            let how = if goal.full { "counted as missed" } else { "not counted: ask for `full: true`" };
            format!("; {share:.2}% of the answers were lesser ones ({how})")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Goal, budget, count, metric, objective};
    use crate::metrics::Metrics;
    use crate::verdict::Verdict;
    use sim_core::history::{Answer, Entry, Outcome, Reason};
    use sim_core::record::Record;
    use sim_core::time::{Span, Time};
    use sim_core::value::{Call, Operation, Value};

    fn record() -> Record {
        let mut record = Record { ended: Time(59_999), ..Record::default() };
        for i in 0..600_u64 {
            // Ten an instant of 1,000; in the tenth one, half are slow, one fails.
            let invoked = Time(i * 100);
            let slow = (100..105).contains(&i);
            let outcome = if i == 106 {
                Outcome::Failed(Reason::Rejected)
            } else {
                Outcome::Ok(Answer::Value(Value::Nil))
            };
            record.history.entries.push(Entry {
                process: 0,
                operation: Operation { key: None, call: Call::Read },
                invoked,
                invoked_index: 2 * i,
                completed: invoked + Span(if slow { 90 } else { 10 }),
                completed_index: 2 * i + 1,
                outcome,
                attempts: 1,
                answered_by: None,
            });
        }
        record
    }

    #[test]
    fn a_budget_is_spent_by_failures_and_by_slowness() {
        let goal = Goal { share: 0.99, within: Span(50), full: false };
        let budget = budget(&record(), &goal).expect("operations");
        assert!((budget.spent - 1.0).abs() < 1e-9, "6 of 600 are missed: {budget:?}");
        assert!((budget.burn_max - 60.0).abs() < 1e-9 && budget.burn_at == Time(10_000), "{budget:?}");
    }

    #[test]
    fn lesser_answers_count_if_full_ones_are_asked_for() {
        let mut record = record();
        for entry in record.history.entries.iter_mut().take(60) {
            entry.outcome = Outcome::Ok(Answer::Value(Value::from(sim_core::history::LESSER)));
        }
        let goal = |full| Goal { share: 0.95, within: Span(50), full };
        assert!(
            objective(&record, &goal(false))
                .1
                .contains("10.00% of the answers were lesser ones (not counted")
        );
        assert_eq!(objective(&record, &goal(false)).0, Verdict::Pass);
        assert!(matches!(objective(&record, &goal(true)).0, Verdict::Fail(_)));
    }

    #[test]
    fn bounds_are_inclusive_and_a_missing_metric_is_unknown() {
        let metrics: Metrics = [("x".to_string(), 2.0)].into_iter().collect();
        assert_eq!(metric(&metrics, "x", (2.0, 3.0)).0, Verdict::Pass);
        assert!(matches!(metric(&metrics, "x", (0.0, 1.9)).0, Verdict::Fail(_)));
        assert!(matches!(metric(&metrics, "y", (0.0, 1.9)).0, Verdict::Unknown(_)));
        assert!(matches!(count(&record(), "never", (1, 9)).0, Verdict::Fail(_)));
    }
}
