//! Money moved between accounts: every read of all of them sums to the same total, under snapshot isolation and
//! whatever is stronger.
//!
//! Deliberately absent: whether the transfers themselves were right; only their sum is.

use std::collections::BTreeSet;

use sim_core::history::{Answer, Entry, History, Outcome};
use sim_core::value::{Call, Key, Micro, Value};

use crate::naming::Named;
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

impl Bank {
    /// The bank that a history is of: the accounts are the keys of its transactions, or as many as its first plain read
    /// lists; `total` where absent is what the first read of all accounts shows. `None` if nothing read all accounts.
    #[must_use]
    pub fn of(history: &History, total: Option<i64>, negative_allowed: bool) -> Option<Bank> {
        let mut accounts: BTreeSet<Key> = BTreeSet::new();
        for entry in &history.entries {
            if let Call::Txn(steps) = &entry.operation.call {
                accounts.extend(steps.iter().map(|step| match step {
                    Micro::Append(key, _) | Micro::Write(key, _) | Micro::Read(key, _) => *key,
                }));
            }
        }
        let listed = history.entries.iter().find_map(|entry| match (&entry.operation.call, entry.value()) {
            (Call::Read, Some(Value::List(items))) => Some(items.len()),
            _ => None,
        });
        if accounts.is_empty() {
            accounts.extend((0..listed? as u64).map(Key));
        }
        let accounts: Vec<Key> = accounts.into_iter().collect();
        let mut bank = Bank { accounts, total: total.unwrap_or(0), negative_allowed };
        if total.is_none() {
            let first = history.entries.iter().find_map(|entry| balances(entry, &bank, &history.into()))?;
            let amount = |(_, value): &(String, &Value)| if let Value::Int(n) = value { *n } else { 0 };
            bank.total = first.iter().map(amount).try_fold(0i64, i64::checked_add)?;
        }
        Some(bank)
    }
}

/// What an operation read of all accounts, if it did: each account's name, and its balance.
fn balances<'h>(entry: &'h Entry, bank: &Bank, named: &Named<'_>) -> Option<Vec<(String, &'h Value)>> {
    match (&entry.operation.call, &entry.outcome) {
        (Call::Txn(_), Outcome::Ok(Answer::Txn(steps))) => of_steps(steps, bank, named),
        (Call::Read, Outcome::Ok(Answer::Value(Value::List(items)))) => {
            // A map from accounts to balances is read as the list of its pairs.
            let balance = |(place, item): (usize, &'h Value)| match item {
                Value::List(pair) if pair.len() == 2 => (pair[0].to_string(), &pair[1]),
                item => (place.to_string(), item),
            };
            Some(items.iter().enumerate().map(balance).collect())
        }
        _ => None,
    }
}

/// Judges all reads of all accounts: transactions that only read and read each account, or plain reads that answer the
/// list of all balances, or a map of them.
#[must_use]
pub fn check<'h>(history: impl Into<Named<'h>>, bank: &Bank) -> Verdict {
    let named = history.into();
    let history = named.history;
    let mut reads = 0;
    let mut known: Option<Vec<String>> = None;
    let mut good: Option<usize> = None;
    for (i, entry) in history.entries.iter().enumerate() {
        let Some(balances) = balances(entry, bank, &named) else { continue };
        reads += 1;
        let mut names: Vec<String> = balances.iter().map(|(name, _)| name.clone()).collect();
        names.sort_unstable();
        let others = known.get_or_insert_with(|| names.clone());
        let strange =
            names.iter().find(|name| !others.contains(name)).filter(|_| names.len() == others.len());
        let twice = names.windows(2).find(|pair| pair[0] == pair[1]);
        let misnamed = match (strange, twice) {
            (Some(name), _) => Some(format!("account {name} was read, of which earlier reads know nothing")),
            (None, Some(pair)) => Some(format!("account {} was read twice at once", pair[0])),
            (None, None) => None,
        };
        let misnamed = misnamed.map(|headline| ("wrong accounts", headline));
        if let Some((anomaly, headline)) = misnamed.or_else(|| wrong(&balances, bank)) {
            let list: Vec<String> =
                balances.iter().map(|(name, balance)| format!("{name}: {balance}")).collect();
            let mut story = Vec::new();
            if let Some(good) = good {
                let process = history.entries[good].process;
                story.push(format!(
                    "Operation {good} (process {process}) was the last to read balances that are right."
                ));
            }
            story.push(format!(
                "Operation {i} (process {}) read the balances {}.",
                entry.process,
                list.join(", ")
            ));
            story.push(format!("Transfers keep the total, so it has to be {} at every moment.", bank.total));
            return Verdict::Fail(Box::new(Witness {
                anomaly: anomaly.to_string(),
                headline,
                story,
                entries: good.into_iter().chain([i]).collect(),
                edges: Vec::new(),
            }));
        }
        good = Some(i);
    }
    match reads {
        0 => Verdict::Unknown("no operation read all accounts".to_string()),
        _ => Verdict::Pass,
    }
}

/// The balances a read-only transaction saw, in the order of the accounts, if it saw all.
fn of_steps<'h>(steps: &'h [Micro], bank: &Bank, named: &Named<'_>) -> Option<Vec<(String, &'h Value)>> {
    if steps.iter().any(|step| !matches!(step, Micro::Read(..))) {
        return None;
    }
    let of = |account: &Key| {
        steps.iter().find_map(|step| match step {
            Micro::Read(key, Some(value)) if key == account => Some((named.called(*account), value)),
            _ => None,
        })
    };
    bank.accounts.iter().map(of).collect()
}

fn wrong(balances: &[(String, &Value)], bank: &Bank) -> Option<(&'static str, String)> {
    if balances.len() != bank.accounts.len() {
        let headline = format!("{} balances were read of {} accounts", balances.len(), bank.accounts.len());
        return Some(("wrong accounts", headline));
    }
    let mut sum: i128 = 0;
    for (account, balance) in balances {
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
    let debtor = balances.iter().find(|(_, balance)| matches!(balance, Value::Int(n) if *n < 0));
    match debtor {
        Some((account, balance)) if !bank.negative_allowed => {
            Some(("negative balance", format!("account {account} holds {balance}")))
        }
        _ => None,
    }
}
