//! Bytes of records: whole numbers of variable length, lengths before contents, little by little in, little by little
//! out. Reading answers `None` for what is not there, and never panics.
//!
//! Deliberately absent: versions and schemas; a run's disk is written and read by one build.

use sim_core::value::{Call, Key, Micro, Operation, Value};

/// Where bytes go.
pub trait Sink {
    /// One byte.
    fn byte(&mut self, byte: u8);
    /// Several.
    fn bytes(&mut self, bytes: &[u8]);
    /// A number, seven bits a byte, least significant first.
    fn number(&mut self, n: u64);
}

impl Sink for Vec<u8> {
    fn byte(&mut self, byte: u8) {
        self.push(byte);
    }
    fn bytes(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }
    fn number(&mut self, mut n: u64) {
        while n >= 0x80 {
            self.push(n as u8 | 0x80);
            n >>= 7;
        }
        self.push(n as u8);
    }
}

/// Counts bytes, and keeps none.
#[derive(Debug, Default)]
pub struct Count(pub usize);

impl Sink for Count {
    #[inline]
    fn byte(&mut self, _: u8) {
        self.0 += 1;
    }
    fn bytes(&mut self, bytes: &[u8]) {
        self.0 += bytes.len();
    }
    #[inline]
    fn number(&mut self, n: u64) {
        self.0 += (64 - (n | 1).leading_zeros()).div_ceil(7) as usize;
    }
}

/// Writes numbers and values at the end of a buffer.
#[derive(Debug)]
pub struct Writer<'a, S: Sink = Vec<u8>>(pub &'a mut S);

impl<S: Sink> Writer<'_, S> {
    /// One byte.
    #[inline]
    pub fn byte(&mut self, byte: u8) {
        self.0.byte(byte);
    }
    /// A number, seven bits a byte, least significant first.
    #[inline]
    pub fn number(&mut self, n: u64) {
        self.0.number(n);
    }
    /// A signed number, small ones short.
    pub fn signed(&mut self, n: i64) {
        self.number(((n << 1) ^ (n >> 63)) as u64);
    }
    /// Bytes behind their length.
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.number(bytes.len() as u64);
        self.0.bytes(bytes);
    }
    /// A value.
    pub fn value(&mut self, value: &Value) {
        match value {
            Value::Nil => self.byte(0),
            Value::Bool(b) => self.byte(1 + u8::from(*b)),
            Value::Int(n) => {
                self.byte(3);
                self.signed(*n);
            }
            Value::Text(text) => {
                self.byte(4);
                self.bytes(text.as_bytes());
            }
            Value::List(items) => {
                self.byte(5);
                self.number(items.len() as u64);
                items.iter().for_each(|item| self.value(item));
            }
        }
    }
    /// An operation; calls without an argument take one byte.
    pub fn operation(&mut self, operation: &Operation) {
        self.number(operation.key.map_or(0, |key| key.0.wrapping_add(1)));
        self.byte(u8::from(operation.key.is_some()));
        match &operation.call {
            Call::Read => self.byte(0),
            Call::Delete => self.byte(1),
            Call::Dequeue => self.byte(2),
            Call::Pop => self.byte(3),
            Call::Acquire => self.byte(4),
            Call::Release => self.byte(5),
            Call::Write(v) => self.tagged(6, v),
            Call::Append(v) => self.tagged(7, v),
            Call::Insert(v) => self.tagged(8, v),
            Call::Remove(v) => self.tagged(9, v),
            Call::Contains(v) => self.tagged(10, v),
            Call::Enqueue(v) => self.tagged(11, v),
            Call::Push(v) => self.tagged(12, v),
            Call::Cas { from, to } => {
                self.tagged(13, from);
                self.value(to);
            }
            Call::Add(n) => {
                self.byte(14);
                self.signed(*n);
            }
            Call::Txn(steps) => {
                self.byte(15);
                self.steps(steps);
            }
            Call::Invoke { method, payload } => {
                self.tagged(16, payload);
                self.number(u64::from(*method));
            }
            Call::InsertAt { place, value } => {
                self.tagged(17, value);
                self.number(u64::from(*place));
            }
            Call::RemoveAt { place } => {
                self.byte(18);
                self.number(u64::from(*place));
            }
        }
    }
    fn tagged(&mut self, tag: u8, value: &Value) {
        self.byte(tag);
        self.value(value);
    }
    /// The steps of a transaction.
    pub fn steps(&mut self, steps: &[Micro]) {
        self.number(steps.len() as u64);
        for step in steps {
            let (tag, key, value) = match step {
                Micro::Append(key, value) => (0, key, Some(value)),
                Micro::Write(key, value) => (1, key, Some(value)),
                Micro::Read(key, Some(value)) => (2, key, Some(value)),
                Micro::Read(key, None) => (3, key, None),
            };
            self.byte(tag);
            self.number(key.0);
            if let Some(value) = value {
                self.value(value);
            }
        }
    }
}

/// Reads what a [`Writer`] wrote; `None` where the bytes are something else.
#[derive(Clone, Debug)]
pub struct Reader<'a>(pub &'a [u8]);

/// How deep lists within lists may be, so that damaged bytes cannot exhaust the stack.
const DEPTH_MAX: u32 = 32;

