//! The objects that can be judged, each a [`super::problem::Spec`]: small states, and what each operation makes of them.
//!
//! Deliberately absent: any knowledge of concurrency.

pub(crate) mod cell;
pub(crate) mod counter;
pub(crate) mod multi;
pub(crate) mod mutex;
mod paths;
pub(crate) mod sequence;
pub(crate) mod set;
