//! What clients ask: the mix of operations, the choice of keys and values. When they ask is [`super::load`]'s business.
//!
//! Everything about a client's n-th operation comes from the n-th block of its own stream, so what it asks does not
//! depend on how it was answered, nor on any other client.

use serde::{Deserialize, Serialize};

use crate::random::Rng;
use crate::random::zipf::Zipf;
use crate::value::{Call, Key, Micro, Operation, Value};

/// What a client asks: each kind of operation by its weight, over a set of keys.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mix {
    /// Kinds of operations with their weights.
    pub operations: Vec<(Ask, f64)>,
    /// How many keys there are; 0 for a system that is one object.
    pub keys: u64,
    /// How keys are chosen.
    #[serde(default)]
    pub popularity: Popularity,
    /// Which values are written.
    #[serde(default)]
    pub values: Values,
    /// The size of values that are written, for bandwidth and the byte counts.
    #[serde(default)]
    pub value_bytes: u32,
}

/// A kind of operation that workloads generate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Ask {
    /// Read a register.
    Read,
    /// Write a value nobody else writes.
    Write,
    /// Compare-and-set from a recently written value to a new one.
    Cas,
    /// Remove a key.
    Delete,
    /// Append a unique element.
    Append,
    /// Add 1 to a counter.
    Increment,
    /// Take 1 from a counter.
    Decrement,
    /// Insert an element into a set: a unique one, or one of few by `values`.
    Insert,
    /// Remove an element from a set. It is chosen as one to insert is, so it is of use with `values: Below(n)`.
    Remove,
    /// Put an element at the head of a list.
    Push,
    /// Put an element at a random place of a list.
    InsertAt,
    /// Take out the element at a random place of a list.
    RemoveAt,
    /// Enqueue a unique element.
    Enqueue,
    /// Dequeue.
    Dequeue,
    /// A transaction of this many reads and appends, half each.
    TxnAppend {
        /// The number of steps; at least 1.
        steps: u32,
    },
    /// A transaction of this many reads and writes, half each.
    TxnWrite {
        /// The number of steps; at least 1.
        steps: u32,
    },
    /// Call a service's method, by number.
    Invoke(u32),
}

/// Which values are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Values {
    /// Each written value is a number of its own; a compare-and-set expects the value this client last saw there.
    #[default]
    Unique,
    /// Numbers in 0..n, as Jepsen's register tests use, so that a compare-and-set often finds what it expects.
    Below(u32),
}

/// How keys are chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Popularity {
    /// All alike.
    #[default]
    Uniform,
    /// By Zipf's law: the k-th key with weight 1 / k^exponent.
    Zipf(f64),
}

impl Mix {
    /// Whether every field makes sense.
    ///
    /// # Errors
    /// The first thing that does not, in words.
    pub fn validate(&self) -> Result<(), String> {
        let total: f64 = self.operations.iter().map(|(_, weight)| weight).sum();
        if let Some((ask, weight)) = self.operations.iter().find(|(_, w)| !(w.is_finite() && *w >= 0.0)) {
            return Err(format!(
                "operations: the weight of {ask:?} is a finite number, 0 or more, found {weight}"
            ));
        }
        if !(total.is_finite() && total > 0.0) {
            return Err("operations: at least one needs a weight above 0".into());
        }
        let steps = self.operations.iter().find_map(|(ask, _)| match ask {
            Ask::TxnAppend { steps } | Ask::TxnWrite { steps } => Some(*steps),
            _ => None,
        });
        if steps == Some(0) {
            return Err("operations: a transaction has at least 1 step".into());
        }
        if steps.is_some() && self.keys == 0 {
            return Err("keys: transactions need at least 1 key".into());
        }
        if self.values == Values::Below(0) {
            return Err("values: Below(n) needs n of at least 1".into());
        }
        match self.popularity {
            Popularity::Zipf(exponent) if !(exponent.is_finite() && exponent >= 0.0) => {
                Err(format!("popularity: Zipf's exponent is a finite number, 0 or more, found {exponent}"))
            }
            Popularity::Zipf(_) if self.keys > 10_000_000 => {
                Err("popularity: Zipf over more than ten million keys would not fit in memory".into())
            }
            _ => Ok(()),
        }
    }
}

/// A workload with its tables made, shared by the clients of one group.
pub(crate) struct Generator {
    mix: Mix,
    total: f64,
    zipf: Option<Zipf>,
}

impl Generator {
    pub(crate) fn new(mix: Mix) -> Generator {
        let total = mix.operations.iter().map(|(_, weight)| weight).sum();
        let zipf = match mix.popularity {
            Popularity::Uniform => None,
            Popularity::Zipf(exponent) => Some(Zipf::new(mix.keys, exponent)),
        };
        Generator { mix, total, zipf }
    }

    fn key(&self, rng: &mut Rng) -> Option<Key> {
        let index = match &self.zipf {
            Some(zipf) => zipf.sample(rng),
            None => rng.below(self.mix.keys),
        };
        (self.mix.keys > 0).then_some(Key(index))
    }

