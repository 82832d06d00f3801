//! A server's state machine, brought up to what the server has applied when somebody looks at it.
//!
//! Of a follower nobody asks anything until it leads, is read from, or takes a snapshot; until then what it has applied stays in the
//! log, and costs a number. Nothing tells this from applying at once, which is its twin in the tests: the machine is only to be had
//! brought up, and whoever takes applied entries out of the log has it brought up before.

use std::cell::{RefCell, RefMut};

use sim_core::history::Answer;

use super::entry::{Index, Payload};
use super::log::Log;
use super::machine::Machine;

/// The state machine, and how far it has been brought.
#[derive(Debug)]
pub(super) struct State(RefCell<Brought>);

#[derive(Debug)]
struct Brought {
    machine: Machine,
    to: Index,
}

impl State {
    /// This machine, which has everything up to this place.
    pub(super) fn new(machine: Machine, to: Index) -> State {
        State(RefCell::new(Brought { machine, to }))
    }

    /// The machine with everything applied up to a place.
    #[inline]
    pub(super) fn at(&self, log: &Log, applied: Index) -> RefMut<'_, Machine> {
        let mut brought = self.0.borrow_mut();
        if brought.to < applied {
            brought.bring(log, applied);
        }
        RefMut::map(brought, |brought| &mut brought.machine)
    }

    /// The entries from a place on are about to leave the log: what is applied of them is applied before.
    pub(super) fn before_cut(&self, log: &Log, from: Index, applied: Index) {
        if from <= applied {
            drop(self.at(log, applied));
        }
    }

    /// Applies everything up to a place; answers what the client is to be told whose command is there.
    #[inline]
    pub(super) fn answer(&mut self, log: &Log, index: Index) -> Option<Answer> {
        let brought = self.0.get_mut();
        brought.bring(log, index - 1);
        brought.to = index;
        match &log.get(index)?.payload {
            Payload::Command(command) => brought.machine.apply(command, true),
            _ => None,
        }
    }
}

impl Brought {
    fn bring(&mut self, log: &Log, applied: Index) {
        while self.to < applied {
            self.to += 1;
            if let Some(Payload::Command(command)) = log.get(self.to).map(|entry| &entry.payload) {
                self.machine.apply(command, false);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use super::State;
    use crate::raft::entry::{Command, Entry, Payload};
    use crate::raft::log::Log;
    use crate::raft::machine::Machine;
    use proptest::prelude::{any, prop_oneof};
    use sim_core::value::{Call, Key, Operation};

    fn command(key: u64, serial: u32, number: i64) -> Command {
        let call = match number % 4 {
            0 => Call::Read,
            1 => Call::Write(number.into()),
            2 => Call::Add(number),
            _ => Call::Append(number.into()),
        };
        Command { process: 7, serial, operation: Operation { key: Some(Key(key)), call } }
    }

    proptest::proptest! {
        /// The twin applies every command at once.
        #[test]
        fn when_it_is_looked_at_makes_no_difference(
            steps in proptest::collection::vec(
                (0u64..3, 0u32..30, 0i64..9, prop_oneof!["apply", "apply", "answer", "look", "compact", "cut"]), 1..80),
            sessions in any::<bool>(),
        ) {
            let (mut log, mut twin) = (Log::default(), Machine::new(sessions));
            let mut state = State::new(Machine::new(sessions), 0);
            for (index, (key, serial, number, what)) in (1..).zip(steps) {
                let command = command(key, serial, number);
                log.append(Rc::new(Entry::new(index, 1, Payload::Command(command.clone()))));
                let told = twin.apply(&command, true);
                match what.as_str() {
                    "answer" => assert_eq!(state.answer(&log, index), told),
                    "look" => assert_eq!(*state.at(&log, index), twin),
                    "compact" => {
                        drop(state.at(&log, index));
                        log.compact(index);
                    }
                    // Another entry takes its place, which has been applied already.
                    "cut" => {
                        state.before_cut(&log, index, index);
                        log.cut(index);
                        log.append(Rc::new(Entry::new(index, 2, Payload::Noop)));
                    }
                    _ => {}
                }
            }
            assert_eq!(*state.at(&log, log.last_index()), twin);
        }
    }
}
