//! Money moved between accounts: every read of all of them sums to the same total, under snapshot isolation and
//! whatever is stronger.
//!
//! Deliberately absent: whether the transfers themselves were right; only their sum is.

use sim_core::history::{Answer, History, Outcome};
use sim_core::value::{Call, Key, Micro, Value};

use crate::verdict::{Verdict, Witness};

/// The accounts and what holds of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bank {
    /// All accounts.
    pub accounts: Vec<Key>,
    /// What they hold together.
    pub total: i64,
    /// Whether an account may be overdrawn.
    pub negative_allowed: bool,
}

/// Judges all reads of all accounts: transactions that only read and read each account, or plain reads that answer the
/// list of all balances.
#[must_use]
pub fn check(history: &History, bank: &Bank) -> Verdict {
    let mut reads = 0;
    for (i, entry) in history.entries.iter().enumerate() {
        let balances = match (&entry.operation.call, &entry.outcome) {
            (Call::Txn(_), Outcome::Ok(Answer::Txn(steps))) => of_steps(steps, bank),
            (Call::Read, Outcome::Ok(Answer::Value(Value::List(items)))) => Some(items.iter().collect()),
            _ => continue,
        };
        let Some(balances) = balances else { continue };
        reads += 1;
        if let Some((anomaly, headline)) = wrong(&balances, bank) {
            let list: Vec<String> = balances.iter().map(ToString::to_string).collect();
            return Verdict::Fail(Box::new(Witness {
                anomaly: anomaly.to_string(),
                headline,
                story: vec![
                    format!(
                        "Operation {i} (process {}) read the balances {}.",
                        entry.process,
                        list.join(", ")
                    ),
                    format!("Transfers keep the total, so it has to be {} at every moment.", bank.total),
                ],
                entries: vec![i],
                edges: Vec::new(),
            }));
        }
    }
    match reads {
        0 => Verdict::Unknown("no operation read all accounts".to_string()),
        _ => Verdict::Pass,
    }
}

/// The balances a read-only transaction saw, in the order of the accounts, if it saw all.
fn of_steps<'h>(steps: &'h [Micro], bank: &Bank) -> Option<Vec<&'h Value>> {
    if steps.iter().any(|step| !matches!(step, Micro::Read(..))) {
        return None;
    }
    let of = |account: &Key| {
        steps.iter().find_map(|step| match step {
            Micro::Read(key, Some(value)) if key == account => Some(value),
            _ => None,
        })
    };
    bank.accounts.iter().map(of).collect()
}

fn wrong(balances: &[&Value], bank: &Bank) -> Option<(&'static str, String)> {
    if balances.len() != bank.accounts.len() {
        let headline = format!("{} balances were read of {} accounts", balances.len(), bank.accounts.len());
        return Some(("wrong accounts", headline));
    }
    let mut sum: i128 = 0;
    for (balance, account) in balances.iter().zip(&bank.accounts) {
        let Value::Int(n) = balance else {
            return Some((
                "missing balance",
                format!("account {account} holds {balance}, which is no amount"),
            ));
        };
        sum += i128::from(*n);
    }
    if sum != i128::from(bank.total) {
        return Some(("wrong total", format!("the accounts hold {sum} together instead of {}", bank.total)));
    }
    let debtor = balances.iter().zip(&bank.accounts).find(|(b, _)| matches!(b, Value::Int(n) if *n < 0));
    match debtor {
        Some((balance, account)) if !bank.negative_allowed => {
            Some(("negative balance", format!("account {account} holds {balance}")))
        }
        _ => None,
    }
}
