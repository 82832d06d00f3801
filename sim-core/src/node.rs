//! What a node is to the engine: a state machine that is booted, told things, and answers with effects.
//!
//! A handler does no I/O, returns no `Result` and sees no true time: it reads its own clock, draws from its own
//! stream, and writes effects into the [`Context`]. Booting and restarting are one function of the configuration and
//! of what the disk had synced. Deliberately absent: threads, wakers, futures; a node that waits arms a timer.

use std::fmt::Debug;
use std::hash::{Hash, Hasher};
use std::rc::Rc;
use std::sync::Arc;

use crate::client::level::Level;
use crate::disk::{Disk, FileId, Owed, SyncId, SyncResult};
use crate::history::{Answer, Reason};
use crate::peer::Peer;
use crate::random::Rng;
use crate::record::TraceSpan;
use crate::time::{Span, Time};
use crate::value::{Operation, Value};

/// A node's protocol. A cluster of several kinds is an enum of nodes: see [`crate::node_kinds`].
pub trait Node: Sized {
    /// What a node is given at every boot; equal ones are shared between nodes.
    type Config;
    /// What nodes send each other. Its content enters the fingerprint.
    type Message: Clone + Debug + Hash;
    /// What a node can be reminded of. Arming a timer equal to an armed one replaces that one.
    type Timer: Copy + Eq + Debug + Hash;

    /// All names that [`Node::message_kind`] gives.
    const MESSAGE_KINDS: &'static [&'static str] = &["message"];

    /// The first start and every restart: memory is gone, [`Context::read`] tells what was synced.
    fn boot(config: &Self::Config, ctx: &mut Context<'_, Self::Message, Self::Timer>) -> Self;

    /// A message from another node. It may be late, repeated, or from a sender long dead.
    fn on_message(
        &mut self,
        from: Peer,
        message: Self::Message,
        ctx: &mut Context<'_, Self::Message, Self::Timer>,
    );

    /// A timer that this life of the node armed, and has not disarmed or armed anew since, is due.
    fn on_timer(&mut self, timer: Self::Timer, ctx: &mut Context<'_, Self::Message, Self::Timer>);

    /// A client's request. Unless it is overridden, every request is rejected.
    fn on_request(&mut self, request: Request, ctx: &mut Context<'_, Self::Message, Self::Timer>) {
        ctx.reply(request.id, Reply::Rejected);
    }

    /// Everything written before the call of [`Context::sync`] that answered this number is durable, or the disk
    /// reported that it could not be made so.
    fn on_synced(
        &mut self,
        sync: SyncId,
        result: SyncResult,
        ctx: &mut Context<'_, Self::Message, Self::Timer>,
    ) {
        let _ = (sync, result, ctx);
    }

    /// The size of a message on the wire, for bandwidth, MTU and the byte counts.
    fn message_bytes(message: &Self::Message) -> u32 {
        let _ = message;
        size_of::<Self::Message>() as u32
    }

    /// What a sender gets back when its message reaches a machine whose process is down, as an operating system refuses
    /// a connection; `None` for silence.
    fn refusal(message: &Self::Message) -> Option<Self::Message> {
        let _ = message;
        None
    }

    /// The name of a message's kind, for partitions by message type, traces and counts.
    fn message_kind(message: &Self::Message) -> &'static str {
        let _ = message;
        "message"
    }
}

/// Which attempt of which operation of which client a request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId {
    /// Who asks; the reply goes there.
    pub client: Peer,
    /// The logical process the operation belongs to: at most one operation at a time, so a session.
    pub process: u32,
    /// The operation's number within its process, from 1 up. Equal in every attempt of it.
    pub serial: u32,
    /// Which attempt, from 1 up.
    pub attempt: u32,
}

/// A client's request as a node gets it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Whom to answer, and what about.
    pub id: RequestId,
    /// What is asked.
    pub operation: Operation,
    /// How many replicas are to answer, where the client says so.
    pub level: Option<Level>,
    /// What the latest answer about this key gave this session to bring back: Dynamo's context (§4.4).
    pub token: Option<Token>,
    /// Until when an answer is of use to the client, if its policies tell; a node's processor does not begin with what
    /// is too late. True time on the way; a handler finds it on its node's monotonic clock, as a length that travels is
    /// counted where it arrives.
    pub deadline: Option<Time>,
}

/// Bytes that a node gives a session with an answer and gets back with its next request about the same key. What they
/// say is the nodes' own business.
pub type Token = Arc<[u8]>;

