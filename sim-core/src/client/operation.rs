//! One operation of a client, from its invocation to its end: its attempts, and which of them may have landed.
//!
//! Deliberately absent: when the next attempt goes out, and to whom, which is `session's and the world's business.

use crate::client::layered::Inside;
use crate::client::level::Level;
use crate::peer::Peer;
use crate::time::{Span, Time};
use crate::value::Operation;

/// An operation that has not ended.
pub(crate) struct Op {
    /// Its place in the history.
    pub(crate) entry: usize,
    /// Its number among its client's.
    pub(crate) number: u64,
    pub(crate) operation: Operation,
    pub(crate) level: Option<Level>,
    /// The latest attempt, from 1.
    pub(crate) attempt: u32,
    /// How many attempts count against the limit: all but those a redirect asked for.
    pub(crate) tries: u32,
    pub(crate) redirects: u32,
    /// Attempts that may have landed, a bit each; the last bit stands for all from 127 on.
    in_doubt: u128,
    pub(crate) wait: Span,
    /// When the latest attempt was sent.
    pub(crate) sent_at: Time,
    /// The first attempt of those that are copies of each other, the latest among them, and when it was sent.
    pub(crate) copies_from: u32,
    pub(crate) began_at: Time,
    /// Whom the latest attempt went to.
    pub(crate) asked: Peer,
    /// How many of these are on their way.
    pub(crate) on_their_way: u32,
    /// When it is given up, however many attempts are left.
    pub(crate) deadline: Time,
    /// Whether the latest attempt has been answered or given up, and the next has not been sent.
    pub(crate) between: bool,
    /// Where it is in its client's layers, if that has some.
    pub(crate) inside: Option<Box<Inside>>,
}

/// How many redirects in a row an operation follows without counting them as attempts.
pub(crate) const FREE_REDIRECTS: u32 = 8;

impl Op {
    #[inline(always)]
    pub(crate) fn new(entry: usize, number: u64, operation: Operation, level: Option<Level>) -> Op {
        let (attempt, tries, redirects, in_doubt) = (0, 0, 0, 0);
        Op {
            entry,
            number,
            operation,
            level,
            attempt,
            tries,
            redirects,
            in_doubt,
            wait: Span::ZERO,
            sent_at: Time::ZERO,
            copies_from: 0,
            began_at: Time::ZERO,
            on_their_way: 0,
            asked: Peer::node(0),
            deadline: Time::NEVER,
            between: true,
            inside: None,
        }
    }
    /// An attempt is on its way.
    #[inline]
    pub(crate) fn sent(&mut self) {
        self.attempt += 1;
        self.in_doubt |= 1 << self.attempt.min(127);
        self.between = false;
    }
    /// An attempt certainly did nothing.
    #[inline]
    pub(crate) fn cleared(&mut self, attempt: u32) {
        if attempt < 127 {
            self.in_doubt &= !(1 << attempt);
        }
    }
    /// Whether any attempt may have done something.
    #[inline]
    pub(crate) fn may_have_landed(&self) -> bool {
        self.in_doubt != 0 && !self.operation.call.is_read_only()
    }
}
