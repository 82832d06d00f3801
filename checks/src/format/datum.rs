//! What EDN and JSON have in common: the tree that a value is read into before it is known what it means.
//!
//! Deliberately absent: exact numbers that are not whole, characters and tags, which no history needs: they become
//! text or what they are tags of.

use sim_core::value::{Key, Value};

use super::keys::KeyTable;

/// A value of a file.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Datum {
    Nil,
    Bool(bool),
    Int(i64),
    /// A string.
    Text(Box<str>),
    /// A keyword, without its colon, or any other bare word.
    Word(Box<str>),
    /// A vector, list, set or array.
    List(Vec<Datum>),
    /// A map or object.
    Map(Vec<(Datum, Datum)>),
}

impl Datum {
    /// The value it stands for. A map becomes the list of its pairs.
    pub(super) fn into_value(self) -> Value {
        match self {
            Datum::Nil => Value::Nil,
            Datum::Bool(b) => Value::Bool(b),
            Datum::Int(n) => Value::Int(n),
            Datum::Text(text) | Datum::Word(text) => Value::Text(text),
            Datum::List(items) => Value::List(items.into_iter().map(Datum::into_value).collect()),
            Datum::Map(pairs) => Value::List(
                pairs.into_iter().map(|(k, v)| Value::List(vec![k.into_value(), v.into_value()])).collect(),
            ),
        }
    }

    /// The text of a string or word.
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Datum::Text(text) | Datum::Word(text) => Some(text),
            _ => None,
        }
    }

    /// The list, if it is one of exactly two.
    pub(super) fn pair(&self) -> Option<(&Datum, &Datum)> {
        match self {
            Datum::List(items) => match items.as_slice() {
                [first, second] => Some((first, second)),
                _ => None,
            },
            _ => None,
        }
    }

    /// The two of a list of exactly two.
    pub(super) fn into_pair(self) -> Option<(Datum, Datum)> {
        let Datum::List(items) = self else { return None };
        let [first, second] = <[Datum; 2]>::try_from(items).ok()?;
        Some((first, second))
    }

    /// The key it names, if it can name one.
    pub(super) fn key(&self, keys: &mut KeyTable) -> Option<Key> {
        match self {
            Datum::Int(n) => match u64::try_from(*n) {
                Ok(n) => keys.number(n),
                Err(_) => Some(keys.named(&n.to_string())),
            },
            Datum::Text(text) | Datum::Word(text) => Some(keys.named(text)),
            Datum::List(_) => Some(keys.named(&self.clone().into_value().to_string())),
            Datum::Nil | Datum::Bool(_) | Datum::Map(_) => None,
        }
    }
}
