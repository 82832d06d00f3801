//! One question put to a history from anywhere: is it what this model, at this consistency, allows?
//!
//! It knows the names that the command line uses, which checker each belongs to, and what a format leaves to be
//! assumed. Deliberately absent: reading files ([`crate::format`]), printing, and time.

mod catalogue;
mod fits;
mod nearest;
mod sought;
#[cfg(test)]
mod tests;
mod workload;

use std::fmt;

use serde::Serialize;
use sim_core::history::History;
use sim_core::value::{Call, Value};

use crate::format::Foreign;
use crate::linearizability::{self, Decision};
use crate::naming::Named;
use crate::transactions::unordered::{self, Isolation, Respect};
use crate::transactions::{self, Analysis, Anomaly, Model, Workload};
use crate::verdict::{Verdict, Witness};
use crate::weak::{isolation, sequential, sessions};
use crate::workloads::set_full;
use nearest::hint;
use workload::Workload as Invariant;

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

/// The consistencies that can be asked of single operations.
const LEVELS: [&str; 15] = [
    "linearizable",
    "sequential",
    "causal",
    "read-atomic",
    "read-committed",
    "read-your-writes",
    "monotonic-reads",
    "monotonic-writes",
    "writes-follow-reads",
    "serializable",
    "strong-session-serializable",
    "strict-serializable",
    "snapshot-isolation",
    "strong-session-snapshot-isolation",
    "strong-snapshot-isolation",
];

/// Who can answer.
#[derive(Clone, Debug)]
enum Subject {
    /// Objects, at each of these consistencies.
    Objects(linearizability::Model, Vec<Level>),
    /// Transactions; whether an order of those on registers is sought where none is known, as it is for models asked by name.
    Transactions(transactions::Options, bool),
    /// What became of each element that was added to a set.
    SetFull(bool),
    /// One invariant of a workload.
    Invariant(Invariant, Bounds),
}

/// A consistency of single operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Level {
    Linearizable,
    Sequential,
    Isolation(isolation::Level),
    Session(sessions::Guarantee),
    /// As transactions without a known order of versions.
    Unordered(Isolation, Respect),
}

impl Level {
    /// Whether it can be asked only of what is read and written.
    fn is_of_registers(self) -> bool {
        !matches!(self, Level::Linearizable | Level::Sequential)
    }
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

/// The answer to a question.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Answer {
    /// The verdict, with its witness.
    pub verdict: Verdict,
    /// Transactions: the anomalies found, by name, and how many of each.
    pub anomalies: Vec<(String, usize)>,
    /// Transactions: the weakest models that are ruled out.
    pub not: Vec<String>,
    /// Transactions: the stronger ones that are thereby ruled out too.
    pub also_not: Vec<String>,
    /// Transactions: the strongest models that may still hold.
    pub strongest: Vec<String>,
    /// What was decided beside, and what was not.
    pub notes: Vec<String>,
}

