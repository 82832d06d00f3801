//! The last-writer-wins register (INRIA RR-7506, §3.2.1): the value with the latest wall-clock time, then the highest
//! replica. Clocks that differ lose writes.

use sim_core::peer::Peer;
use sim_core::value::{Call, Value};

use super::bytes::stored;
use super::lattice::{Author, Lattice, Replicated};

/// When and where something was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stamp {
    /// The wall clock in nanoseconds.
    pub at: u64,
    /// The replica.
    pub node: Peer,
}

stored!(Stamp { at, node });

/// A register. It offers `Write`, `Delete` and `Read`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct LwwRegister {
    written: Option<(Stamp, Value)>,
}

stored!(LwwRegister { written });

impl Lattice for LwwRegister {
    fn join(&mut self, other: &LwwRegister) -> bool {
        // Of two writes of one replica at one instant the greater value stays: any rule will do that all follow.
        let newer = other.written > self.written;
        if newer {
            self.written.clone_from(&other.written);
        }
        newer
    }
}

impl Replicated for LwwRegister {
    fn delta(&self, call: &Call, author: Author) -> Option<LwwRegister> {
        let value = match call {
            Call::Write(value) => value.clone(),
            Call::Delete => Value::Nil,
            _ => return None,
        };
        Some(LwwRegister { written: Some((Stamp { at: author.wall, node: author.node }, value)) })
    }

    fn value(&self) -> Value {
        self.written.as_ref().map_or(Value::Nil, |(_, value)| value.clone())
    }
}
