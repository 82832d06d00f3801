//! Numbers an object's values from 0 in the order in which they are first seen, one object after another with one table.
//!
//! Most values are small whole numbers: those are looked up in a list, which is never emptied; each of its places says in which round
//! it was written. Deliberately absent: a way back from the number to the value.

use indexmap::IndexMap;
use sim_core::value::Value;

use super::hash::Quick;

/// No whole number from this on is small.
const SMALL: u64 = 1 << 20;
/// Below this all are, and below so much more for each value that was numbered in the rounds before: the list is no longer than
/// fits what it is used for.
const FIRST: u64 = 1 << 10;
const FOR_EACH: u64 = 8;

/// The values seen in one round.
#[derive(Debug, Default)]
pub(super) struct Values<'a> {
    round: u32,
    count: u32,
    /// How many were numbered in the rounds before.
    before: u64,
    /// In this round, whole numbers below this are small.
    reach: u64,
    /// By the value: in which round it was seen last, and its number then.
    small: Vec<(u32, u32)>,
    nil: (u32, u32),
    others: IndexMap<&'a Value, u32, Quick>,
}

impl<'a> Values<'a> {
    /// Begins with another object: no value has been seen.
    pub(super) fn begin(&mut self) {
        self.round += 1;
        self.before += u64::from(self.count);
        self.reach = (FIRST + FOR_EACH * self.before).min(SMALL);
        self.count = 0;
        self.others.clear();
    }

    /// The number of a value.
    #[inline]
    pub(super) fn number(&mut self, value: &'a Value) -> u32 {
        let seen = match value {
            Value::Int(int) if (*int as u64) < self.reach => {
                let place = *int as usize;
                if place >= self.small.len() {
                    self.small.resize(place + 1, (0, 0));
                }
                &mut self.small[place]
            }
            Value::Nil => &mut self.nil,
            other => {
                let number = *self.others.entry(other).or_insert(self.count);
                self.count = self.count.max(number + 1);
                return number;
            }
        };
        if seen.0 != self.round {
            *seen = (self.round, self.count);
            self.count += 1;
        }
        seen.1
    }
}

#[cfg(test)]
mod tests {
    use super::{FIRST, SMALL, Values};
    use indexmap::IndexSet;
    use proptest::prelude::{Just, Strategy, prop_oneof};
    use sim_core::value::Value;

    fn value() -> impl Strategy<Value = Value> {
        let near = prop_oneof![FIRST as i64 - 2..FIRST as i64 + 99, SMALL as i64 - 2..SMALL as i64 + 2];
        let near = near.prop_map(Value::Int);
        prop_oneof![
            (-2i64..6).prop_map(Value::Int),
            near,
            Just(Value::Nil),
            proptest::prelude::any::<bool>().prop_map(Value::Bool),
            "[a-c]".prop_map(|text| Value::Text(text.as_str().into())),
        ]
    }

    proptest::proptest! {
        /// The twin is a set in the order of insertion, a new one each round.
        #[test]
        fn it_numbers_as_a_set_does(
            rounds in proptest::collection::vec(proptest::collection::vec(value(), 0..20), 1..4),
        ) {
            let mut values = Values::default();
            for round in &rounds {
                values.begin();
                let mut twin = IndexSet::new();
                for value in round {
                    assert_eq!(values.number(value) as usize, twin.insert_full(value).0);
                }
            }
        }
    }
}