impl Question {
    /// The question that these words ask.
    ///
    /// # Errors
    /// In words, when a name is not known or does not fit the model.
    pub fn new(words: &Words<'_>) -> Result<Question, String> {
        let invariant = Invariant::named(words.model);
        Invariant::accepts(invariant, &words.bounds)?;
        let subject = match words.model {
            name if let Some(invariant) = invariant => {
                let mut others = words.consistency.iter().chain(words.anomalies).chain(words.assume);
                if let Some(other) = others.next() {
                    return Err(format!(
                        "\"{other}\" is not for the model {name}, which asks one thing only"
                    ));
                }
                Subject::Invariant(invariant, words.bounds)
            }
            "list-append" => Subject::Transactions(transactional(Workload::ListAppend, words)?, false),
            "rw-register" => Subject::Transactions(
                transactional(Workload::RwRegister, words)?,
                !words.consistency.is_empty(),
            ),
            "set-full" => {
                let mut others = words.consistency.iter().filter(|name| !name.starts_with("linearizab"));
                if let Some(other) = others.next().or(words.anomalies.first()).or(words.assume.first()) {
                    return Err(format!(
                        "\"{other}\" is not for the model set-full, of which only linearizable can be asked"
                    ));
                }
                let linearizable = words.consistency.iter().any(|name| name.starts_with("linearizab"));
                Subject::SetFull(linearizable)
            }
            name => objects(name, words)?,
        };
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

/// Objects at some consistencies. The name of a consistency alone asks it of registers.
fn objects(name: &str, words: &Words<'_>) -> Result<Subject, String> {
    if let Some(name) = words.anomalies.first().or(words.assume.first()) {
        return Err(format!("\"{name}\" is for the models list-append and rw-register"));
    }
    let mut levels: Vec<Level> = Vec::new();
    let model = match (name.parse(), level(name)) {
        (Err(_), Ok(level)) => {
            levels.push(level);
            linearizability::Model::KeyValue
        }
        (model, _) => model
            .map_err(|reason| format!("{reason}, {}{}", others().join(", "), hint(name, model_names())))?,
    };
    for name in words.consistency {
        levels.push(level(name)?);
    }
    if levels.is_empty() {
        levels.push(Level::Linearizable);
    }
    let registers = [
        linearizability::Model::Register,
        linearizability::Model::KeyValue,
        linearizability::Model::MultiRegister,
    ];
    if !registers.contains(&model)
        && let Some(at) = levels.iter().position(|level| level.is_of_registers())
    {
        let asked = words.consistency.get(at).map_or(name, String::as_str);
        return Err(format!(
            "\"{asked}\" can be asked of registers; of a {model} whether it is linearizable or sequential"
        ));
    }
    if let Some(initial) = &words.initial {
        holds(model, initial)?;
    }
    Ok(Subject::Objects(model, levels))
}

/// Refuses what such an object cannot hold at first, so that it is never silently passed over.
fn holds(model: linearizability::Model, initial: &Value) -> Result<(), String> {
    use linearizability::Model;
    let wanted = match (model, initial) {
        (_, Value::Nil) => return Ok(()),
        (Model::Counter, Value::Int(_)) | (Model::Mutex, Value::Bool(_)) => return Ok(()),
        (Model::Set | Model::Queue | Model::Stack | Model::PriorityQueue | Model::Log, Value::List(_)) => {
            return Ok(());
        }
        (Model::Counter, _) => "a whole number",
        (Model::Mutex, _) => "true (held) or false",
        (Model::Register | Model::KeyValue | Model::MultiRegister, _) => return Ok(()),
        _ => "a list, such as [1 2]",
    };
    Err(format!("a {model} cannot hold {initial} at first; expected {wanted}"))
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

/// The names of all models and consistencies.
fn model_names() -> impl Iterator<Item = &'static str> {
    let objects = linearizability::Model::NAMES.into_iter().map(|(name, _)| name);
    objects.chain(others()).chain(CATALOGUE.into_iter().map(|(name, _)| name))
}

/// The names of what is no object.
fn others() -> Vec<&'static str> {
    let transactional = ["list-append", "rw-register", "set-full"];
    transactional.into_iter().chain(Invariant::NAMES.map(|(name, _)| name)).collect()
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

/// The name that was probably meant, else all there are.
fn listed(name: &str, known: &[&str]) -> String {
    match hint(name, known.iter().copied()) {
        near if near.is_empty() => format!("; there are {}", known.join(", ")),
        near => near,
    }
}

fn transactional(workload: Workload, words: &Words<'_>) -> Result<transactions::Options, String> {
    let mut options = transactions::Options::new(workload);
    let names: Vec<&str> = words.consistency.iter().map(String::as_str).collect();
    if let (Workload::ListAppend, Some(name)) = (workload, words.assume.first()) {
        return Err(format!(
            "\"{name}\" is for the model rw-register; lists show the order of their versions"
        ));
    }
    if let Some(name) = names.iter().find(|name| Model::parse(name).is_ok_and(|model| !model.is_sought())) {
        return Err(format!(
            "transactions are not searched for what {name} forbids; of registers, --model register (or multi-register) \
             --consistency {name} may be asked"
        ));
    }
    if let Some(name) =
        words.anomalies.iter().find(|name| Anomaly::parse(name).is_ok_and(|anomaly| !anomaly.is_sought()))
    {
        return Err(format!("transactions are not searched for {name}"));
    }
    if !names.is_empty() || !words.anomalies.is_empty() {
        let known = || Model::names().filter(|name| Model::parse(name).is_ok_and(Model::is_sought));
        for name in &names {
            Model::parse(name)
                .map_err(|error| format!("{error}{}", listed(name, &known().collect::<Vec<_>>())))?;
        }
        options = options.expecting(&names).map_err(|error| error.to_string())?;
    }
    for name in words.anomalies {
        let known: Vec<&str> =
            Anomaly::all().filter(|anomaly| anomaly.is_sought()).map(Anomaly::name).collect();
        let anomaly = Anomaly::parse(name).map_err(|error| format!("{error}{}", listed(name, &known)))?;
        options.anomalies.push(anomaly);
    }
    for name in words.assume {
        match name.as_str() {
            "sequential-keys" => options.sequential_keys = true,
            "linearizable-keys" => options.linearizable_keys = true,
            "writes-follow-reads-keys" | "wfr-keys" => options.writes_follow_reads_keys = true,
            other => {
                return Err(format!(
                    "nothing called \"{other}\" can be assumed; there are sequential-keys, linearizable-keys, writes-follow-reads-keys"
                ));
            }
        }
    }
    Ok(options)
}

fn level(name: &str) -> Result<Level, String> {
    let plain = name.strip_prefix(':').unwrap_or(name).replace('-', " ");
    let guarantee = sessions::ALL.into_iter().find(|guarantee| guarantee.name() == plain);
    Ok(match plain.as_str() {
        "linearizable" | "linearizability" => Level::Linearizable,
        "sequential" => Level::Sequential,
        "causal" => Level::Isolation(isolation::Level::Causal),
        "read committed" => Level::Isolation(isolation::Level::ReadCommitted),
        "read atomic" => Level::Isolation(isolation::Level::ReadAtomic),
        "serializable" => Level::Unordered(Isolation::Serializable, Respect::Nothing),
        "strong session serializable" => Level::Unordered(Isolation::Serializable, Respect::Sessions),
        "strict serializable" | "strong serializable" => {
            Level::Unordered(Isolation::Serializable, Respect::RealTime)
        }
        "snapshot isolation" => Level::Unordered(Isolation::Snapshot, Respect::Nothing),
        "strong session snapshot isolation" => Level::Unordered(Isolation::Snapshot, Respect::Sessions),
        "strong snapshot isolation" => Level::Unordered(Isolation::Snapshot, Respect::RealTime),
        _ => match guarantee {
            Some(guarantee) => Level::Session(guarantee),
            None => {
                return Err(format!(
                    "no consistency of single operations is called \"{name}\"; there are linearizable, sequential, causal, \
                     read-atomic, read-committed, read-your-writes, monotonic-reads, monotonic-writes, writes-follow-reads, \
                     and of transactions without a known order of versions serializable, snapshot-isolation, both also \
                     strong-session- and strong- (strict-serializable){}",
                    hint(name, LEVELS)
                ));
            }
        },
    })
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

impl From<Verdict> for Answer {
    fn from(verdict: Verdict) -> Answer {
        Answer {
            verdict,
            anomalies: Vec::new(),
            not: Vec::new(),
            also_not: Vec::new(),
            strongest: Vec::new(),
            notes: Vec::new(),
        }
    }
}

impl From<Analysis> for Answer {
    fn from(analysis: Analysis) -> Answer {
        let names =
            |models: &[transactions::Model]| models.iter().map(|model| model.name().to_owned()).collect();
        Answer {
            anomalies: analysis
                .findings
                .iter()
                .map(|finding| (finding.anomaly.name().to_owned(), finding.count))
                .collect(),
            not: names(&analysis.not),
            also_not: names(&analysis.also_not),
            strongest: names(&analysis.strongest),
            notes: Vec::new(),
            verdict: analysis.verdict,
        }
    }
}

impl fmt::Display for Answer {
    /// The lines behind the verdict's word: none if it holds and nothing more is to say.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.verdict {
            Verdict::Pass => {}
            Verdict::Unknown(reason) => writeln!(f, "  {reason}")?,
            Verdict::Fail(witness) => tell(witness, f)?,
        }
        if !self.anomalies.is_empty() {
            let found: Vec<String> =
                self.anomalies.iter().map(|(name, count)| format!("{name} ×{count}")).collect();
            writeln!(f, "  anomalies: {}", found.join(", "))?;
        }
        for (label, models) in [("not", &self.not), ("nor", &self.also_not)] {
            if !models.is_empty() {
                writeln!(f, "  {label}: {}", models.join(", "))?;
            }
        }
        if !self.strongest.is_empty() && !self.anomalies.is_empty() {
            writeln!(f, "  at most: {}", self.strongest.join(", "))?;
        }
        self.notes.iter().try_for_each(|note| writeln!(f, "  {note}"))
    }
}

fn tell(witness: &Witness, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    writeln!(f, "  {}: {}", witness.anomaly, witness.headline)?;
    witness.story.iter().try_for_each(|line| writeln!(f, "    {line}"))
}