impl Hash for Request {
    /// What is absent leaves no trace, so that requests without it hash as they did before there was any.
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.id.hash(state);
        self.operation.hash(state);
        if let Some(level) = &self.level {
            level.hash(state);
        }
        if let Some(token) = &self.token {
            token.hash(state);
        }
        if let Some(deadline) = &self.deadline {
            deadline.hash(state);
        }
    }
}

/// A node's answer to a request.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Reply {
    /// It happened.
    Done(Answer),
    /// This attempt certainly did nothing and never will; another node may know better.
    Redirect(Option<Peer>),
    /// This attempt certainly did nothing and never will: overloaded, shutting down, not offered here.
    Rejected,
    /// The operation certainly did not happen and asking again is of no use: a transaction aborted.
    Failed(Reason),
    /// It happened, and the session is to bring these bytes with its next request about this key.
    Told(Answer, Token),
}

impl Reply {
    /// Done, with a value.
    #[must_use]
    pub fn value(value: Value) -> Reply {
        Reply::Done(Answer::Value(value))
    }
    /// Done, with nothing to tell.
    #[must_use]
    pub fn done() -> Reply {
        Reply::value(Value::Nil)
    }
}

/// What a node is at present, in its protocol's words; the record keeps every change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Status {
    /// `leader`, `follower`, `primary` … Faults and triggers name it.
    pub role: &'static str,
    /// The term, view, ballot or epoch; 0 where there is none.
    pub epoch: u64,
}

