//! How a call between services ended, as its caller sees it.

/// How a call, or one attempt of it, ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// It was done.
    Ok,
    /// It was answered by a fallback.
    Degraded,
    /// The callee failed at it; another time may be better.
    Failed,
    /// The callee says that no repetition will help: the message is poison.
    Fatal,
    /// The callee turned it away: overloaded, draining, too late.
    Rejected,
    /// Nobody listens there.
    Refused,
    /// No answer came in time.
    Timeout,
    /// A breaker is open.
    ShortCircuit,
    /// A limit of the caller's own was reached: a rate, a bulkhead, a throttle.
    Limited,
    /// There is nobody to send it to.
    NoInstance,
    /// It was called off before it was done: its caller left, or the copy it was tied to began first.
    TakenBack,
}

impl Outcome {
    /// All of them, in the order of their numbers.
    pub const ALL: [Outcome; 11] = [
        Outcome::Ok,
        Outcome::Degraded,
        Outcome::Failed,
        Outcome::Fatal,
        Outcome::Rejected,
        Outcome::Refused,
        Outcome::Timeout,
        Outcome::ShortCircuit,
        Outcome::Limited,
        Outcome::NoInstance,
        Outcome::TakenBack,
    ];

    /// Whether the caller got something to go on with.
    #[inline]
    #[must_use]
    pub fn is_ok(self) -> bool {
        matches!(self, Outcome::Ok | Outcome::Degraded)
    }
    /// Whether another attempt could do better.
    #[inline]
    #[must_use]
    pub fn is_retryable(self) -> bool {
        !matches!(self, Outcome::Ok | Outcome::Degraded | Outcome::Fatal | Outcome::TakenBack)
    }
    /// Whether nothing was sent at all.
    #[inline]
    #[must_use]
    pub fn is_local(self) -> bool {
        matches!(self, Outcome::ShortCircuit | Outcome::Limited | Outcome::NoInstance)
    }
    /// Whether it says nothing of the callee.
    #[inline]
    #[must_use]
    pub fn is_neutral(self) -> bool {
        self.is_local() || self == Outcome::TakenBack
    }
    /// Its word in marks and measures.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Outcome::Ok => "ok",
            Outcome::Degraded => "degraded",
            Outcome::Failed => "failed",
            Outcome::Fatal => "fatal",
            Outcome::Rejected => "rejected",
            Outcome::Refused => "refused",
            Outcome::Timeout => "timeout",
            Outcome::ShortCircuit => "short-circuited",
            Outcome::Limited => "limited",
            Outcome::NoInstance => "no instance",
            Outcome::TakenBack => "taken back",
        }
    }
}
