//! The elements of all lists, numbered: by an array where a list's elements are small numbers given out in order, as
//! those of generated workloads are, and by a table where they are anything else.
//!
//! Deliberately absent: what is inferred from them (see [`super::list_append`]).

use std::ops::{Index, IndexMut};

use sim_core::value::Value;

use crate::intern::Table;

const NONE: u32 = u32::MAX;

/// What is known of one element of one list.
#[derive(Clone, Copy, Debug)]
pub(super) struct Element<'l> {
    pub key: u32,
    pub value: &'l Value,
    /// Who appended it and may have committed.
    pub writer: u32,
    /// Who appended it and certainly did not commit.
    pub aborted: u32,
    /// The transaction that appended it and then another to the same list.
    pub intermediate: u32,
    /// How many times it was appended by transactions that may have committed. If more than once, nobody can tell whose a
    /// read saw, and it has no writer.
    pub appends: u32,
    /// Its place in the order of versions; `u32::MAX` if no read that counts saw it.
    pub position: u32,
}

/// All elements by number, and their numbers.
#[derive(Debug)]
pub(super) struct Elements<'l> {
    list: Vec<Element<'l>>,
    small: Vec<Vec<u32>>,
    large: Table<(u32, &'l Value), u32>,
}

impl<'l> Elements<'l> {
    pub fn new(keys: usize, expected: usize) -> Elements<'l> {
        Elements {
            list: Vec::with_capacity(expected),
            small: vec![Vec::new(); keys],
            large: Table::default(),
        }
    }

    pub fn len(&self) -> usize {
        self.list.len()
    }

    pub fn iter(&self) -> impl Iterator<Item = &Element<'l>> {
        self.list.iter()
    }

    /// The number of an element that is known.
    pub fn find(&self, key: u32, value: &Value) -> Option<u32> {
        if let Value::Int(n) = value
            && let Some(number) = usize::try_from(*n).ok().and_then(|n| self.small[key as usize].get(n))
            && *number != NONE
        {
            return Some(*number);
        }
        self.large.get(&(key, value)).copied()
    }

    /// What is known of an element.
    pub fn get(&self, key: u32, value: &Value) -> Option<&Element<'l>> {
        self.find(key, value).map(|number| &self[number])
    }

    /// The number of an element, new or not.
    pub fn number(&mut self, key: u32, value: &'l Value) -> u32 {
        if let Some(number) = self.find(key, value) {
            return number;
        }
        let number = self.list.len() as u32;
        let (writer, aborted, intermediate, position) = (NONE, NONE, NONE, NONE);
        self.list.push(Element { key, value, writer, aborted, intermediate, appends: 0, position });
        let small = &mut self.small[key as usize];
        match value {
            Value::Int(n) if *n >= 0 && *n < 2 * small.len() as i64 + 8 => {
                let at = *n as usize;
                if at >= small.len() {
                    small.resize(at + 1, NONE);
                }
                small[at] = number;
            }
            _ => {
                self.large.insert((key, value), number);
            }
        }
        number
    }
}

impl<'l> Index<u32> for Elements<'l> {
    type Output = Element<'l>;
    fn index(&self, number: u32) -> &Element<'l> {
        &self.list[number as usize]
    }
}

impl<'l> IndexMut<u32> for Elements<'l> {
    fn index_mut(&mut self, number: u32) -> &mut Element<'l> {
        &mut self.list[number as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::Elements;
    use sim_core::value::Value;

    #[test]
    fn elements_of_any_kind_keep_their_numbers() {
        let values: Vec<Value> = [5i64, 0, -3, 1_000_000, 9, 4, 70, i64::MAX, i64::MIN]
            .into_iter()
            .map(Value::Int)
            .chain(["a".into(), Value::Nil])
            .collect();
        let mut elements = Elements::new(2, 0);
        for key in 0..2 {
            for (i, value) in values.iter().enumerate() {
                assert_eq!(elements.find(key, value), None);
                let number = elements.number(key, value);
                assert_eq!(number as usize, i + key as usize * values.len());
                assert_eq!(elements.number(key, value), number);
                assert_eq!(elements.find(key, value), Some(number));
                assert_eq!((elements[number].key, elements[number].value), (key, value));
            }
        }
        assert_eq!(elements.len(), 2 * values.len());
    }
}
