//! An object of whatever replicated type the settings say, and the map of all objects, which is a lattice again.
//!
//! Deliberately absent: objects of different types in one system.

use std::collections::BTreeMap;

use sim_core::value::{Call, Key, Value};

use super::bytes::{Stored, stored};
use super::config::Kind;
use super::g_counter::GCounter;
use super::g_set::GSet;
use super::lattice::{Author, Lattice, Replicated};
use super::lww_register::LwwRegister;
use super::mv_register::MvRegister;
use super::or_set::OrSet;
use super::pn_counter::PnCounter;
use super::rga::Rga;
use super::two_phase_set::TwoPhaseSet;
use crate::wal::bytes::{Reader, Writer};

macro_rules! states {
    ($($kind:ident = $number:literal),* $(,)?) => {
        /// An object's state, or a delta of it.
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        pub enum State {
            $(
                #[doc = concat!("Of a [`", stringify!($kind), "`].")]
                $kind($kind),
            )*
        }

        impl State {
            /// The least state of a type.
            #[must_use]
            pub fn new(kind: Kind) -> State {
                match kind {
                    $(Kind::$kind => State::$kind($kind::default()),)*
                }
            }

            /// The delta of a call; `None` for a call that the type does not offer.
            #[must_use]
            pub fn delta(&self, call: &Call, author: Author) -> Option<State> {
                match self {
                    $(State::$kind(own) => own.delta(call, author).map(State::$kind),)*
                }
            }

            /// The join of both, put in place of this one; whether that changed it. One of another type is passed over.
            pub fn join(&mut self, other: &State) -> bool {
                match (self, other) {
                    $((State::$kind(own), State::$kind(other)) => own.join(other),)*
                    _ => false,
                }
            }

            /// What a read answers.
            #[must_use]
            pub fn value(&self) -> Value {
                match self {
                    $(State::$kind(own) => own.value(),)*
                }
            }
        }

        impl Stored for State {
            fn put(&self, out: &mut Writer<'_>) {
                match self {
                    $(State::$kind(own) => {
                        out.byte($number);
                        own.put(out);
                    })*
                }
            }
            fn take(from: &mut Reader<'_>) -> Option<State> {
                match from.byte()? {
                    $($number => Stored::take(from).map(State::$kind),)*
                    _ => None,
                }
            }
        }
    };
}

states! {
    GCounter = 0,
    PnCounter = 1,
    GSet = 2,
    TwoPhaseSet = 3,
    OrSet = 4,
    LwwRegister = 5,
    MvRegister = 6,
    Rga = 7,
}

/// The objects that have been touched, or deltas of some of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Objects {
    /// By key; `None` for the only one.
    pub states: BTreeMap<Option<Key>, State>,
}

stored!(Objects { states });

impl Lattice for Objects {
    fn join(&mut self, other: &Objects) -> bool {
        let mut changed = false;
        for (key, state) in &other.states {
            match self.states.get_mut(key) {
                Some(own) => changed |= own.join(state),
                None => {
                    self.states.insert(*key, state.clone());
                    changed = true;
                }
            }
        }
        changed
    }
}

impl Objects {
    /// How many bytes it takes.
    #[must_use]
    pub fn bytes(&self) -> u32 {
        let mut bytes = Vec::new();
        self.put(&mut Writer(&mut bytes));
        u32::try_from(bytes.len()).unwrap_or(u32::MAX)
    }
}
