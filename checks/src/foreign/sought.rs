//! Transactions on registers in which no anomaly was inferred: the order of their versions is known only in part, so where
//! the history is small an order of all of them is sought, and where it is not, the answer says what was not decided.
//!
//! Deliberately absent: the search itself ([`crate::transactions::unordered`]), and lists, which show the order.

use sim_core::value::Value;

use super::Answer;
use crate::naming::Named;
use crate::transactions::unordered::{self, Isolation, Respect};
use crate::transactions::{Model, ModelSet, Options, Workload};
use crate::verdict::Verdict;

/// The models for which an order can be sought, the strongest first.
const SOUGHT: [(&str, Isolation, Respect); 6] = [
    ("strict-serializable", Isolation::Serializable, Respect::RealTime),
    ("strong-session-serializable", Isolation::Serializable, Respect::Sessions),
    ("serializable", Isolation::Serializable, Respect::Nothing),
    ("strong-snapshot-isolation", Isolation::Snapshot, Respect::RealTime),
    ("strong-session-snapshot-isolation", Isolation::Snapshot, Respect::Sessions),
    ("snapshot-isolation", Isolation::Snapshot, Respect::Nothing),
];

/// The same answer, or a worse one if an order is to be sought and one of the expected models has none.
pub(super) fn settle(mut answer: Answer, named: Named<'_>, options: &Options, seek: bool) -> Answer {
    if options.workload != Workload::RwRegister || answer.verdict != Verdict::Pass {
        return answer;
    }
    for (name, isolation, respect) in SOUGHT {
        let Ok(model) = Model::parse(name) else { continue };
        if !options.models.contains(&model) {
            continue;
        }
        if !seek {
            answer.notes.push(open(model, &format!("--consistency {name} seeks one")));
            continue;
        }
        match unordered::check(named, isolation, respect, &Value::Nil) {
            Verdict::Pass => {
                answer.notes.push(format!("an order of all transactions shows that {model} holds"))
            }
            Verdict::Unknown(reason) => answer.notes.push(open(model, &reason)),
            // Elle takes a value that nobody wrote for one whose writer was not recorded.
            Verdict::Fail(witness) if witness.anomaly == "thin-air read" => {
                answer.notes.push(open(model, &witness.headline));
            }
            Verdict::Fail(witness) => {
                rule_out(&mut answer, model);
                answer.verdict = Verdict::Fail(witness);
                return answer;
            }
        }
    }
    answer
}

/// Whether the model holds is left open.
fn open(model: Model, reason: &str) -> String {
    format!(
        "nothing that could be inferred forbids {model}; whether some order of the versions allows it was not decided: {reason}"
    )
}

/// Adds this model to those that are ruled out.
fn rule_out(answer: &mut Answer, model: Model) {
    let known = answer.not.iter().chain(&answer.also_not).filter_map(|name| Model::parse(name).ok());
    let all = known.chain([model]).collect::<ModelSet>().with_stronger();
    let weakest = all.weakest();
    let names = |models: ModelSet| {
        let mut names: Vec<String> = models.iter().map(|model| model.name().to_owned()).collect();
        names.sort_unstable();
        names
    };
    answer.not = names(weakest);
    answer.also_not = names(all.iter().filter(|model| !weakest.contains(*model)).collect());
    let strongest: Vec<Model> = answer.strongest.iter().filter_map(|name| Model::parse(name).ok()).collect();
    let still = strongest.into_iter().collect::<ModelSet>().with_weaker();
    answer.strongest =
        names(still.iter().filter(|model| !all.contains(*model)).collect::<ModelSet>().strongest());
}
