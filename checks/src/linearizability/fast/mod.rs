//! Near-linear methods for histories whose values are unique: each chooses itself where it fits and steps aside where
//! it does not, so that the search takes over.
//!
//! Times are cut into gaps: gap `g` lies between the event at position `g` and the next one. An operation takes effect
//! in one of the gaps from its invocation's to the one before its end. Deliberately absent: repeated values, and objects
//! other than registers that are not empty at first. What pending takes took is decided for queues; for stacks
//! and priority queues the likely ways are tried.

mod growing;
mod laying;
mod lives;
mod priority;
mod queue;
mod refused;
mod stack;
mod zones;

use sim_core::value::Value;

use super::problem::{Deed, Solved};
use super::values::Values;
use super::{Model, Options};
use lives::{Collected, Guess, Lives};

/// The verdict by a near-linear method, if there is one for this object and this history.
pub(super) fn solve<'a>(
    model: Model,
    deeds: &[Deed<'a>],
    options: &'a Options,
    values: &mut Values<'a>,
) -> Option<Solved> {
    let is_empty_at_first = !matches!(&options.initial, Value::List(items) if !items.is_empty());
    let judge: fn(&Lives) -> Option<u64> = match model {
        Model::Register | Model::KeyValue => return zones::solve(deeds, &options.initial, values),
        _ if !is_empty_at_first => return None,
        Model::Set => return growing::solve(deeds),
        Model::Queue => queue::violation,
        Model::Stack => stack::violation,
        Model::PriorityQueue => priority::violation,
        _ => return None,
    };
    let lives = match lives::collect(deeds) {
        Collected::Lives(lives) => lives,
        Collected::Violation(position) => return Some(Solved::No(position)),
        Collected::Unfit => return None,
    };
    match judge(&lives) {
        None => Some(Solved::Yes),
        Some(position) if lives.pending_takes.is_empty() => Some(Solved::No(position)),
        Some(_) => with_pending_takes(model, &lives, judge),
    }
}

/// The verdict where the values that nobody was told of may have been taken by pending takes. If it fails even though
/// each may have been taken from the first of these takes on, it fails. A queue gives them out in the order in which they
/// were added, so there the guess is exact; for the others there are several, and then the search.
fn with_pending_takes(model: Model, lives: &Lives, judge: fn(&Lives) -> Option<u64>) -> Option<Solved> {
    if let Some(position) = judge(&lives.freed()) {
        return Some(Solved::No(position));
    }
    let guesses: &[Guess] = match model {
        Model::Queue => &[Guess::Oldest],
        Model::Stack => &[Guess::DueInStack, Guess::Newest, Guess::Oldest],
        _ => &[Guess::DueByPriority, Guess::Least, Guess::Oldest],
    };
    let mut failed = None;
    for &guess in guesses {
        failed = judge(&lives.guessed(guess));
        if failed.is_none() {
            return Some(Solved::Yes);
        }
    }
    failed.filter(|_| model == Model::Queue).map(Solved::No)
}
