//! The usual events of a register into a history, without a detour: what [`Assembly::event`] would make of them.
//!
//! Deliberately absent: whatever needs a second thought, which is refused before anything is changed.

use sim_core::history::{Answer, Entry, Outcome, Reason};
use sim_core::time::Time;
use sim_core::value::{Call, Operation, Value};

use super::Format;
use super::assemble::{Assembly, Tuples, blank};
use super::edn_usual::{Deed, Told, Usual};
use super::event::Kind;

impl Assembly {
    /// Takes in a usual event of a file from elsewhere whose values are no pairs `[key value]`; `false`, and nothing is
    /// changed, if it has to be taken in by [`Assembly::event`].
    #[inline]
    pub(super) fn usual(&mut self, event: Usual) -> bool {
        if !matches!(self.tuples, Tuples::No) || self.dialect.ours || self.dialect.format != Format::JepsenEdn
        {
            return false;
        }
        if event.kind == Kind::Invoke { self.usual_invocation(event) } else { self.usual_end(event) }
    }

    #[inline]
    fn usual_invocation(&mut self, event: Usual) -> bool {
        let call = match (event.deed, event.told) {
            (Deed::Read, _) => Call::Read,
            (Deed::Write, Told::Int(written)) => Call::Write(Value::Int(written)),
            (Deed::Cas, Told::Pair(from, to)) => Call::Cas { from: Value::Int(from), to: Value::Int(to) },
            _ => return false,
        };
        let open = self.clients.of(event.process);
        open.clear();
        open.push(self.entries.len());
        self.entries.push(Entry {
            invoked: Time(self.position),
            invoked_index: self.position,
            ..blank(event.process, Operation { key: None, call })
        });
        self.position += 1;
        if let Some((places, _)) = &mut self.places {
            places.push(event.at);
        }
        true
    }

    #[inline]
    fn usual_end(&mut self, event: Usual) -> bool {
        let open = self.clients.of(event.process);
        let Some(index) = open.first().filter(|_| !open.is_several()) else { return false };
        let entry = &mut self.entries[index];
        let answer = match (event.kind, event.deed, event.told, &mut entry.operation.call) {
            (Kind::Fail, ..) => None,
            (Kind::Info, ..) => {
                entry.outcome = Outcome::Unknown(Reason::Unstated);
                open.clear();
                return true;
            }
            (_, Deed::Read, Told::Int(seen), Call::Read) => Some(Value::Int(seen)),
            (_, Deed::Write, Told::Int(written), Call::Write(value)) => {
                *value = Value::Int(written);
                Some(Value::Nil)
            }
            (_, Deed::Cas, Told::Pair(first, second), Call::Cas { from, to }) => {
                (*from, *to) = (Value::Int(first), Value::Int(second));
                Some(Value::Bool(true))
            }
            _ => return false,
        };
        entry.outcome = match answer {
            Some(answer) => Outcome::Ok(Answer::Value(answer)),
            None => Outcome::Failed(Reason::Unstated),
        };
        (entry.completed, entry.completed_index) = (Time(self.position), self.position);
        self.position += 1;
        open.clear();
        true
    }
}
