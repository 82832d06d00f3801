//! One question put to a history from anywhere: is it what this model, at this consistency, allows?
//!
//! It knows the names that the command line uses, which checker each belongs to, and what a format leaves to be
//! assumed. Deliberately absent: reading files ([`crate::format`]), printing, and time.

mod answer;
mod catalogue;
mod fits;
mod nearest;
mod sought;
mod subject;
#[cfg(test)]
mod tests;
mod workload;

use sim_core::history::History;
use sim_core::value::{Call, Value};

use crate::format::Foreign;
use crate::linearizability::{self, Decision};
use crate::naming::Named;
use crate::transactions::{self, unordered};
use crate::verdict::Verdict;
use crate::weak::{isolation, sequential, sessions};
use crate::workloads::set_full;
use subject::{Level, Subject};

pub use answer::Answer;
pub use catalogue::CATALOGUE;
pub use fits::Misfit;
pub use sim_core::time::Span;
pub use workload::Bounds;

/// What is asked of histories.
#[derive(Clone, Debug)]
pub struct Question {
    subject: Subject,
    /// What objects hold at first; what the format says where absent.
    initial: Option<Value>,
    configurations_max: u64,
}

/// The words of a question, as the command line has them.
#[derive(Clone, Debug, Default)]
pub struct Words<'a> {
    /// The model's name.
    pub model: &'a str,
    /// What the objects hold at first.
    pub initial: Option<Value>,
    /// The consistencies expected; the strongest of the model's kind if empty.
    pub consistency: &'a [String],
    /// Anomalies of transactions that must be absent beside.
    pub anomalies: &'a [String],
    /// What may be assumed of transactions on registers: `sequential-keys`, `linearizable-keys`,
    /// `writes-follow-reads-keys`.
    pub assume: &'a [String],
    /// What some workloads have to be told.
    pub bounds: Bounds,
}

/// What came of a question, before a violation is explained.
#[derive(Debug)]
pub struct Judged<'a> {
    inner: Inner<'a>,
    options: linearizability::Options,
}

#[derive(Debug)]
enum Inner<'a> {
    Decision(Decision<'a>),
    Done(Box<Answer>),
}

impl Question {
    /// The question that these words ask.
    ///
    /// # Errors
    /// In words, when a name is not known or does not fit the model.
    pub fn new(words: &Words<'_>) -> Result<Question, String> {
        let subject = Subject::of(words)?;
        let begins = match &subject {
            Subject::Objects(..) => true,
            Subject::Invariant(invariant, _) => invariant.has_initial(),
            Subject::Transactions(..) | Subject::SetFull(_) => false,
        };
        if let Some(initial) = words.initial.as_ref().filter(|initial| !begins && **initial != Value::Nil) {
            return Err(format!("the model {} does not begin with {initial}, but empty", words.model));
        }
        let configurations_max = linearizability::Options::default().configurations_max;
        Ok(Question { subject, initial: words.initial.clone(), configurations_max })
    }

    /// The same with another bound on each object's search.
    #[must_use]
    pub fn giving_up_after(self, configurations_max: u64) -> Question {
        Question { configurations_max, ..self }
    }

    /// Puts the question to a history.
    #[must_use]
    pub fn ask<'a>(&self, foreign: &'a Foreign) -> Judged<'a> {
        let initial = self.initial.clone().unwrap_or_else(|| foreign.initial());
        let options = linearizability::Options {
            initial: initial.clone(),
            names: foreign.keys.clone(),
            configurations_max: self.configurations_max,
            ..linearizability::Options::default()
        };
        let history = &foreign.history;
        let named = Named::new(history, &foreign.keys);
        let inner = match &self.subject {
            Subject::Objects(model, levels) if levels == &[Level::Linearizable] => {
                Inner::Decision(linearizability::decide(history, *model, &options))
            }
            Subject::Objects(_, levels)
                if levels.iter().any(|level| level.is_of_registers())
                    && let Some(reason) = no_register(history) =>
            {
                Inner::Done(Box::new(Answer::from(Verdict::Unknown(reason))))
            }
            Subject::Objects(model, levels) => {
                let verdicts = levels.iter().map(|level| match level {
                    Level::Linearizable => linearizability::check(history, *model, &options),
                    Level::Sequential => sequential::check_model(history, *model, &options),
                    Level::Isolation(level) => isolation::check(named, *level, &initial),
                    Level::Session(guarantee) => sessions::check(named, *guarantee, &initial),
                    Level::Unordered(isolation, respect) => {
                        unordered::check(named, *isolation, *respect, &initial)
                    }
                });
                Inner::Done(Box::new(Answer::from(gravest(verdicts))))
            }
            Subject::Transactions(options, seek) => {
                let inferred = Answer::from(transactions::check(named, options));
                Inner::Done(Box::new(sought::settle(inferred, named, options, *seek)))
            }
            Subject::SetFull(linearizable) => {
                Inner::Done(Box::new(Answer::from(set_full::check(history, *linearizable).1)))
            }
            Subject::Invariant(invariant, bounds) => {
                Inner::Done(Box::new(Answer::from(invariant.judge(named, &initial, bounds))))
            }
        };
        Judged { inner, options }
    }
}

/// Why a history is not one of registers: some operation is none of theirs.
fn no_register(history: &History) -> Option<String> {
    let other = history.entries.iter().map(|entry| &entry.operation.call).find(|call| {
        !matches!(
            call,
            Call::Read | Call::Write(_) | Call::Cas { .. } | Call::Delete | Call::Append(_) | Call::Txn(_)
        )
    })?;
    Some(format!("a register has no operation \"{}\"", other.name()))
}

/// The first violation, else the first doubt, else that all hold.
fn gravest(verdicts: impl Iterator<Item = Verdict>) -> Verdict {
    let mut found = Verdict::Pass;
    for verdict in verdicts {
        match verdict {
            Verdict::Fail(_) => return verdict,
            Verdict::Unknown(_) if found == Verdict::Pass => found = verdict,
            _ => {}
        }
    }
    found
}

impl Judged<'_> {
    /// `pass`, `fail` or `unknown`.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match &self.inner {
            Inner::Decision(decision) => decision.word(),
            Inner::Done(answer) => answer.verdict.word(),
        }
    }

    /// The answer, with its explanation.
    #[must_use]
    pub fn answer(self) -> Answer {
        match self.inner {
            Inner::Decision(decision) => Answer::from(decision.explain(&self.options)),
            Inner::Done(answer) => *answer,
        }
    }
}
