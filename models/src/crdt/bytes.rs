//! Replicated states as bytes: for the log on the disk, and for the size of messages.
//!
//! Deliberately absent: versions of the format; a log lives as long as its run.

use std::collections::{BTreeMap, BTreeSet};

use sim_core::peer::Peer;
use sim_core::value::{Key, Value};

use crate::wal::bytes::{Reader, Writer};

/// Something that is written to the disk and read again.
pub trait Stored: Sized {
    /// Writes it.
    fn put(&self, out: &mut Writer<'_>);
    /// Reads it; `None` if that is not what is there.
    fn take(from: &mut Reader<'_>) -> Option<Self>;
}

/// Writes a structure field by field.
macro_rules! stored {
    ($name:ident { $($field:ident),* }) => {
        impl $crate::crdt::bytes::Stored for $name {
            fn put(&self, out: &mut $crate::wal::bytes::Writer<'_>) {
                $($crate::crdt::bytes::Stored::put(&self.$field, out);)*
            }
            fn take(from: &mut $crate::wal::bytes::Reader<'_>) -> Option<Self> {
                Some($name { $($field: $crate::crdt::bytes::Stored::take(from)?),* })
            }
        }
    };
}
pub(super) use stored;

impl Stored for u64 {
    fn put(&self, out: &mut Writer<'_>) {
        out.number(*self);
    }
    fn take(from: &mut Reader<'_>) -> Option<u64> {
        from.number()
    }
}

impl Stored for Peer {
    fn put(&self, out: &mut Writer<'_>) {
        out.number(self.index() as u64);
    }
    fn take(from: &mut Reader<'_>) -> Option<Peer> {
        from.number()?.try_into().ok().filter(|index| *index < 1 << 31).map(Peer::node)
    }
}

impl Stored for Key {
    fn put(&self, out: &mut Writer<'_>) {
        out.number(self.0);
    }
    fn take(from: &mut Reader<'_>) -> Option<Key> {
        from.number().map(Key)
    }
}

impl Stored for Value {
    fn put(&self, out: &mut Writer<'_>) {
        out.value(self);
    }
    fn take(from: &mut Reader<'_>) -> Option<Value> {
        from.value()
    }
}

impl<T: Stored> Stored for Option<T> {
    fn put(&self, out: &mut Writer<'_>) {
        out.byte(u8::from(self.is_some()));
        if let Some(it) = self {
            it.put(out);
        }
    }
    fn take(from: &mut Reader<'_>) -> Option<Option<T>> {
        match from.byte()? {
            0 => Some(None),
            _ => T::take(from).map(Some),
        }
    }
}

impl<A: Stored, B: Stored> Stored for (A, B) {
    fn put(&self, out: &mut Writer<'_>) {
        self.0.put(out);
        self.1.put(out);
    }
    fn take(from: &mut Reader<'_>) -> Option<(A, B)> {
        Some((A::take(from)?, B::take(from)?))
    }
}

impl<T: Stored + Ord> Stored for BTreeSet<T> {
    fn put(&self, out: &mut Writer<'_>) {
        out.number(self.len() as u64);
        self.iter().for_each(|it| it.put(out));
    }
    fn take(from: &mut Reader<'_>) -> Option<BTreeSet<T>> {
        (0..from.count()?).map(|_| T::take(from)).collect()
    }
}

impl<K: Stored + Ord, V: Stored> Stored for BTreeMap<K, V> {
    fn put(&self, out: &mut Writer<'_>) {
        out.number(self.len() as u64);
        for (key, value) in self {
            key.put(out);
            value.put(out);
        }
    }
    fn take(from: &mut Reader<'_>) -> Option<BTreeMap<K, V>> {
        (0..from.count()?).map(|_| Some((K::take(from)?, V::take(from)?))).collect()
    }
}
