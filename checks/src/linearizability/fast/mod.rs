//! Near-linear methods for histories whose values are unique: each chooses itself where it fits and steps aside where
//! it does not, so that the search takes over.
//!
//! Times are cut into gaps: gap `g` lies between the event at position `g` and the next one. An operation takes effect
//! in one of the gaps from its invocation's to the one before its end. Deliberately absent: repeated values,
//! compare-and-set, and deciding what pending takes took, of which only the plainest guess is tried.

mod growing;
mod lives;
mod priority;
mod queue;
mod stack;
mod zones;

use super::problem::{Deed, Solved};
use super::{Model, Options};
use lives::{Collected, Lives};

/// The verdict by a near-linear method, if there is one for this object and this history.
pub(super) fn solve(model: Model, deeds: &[Deed<'_>], options: &Options) -> Option<Solved> {
    let judge: fn(&Lives) -> Option<u64> = match model {
        Model::Register | Model::KeyValue => return zones::solve(deeds, &options.initial),
        Model::Set => return growing::solve(deeds),
        Model::Queue => queue::violation,
        Model::Stack => stack::violation,
        Model::PriorityQueue => priority::violation,
        _ => return None,
    };
    let mut lives = match lives::collect(deeds) {
        Collected::Lives(lives) => lives,
        Collected::Violation(position) => return Some(Solved::No(position)),
        Collected::Unfit => return None,
    };
    match judge(&lives) {
        None => Some(Solved::Yes),
        Some(position) if lives.pending_takes.is_empty() => Some(Solved::No(position)),
        Some(_) => {
            lives.guess();
            judge(&lives).is_none().then_some(Solved::Yes)
        }
    }
}