    /// Whether clients must remember what they saw.
    pub(crate) fn remembers(&self) -> bool {
        self.mix.values == Values::Unique && self.mix.operations.iter().any(|(ask, _)| *ask == Ask::Cas)
    }

    /// The size of written values.
    pub(crate) fn value_bytes(&self) -> u32 {
        self.mix.value_bytes
    }

    /// The operation that belongs to a block of a client's stream. `unique` is a number no other operation of the run
    /// has; `seen` answers what the client last saw under a key.
    #[inline(always)]
    pub(crate) fn operation(
        &self,
        rng: &mut Rng,
        unique: i64,
        seen: impl Fn(Option<Key>) -> Value,
    ) -> Operation {
        let mut left = rng.unit() * self.total;
        let key = self.key(rng);
        let (from, to) = (rng.bits(), rng.bits());
        let ask = self.mix.operations.iter().find(|(_, weight)| {
            left -= weight;
            left < 0.0
        });
        let ask = ask.or(self.mix.operations.last()).map_or(Ask::Read, |(ask, _)| *ask);
        let small = |draw: u64, n: u32| Value::Int((draw % u64::from(n.max(1))) as i64);
        let value = match self.mix.values {
            Values::Unique => Value::Int(unique),
            Values::Below(n) => small(to, n),
        };
        let call = match ask {
            Ask::Read => Call::Read,
            Ask::Write => Call::Write(value),
            Ask::Cas => {
                let from = match self.mix.values {
                    Values::Unique => seen(key),
                    Values::Below(n) => small(from, n),
                };
                Call::Cas { from, to: value }
            }
            Ask::Delete => Call::Delete,
            Ask::Append => Call::Append(value),
            Ask::Increment => Call::Add(1),
            Ask::Decrement => Call::Add(-1),
            Ask::Insert => Call::Insert(value),
            Ask::Remove => Call::Remove(value),
            Ask::Push => Call::Push(value),
            Ask::InsertAt => Call::InsertAt { place: from as u16, value },
            Ask::RemoveAt => Call::RemoveAt { place: from as u16 },
            Ask::Enqueue => Call::Enqueue(value),
            Ask::Dequeue => Call::Dequeue,
            Ask::TxnAppend { steps } => return self.transaction(rng, steps, unique, Micro::Append),
            Ask::TxnWrite { steps } => return self.transaction(rng, steps, unique, Micro::Write),
            Ask::Invoke(method) => Call::Invoke { method, payload: value },
        };
        Operation { key, call }
    }

    fn transaction(
        &self,
        rng: &mut Rng,
        steps: u32,
        unique: i64,
        write: fn(Key, Value) -> Micro,
    ) -> Operation {
        let steps = (0..steps)
            .map(|step| {
                let (key, reads) = (self.key(rng).unwrap_or_default(), rng.chance(0.5));
                let value = Value::Int(unique * i64::from(steps) + i64::from(step));
                if reads { Micro::Read(key, None) } else { write(key, value) }
            })
            .collect();
        Operation { key: None, call: Call::Txn(steps) }
    }
}

#[cfg(test)]
mod tests {
    use super::{Ask, Generator, Mix, Popularity, Values};
    use crate::random::Rng;
    use crate::value::{Call, Value};

    fn mix() -> Mix {
        Mix {
            operations: vec![(Ask::Read, 1.0), (Ask::Write, 1.0), (Ask::Cas, 0.0)],
            keys: 3,
            popularity: Popularity::Zipf(1.0),
            values: Values::Unique,
            value_bytes: 0,
        }
    }

    #[test]
    fn written_values_are_unique_and_weights_are_kept() {
        let generator = Generator::new(mix());
        let (mut written, mut reads) = (indexmap::IndexSet::new(), 0);
        for client in 0..5 {
            for number in 0..200 {
                let mut rng = Rng::from_key((client << 32) | number);
                let unique = (number * 5 + client) as i64;
                match generator.operation(&mut rng, unique, |_| Value::Nil).call {
                    Call::Read => reads += 1,
                    Call::Write(Value::Int(n)) => assert!(written.insert(n), "{n} twice"),
                    other => panic!("{other:?} has weight 0"),
                }
            }
        }
        assert!((400..600).contains(&reads), "{reads}");
    }

    #[test]
    fn nonsense_is_refused() {
        let refuse = |change: fn(&mut Mix)| {
            let mut mix = mix();
            change(&mut mix);
            assert!(mix.validate().is_err(), "{mix:?}");
        };
        refuse(|m| m.operations.clear());
        refuse(|m| m.operations[0].1 = f64::NAN);
        refuse(|m| m.operations[0].1 = -1.0);
        refuse(|m| m.popularity = Popularity::Zipf(-1.0));
        refuse(|m| m.operations = vec![(Ask::TxnAppend { steps: 0 }, 1.0)]);
    }
}
