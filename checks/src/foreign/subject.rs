//! Who can answer a question, by the words it is asked in: which model, at which consistencies, and what is refused.
//!
//! Deliberately absent: asking ([`super`]).

use sim_core::value::Value;

use super::nearest::hint;
use super::workload::Workload as Invariant;
use super::{Bounds, CATALOGUE, Words};
use crate::linearizability;
use crate::transactions::unordered::{Isolation, Respect};
use crate::transactions::{self, Anomaly, Model, Workload};
use crate::weak::{isolation, sessions};

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
pub(super) enum Subject {
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
pub(super) enum Level {
    Linearizable,
    Sequential,
    Isolation(isolation::Level),
    Session(sessions::Guarantee),
    /// As transactions without a known order of versions.
    Unordered(Isolation, Respect),
}

impl Level {
    /// Whether it can be asked only of what is read and written.
    pub(super) fn is_of_registers(self) -> bool {
        !matches!(self, Level::Linearizable | Level::Sequential)
    }
}

impl Subject {
    /// Who can answer what these words ask; in words, when a name is not known or does not fit the model.
    pub(super) fn of(words: &Words<'_>) -> Result<Subject, String> {
        let invariant = Invariant::named(words.model);
        Invariant::accepts(invariant, &words.bounds)?;
        Ok(match words.model {
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
        })
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
