//! A record and its digest, made once for all who write it. Most are short, and need no memory of their own.

use super::frame::digest;

/// Room for most records; with a frame's head it is 64 bytes.
pub(super) const SHORT: usize = 43;

/// A record of the log's owner.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    pub(super) digest: u64,
    pub(super) bytes: Bytes,
}

/// Its bytes.
#[derive(Clone, Debug)]
pub(super) enum Bytes {
    /// So many of these.
    Short(u8, [u8; SHORT]),
    Long(Box<[u8]>),
}

impl Record {
    /// The record of these bytes.
    pub(crate) fn new(bytes: &[u8]) -> Record {
        let mut short = [0; SHORT];
        let digest = digest(bytes);
        let bytes = match short.get_mut(..bytes.len()) {
            Some(start) => {
                start.copy_from_slice(bytes);
                Bytes::Short(bytes.len() as u8, short)
            }
            None => Bytes::Long(bytes.into()),
        };
        Record { digest, bytes }
    }

    /// How many bytes it has.
    #[inline]
    pub(super) fn len(&self) -> usize {
        match &self.bytes {
            Bytes::Short(len, _) => usize::from(*len),
            Bytes::Long(bytes) => bytes.len(),
        }
    }
}