impl<'a> Reader<'a> {
    /// Whether everything has been read.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
    /// One byte.
    pub fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }
    /// A number.
    pub fn number(&mut self) -> Option<u64> {
        let mut n = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            n |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(n);
            }
        }
        None
    }
    /// A signed number.
    pub fn signed(&mut self) -> Option<i64> {
        let n = self.number()?;
        Some((n >> 1) as i64 ^ -((n & 1) as i64))
    }
    /// Bytes behind their length.
    pub fn bytes(&mut self) -> Option<&'a [u8]> {
        let len = usize::try_from(self.number()?).ok()?;
        let (bytes, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(bytes)
    }
    /// A length that what follows can have: each item takes a byte at least.
    pub fn count(&mut self) -> Option<usize> {
        usize::try_from(self.number()?).ok().filter(|count| *count <= self.0.len())
    }
    /// A value.
    pub fn value(&mut self) -> Option<Value> {
        self.nested(0)
    }
    fn nested(&mut self, depth: u32) -> Option<Value> {
        Some(match self.byte()? {
            0 => Value::Nil,
            1 => Value::Bool(false),
            2 => Value::Bool(true),
            3 => Value::Int(self.signed()?),
            4 => Value::Text(std::str::from_utf8(self.bytes()?).ok()?.into()),
            5 if depth < DEPTH_MAX => {
                let count = self.count()?;
                Value::List((0..count).map(|_| self.nested(depth + 1)).collect::<Option<_>>()?)
            }
            _ => return None,
        })
    }
    /// An operation.
    pub fn operation(&mut self) -> Option<Operation> {
        let number = self.number()?;
        let key = match self.byte()? {
            0 => None,
            1 => Some(Key(number.wrapping_sub(1))),
            _ => return None,
        };
        let call = match self.byte()? {
            0 => Call::Read,
            1 => Call::Delete,
            2 => Call::Dequeue,
            3 => Call::Pop,
            4 => Call::Acquire,
            5 => Call::Release,
            6 => Call::Write(self.value()?),
            7 => Call::Append(self.value()?),
            8 => Call::Insert(self.value()?),
            9 => Call::Remove(self.value()?),
            10 => Call::Contains(self.value()?),
            11 => Call::Enqueue(self.value()?),
            12 => Call::Push(self.value()?),
            13 => Call::Cas { from: self.value()?, to: self.value()? },
            14 => Call::Add(self.signed()?),
            15 => Call::Txn(self.steps()?),
            16 => Call::Invoke { payload: self.value()?, method: u32::try_from(self.number()?).ok()? },
            17 => Call::InsertAt { value: self.value()?, place: u16::try_from(self.number()?).ok()? },
            18 => Call::RemoveAt { place: u16::try_from(self.number()?).ok()? },
            _ => return None,
        };
        Some(Operation { key, call })
    }
    /// The steps of a transaction.
    pub fn steps(&mut self) -> Option<Vec<Micro>> {
        let count = self.count()?;
        (0..count)
            .map(|_| {
                let (tag, key) = (self.byte()?, Key(self.number()?));
                Some(match tag {
                    0 => Micro::Append(key, self.value()?),
                    1 => Micro::Write(key, self.value()?),
                    2 => Micro::Read(key, Some(self.value()?)),
                    3 => Micro::Read(key, None),
                    _ => return None,
                })
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{Count, Reader, Writer};
    use proptest::prelude::{Just, Strategy, any, prop_oneof};
    use proptest::{collection, proptest};
    use sim_core::value::{Call, Key, Micro, Operation, Value};

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Nil),
            any::<bool>().prop_map(Value::Bool),
            any::<i64>().prop_map(Value::Int),
            "\\PC{0,6}".prop_map(|text| Value::Text(text.into())),
        ];
        leaf.prop_recursive(3, 12, 4, |inner| collection::vec(inner, 0..4).prop_map(Value::List))
    }

    fn call() -> impl Strategy<Value = Call> {
        prop_oneof![
            Just(Call::Read),
            Just(Call::Pop),
            value().prop_map(Call::Write),
            (value(), value()).prop_map(|(from, to)| Call::Cas { from, to }),
            any::<i64>().prop_map(Call::Add),
            (any::<u64>(), value()).prop_map(|(key, v)| Call::Txn(vec![
                Micro::Append(Key(key), v.clone()),
                Micro::Read(Key(key), None),
                Micro::Read(Key(key), Some(v)),
            ])),
            (any::<u32>(), value()).prop_map(|(method, payload)| Call::Invoke { method, payload }),
        ]
    }

    proptest! {
        #[test]
        fn operations_read_back_as_written(key in proptest::option::of(any::<u64>()), call in call()) {
            let operation = Operation { key: key.map(Key), call };
            let mut bytes = Vec::new();
            Writer(&mut bytes).operation(&operation);
            let mut count = Count::default();
            Writer(&mut count).operation(&operation);
            assert_eq!(count.0, bytes.len());
            let mut reader = Reader(&bytes);
            assert_eq!(reader.operation(), Some(operation));
            assert!(reader.is_empty());
        }

        #[test]
        fn damaged_bytes_are_no_reason_to_panic(bytes in collection::vec(any::<u8>(), 0..60)) {
            let _ = Reader(&bytes).operation();
            let _ = Reader(&bytes).steps();
            let _ = Reader(&bytes).signed();
        }
    }
}