/// Something a handler asked for.
#[derive(Clone, Debug)]
pub enum Effect<M, T> {
    /// A message to a node (or to itself).
    Send {
        /// To whom.
        to: Peer,
        /// What.
        message: M,
    },
    /// An answer to a client.
    Reply {
        /// The attempt that is answered.
        id: RequestId,
        /// The answer.
        reply: Reply,
    },
    /// A reminder after this long on the node's own clock.
    Arm {
        /// Which.
        timer: T,
        /// When.
        after: Span,
    },
    /// No reminder after all.
    Disarm {
        /// Which.
        timer: T,
    },
    /// Everything written so far is to be made durable.
    Sync(SyncId),
    /// Something worth counting happened.
    Mark(&'static str),
    /// The node is now this.
    Status(Status),
    /// A number worth keeping.
    Measure(&'static str, i64),
    /// Part of a request's trace.
    Span(Box<TraceSpan>),
    /// The node stops itself, as an assertion or a full disk would stop it.
    Halt(&'static str),
}

/// A handler's view of its node's surroundings, and the place for its effects.
pub struct Context<'a, M, T> {
    pub(crate) me: Peer,
    pub(crate) now: Time,
    pub(crate) wall: Time,
    pub(crate) uncertainty: Span,
    pub(crate) slow: &'a [(u32, f64, Span)],
    pub(crate) rng: &'a mut Rng,
    pub(crate) disk: &'a mut Option<Box<Disk>>,
    pub(crate) effects: &'a mut Vec<Effect<M, T>>,
}

impl<M, T> Context<'_, M, T> {
    /// Adds an effect. It is made once there is room for it, so that it is written where it stays, and not copied whole.
    #[inline]
    fn put(&mut self, effect: impl FnOnce() -> Effect<M, T>) {
        if self.effects.len() == self.effects.capacity() {
            return grow(self.effects, effect());
        }
        self.effects.push(effect());
    }
    /// Who this node is.
    #[must_use]
    pub fn me(&self) -> Peer {
        self.me
    }
    /// The node's monotonic clock: for time-outs. Counts from the start of the run, not from the boot.
    #[must_use]
    #[inline]
    pub fn now(&self) -> Time {
        self.now
    }
    /// The node's wall clock: what it believes the time is. May step, forwards and backwards.
    #[must_use]
    pub fn wall(&self) -> Time {
        self.wall
    }
    /// The bound within which the wall clock is said to be of true time; zero if nothing is said.
    #[must_use]
    pub fn uncertainty(&self) -> Span {
        self.uncertainty
    }
    /// The node's own random stream.
    #[inline]
    pub fn rng(&mut self) -> &mut Rng {
        self.rng
    }
    /// Sends a message. Whether and when it arrives is the network's business.
    #[inline]
    pub fn send(&mut self, to: Peer, message: M) {
        self.put(|| Effect::Send { to, message });
    }
    /// Answers a request. Answering an attempt twice is allowed; the client keeps the first.
    #[inline]
    pub fn reply(&mut self, id: RequestId, reply: Reply) {
        self.put(|| Effect::Reply { id, reply });
    }
    /// Asks to be reminded after `after` on the node's own monotonic clock; replaces an equal timer.
    #[inline]
    pub fn arm(&mut self, timer: T, after: Span) {
        self.put(|| Effect::Arm { timer, after });
    }
    /// Takes a reminder back. One that is not armed is no error.
    pub fn disarm(&mut self, timer: T) {
        self.put(|| Effect::Disarm { timer });
    }
    /// A file's bytes: at boot what was synced, afterwards with this life's own writes on top. Empty if there is no
    /// such file.
    #[must_use]
    #[inline]
    pub fn read(&self, file: FileId) -> &[u8] {
        self.disk.as_deref().map_or(&[], |disk| disk.read(file))
    }
    /// How many bytes a file has.
    #[must_use]
    #[inline]
    pub fn len(&self, file: FileId) -> usize {
        self.disk.as_deref().map_or(0, |disk| disk.len(file))
    }
    #[inline]
    fn disk(&mut self) -> &mut Disk {
        self.disk.get_or_insert_default()
    }
    /// Adds bytes at the end of a file. Not durable before a sync that follows completes.
    pub fn append(&mut self, file: FileId, bytes: &[u8]) {
        self.disk().append(file, bytes);
    }
    /// Adds `len` bytes at the end of a file, which `owed` makes when somebody looks at them: a log that is never read back is never
    /// written out. What else is written to the file behind them has them made. One `owed` is for one file, until that is cut, and for
    /// one life.
    ///
    /// # Panics
    /// Whoever looks next, if `owed` makes other than `len` bytes.
    #[inline]
    pub fn append_owed<O: Owed + 'static>(&mut self, file: FileId, owed: &Rc<O>, len: usize) {
        self.disk().append_owed(file, owed, len);
    }
    /// Replaces bytes from `offset` on, growing the file with zeros if need be.
    #[inline]
    pub fn write(&mut self, file: FileId, offset: u64, bytes: &[u8]) {
        self.disk().write(file, offset, bytes);
    }
    /// Cuts a file to `len` bytes; a shorter file stays as it is.
    pub fn truncate(&mut self, file: FileId, len: u64) {
        self.disk().truncate(file, len);
    }
    /// Asks that everything written so far be made durable; [`Node::on_synced`] tells when it is. Syncs complete in
    /// the order they were asked for.
    #[inline]
    pub fn sync(&mut self) -> SyncId {
        let sync = self.disk().begin_sync();
        self.put(|| Effect::Sync(sync));
        sync
    }
    /// Counts something: `leader elected`, `read repaired`. Triggers of faults can wait for it.
    pub fn mark(&mut self, name: &'static str) {
        self.put(|| Effect::Mark(name));
    }
    /// Says what the node is from now on.
    pub fn status(&mut self, role: &'static str, epoch: u64) {
        self.put(|| Effect::Status(Status { role, epoch }));
    }
    /// Keeps a number, with the time and the node: a queue's length, a replication lag.
    pub fn measure(&mut self, name: &'static str, value: i64) {
        self.put(|| Effect::Measure(name, value));
    }
    /// Keeps part of a request's trace.
    pub fn span(&mut self, span: TraceSpan) {
        self.put(|| Effect::Span(Box::new(span)));
    }
    /// How long work of this length takes on the processor as it is now: a node that schedules its own work asks this,
    /// so that slow-downs reach it.
    #[must_use]
    pub fn slowed(&self, work: Span) -> Span {
        self.slow.iter().fold(work, |work, (_, factor, _)| work.times(*factor))
    }
    /// Stops the node after this handler, for the reason given, as a failed assertion would. It stays down until
    /// something restarts it.
    pub fn halt(&mut self, reason: &'static str) {
        self.put(|| Effect::Halt(reason));
    }
}

#[cold]
#[inline(never)]
fn grow<M, T>(effects: &mut Vec<Effect<M, T>>, effect: Effect<M, T>) {
    effects.push(effect);
}

/// What a node is about to do or has just done.
#[derive(Debug)]
pub enum Work<N: Node> {
    /// It starts.
    Boot,
    /// A message.
    Message {
        /// Who sent it.
        from: Peer,
        /// What it says.
        message: N::Message,
    },
    /// A timer.
    Timer(N::Timer),
    /// A client's request.
    Request(Request),
    /// A sync ended.
    Synced(SyncId, SyncResult),
}
