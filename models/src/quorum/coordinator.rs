//! A node as a coordinator: whom it asks, how many answers it waits for, and what it tells the client (Dynamo §4.5).
//!
//! An operation has up to two rounds: reads ask, and write back if so set; writes write, after asking where their
//! version depends on what there is. Deliberately absent: retries, which are the clients'.

use sim_core::client::level::Level;
use sim_core::history::Answer;
use sim_core::node::{Reply, Request, RequestId};
use sim_core::peer::Peer;
use sim_core::value::{Call, Value};

use super::config::{Contact, Context, Probe, Reads};
use super::message::{Cause, Epoch, Message, Number, Timer};
use super::node::{Ctx, QuorumNode};
use super::storage::{known, token};
use super::versions::{Cell, Dot, Object, Past, Stamp, Version, Versions};

/// An operation under way.
#[derive(Debug)]
pub(super) struct Coordination {
    id: RequestId,
    object: Object,
    /// What is to be written, and `None` for a tombstone; absent for a read.
    write: Option<Option<Value>>,
    /// How many answers it waits for when it asks, and when it writes.
    levels: (Level, Level),
    /// What its session knows, as it told.
    session: Past,
    round: Round,
    /// The epoch under which it began.
    pub(super) epoch: Epoch,
    /// The homes that are read and written, and those that are written besides.
    homes: Vec<Peer>,
    also: Vec<Peer>,
    /// Who was asked in this round, and who has answered.
    pub(super) asked: Vec<Peer>,
    answered: Vec<Peer>,
    /// Homes that are thought down, each with who stands in for it.
    pub(super) stand_ins: Vec<(Peer, Peer)>,
    /// What each has answered, and all of it together.
    cells: Vec<(Peer, Cell)>,
    merged: Cell,
    /// The client has its answer.
    done: bool,
}

impl Coordination {
    /// How many answers it waits for in this round.
    pub(super) fn level(&self) -> Level {
        if self.round == Round::Ask { self.levels.0 } else { self.levels.1 }
    }

    /// Whether its client has its answer.
    pub(super) fn is_done(&self) -> bool {
        self.done
    }

    /// Whether it asks what there is.
    pub(super) fn asks(&self) -> bool {
        self.round == Round::Ask
    }

    /// The home that a node stands in for.
    fn stands_in_for(&self, node: Peer) -> Option<Peer> {
        self.stand_ins.iter().find(|(_, other)| *other == node).map(|(home, _)| *home)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Round {
    Ask,
    Write,
}

impl QuorumNode {
    pub(super) fn coordinate(&mut self, request: Request, ctx: &mut Ctx<'_>) {
        let Request { id, operation, level, token, .. } = request;
        let write = match operation.call {
            Call::Read => None,
            Call::Write(value) => Some(Some(value)),
            Call::Delete => Some(None),
            _ => return ctx.reply(id, Reply::Rejected),
        };
        if !self.is_sure() {
            return ctx.reply(id, Reply::Rejected);
        }
        let object = operation.key;
        let homes = self.shared.homes(object, self.epoch);
        let number = self.number(ctx);
        let settings = &self.shared.quorum;
        let levels = match (level, &write) {
            (None, _) => (settings.r, settings.w),
            (Some(level), None) => (level, level),
            (Some(level), Some(_)) => (settings.r, level),
        };
        let mut under_way = Coordination {
            id,
            object,
            write,
            levels,
            session: known(token.as_ref()),
            round: Round::Ask,
            epoch: self.epoch,
            homes: homes.now,
            also: homes.also.unwrap_or_default(),
            asked: Vec::new(),
            answered: Vec::new(),
            stand_ins: Vec::new(),
            cells: Vec::new(),
            merged: Cell::default(),
            done: false,
        };
        let settings = &self.shared.quorum;
        let asks_first = match settings.versions {
            Versions::LastWriteWins => false,
            Versions::Numbered => true,
            Versions::Vectors | Versions::Dotted => settings.context == Context::ReadFirst,
        };
        ctx.arm(Timer::Deadline(number), settings.timeout);
        if under_way.write.is_none() || asks_first {
            self.ask(number, &mut under_way, ctx);
        } else {
            self.write(number, &mut under_way, ctx);
        }
        self.keep_or_end(number, under_way, ctx);
    }

    /// Chooses whom to turn to in a round, and waits for answers; nobody, if too few are thought up.
    fn choose(&mut self, number: Number, op: &mut Coordination, ctx: &mut Ctx<'_>) {
        op.asked = op.homes.clone();
        op.answered.clear();
        if op.round == Round::Write {
            op.asked.extend(op.also.iter().filter(|node| !op.homes.contains(node)));
        }
        if !self.turn_to_the_living(op, ctx) {
            ctx.mark("too few thought up");
            op.asked.clear();
            op.done = true;
            return ctx.reply(op.id, Reply::Rejected);
        }
        let level = op.level();
        self.narrow(&mut op.asked, level, ctx);
        if let Some(sloppy) = self.shared.quorum.sloppy {
            ctx.arm(Timer::Fallback(number), sloppy.after);
        }
    }

    /// Leaves only as many as a level needs, at random, where no more are sent a request.
    pub(super) fn narrow(&self, asked: &mut Vec<Peer>, level: Level, ctx: &mut Ctx<'_>) {
        if self.shared.quorum.contact == Contact::Needed
            && let Some(needed) = self.shared.needed(level)
        {
            ctx.rng().shuffle(asked);
            asked.truncate(needed);
        }
    }

    fn ask(&mut self, number: Number, op: &mut Coordination, ctx: &mut Ctx<'_>) {
        op.round = Round::Ask;
        self.choose(number, op, ctx);
        for node in &op.asked {
            ctx.send(*node, Message::Read { number, object: op.object, epoch: op.epoch });
        }
    }

    /// The second round, or the only one of a write: what is to be written goes to the homes.
    fn write(&mut self, number: Number, op: &mut Coordination, ctx: &mut Ctx<'_>) {
        op.round = Round::Write;
        if let Some(value) = op.write.clone() {
            let version = self.version(op, value, ctx);
            let rule = self.shared.quorum.versions;
            if rule == Versions::Dotted {
                // All it wrote that nothing has replaced goes along: whoever has one of its dots has those before it.
                let written = self.written.entry(op.object).or_default();
                written.add(version, rule);
                op.merged.merge(written, rule);
            } else {
                op.merged.add(version, rule);
            }
        }
        self.choose(number, op, ctx);
        for node in &op.asked {
            let (object, cell, home) = (op.object, op.merged.clone(), op.stands_in_for(*node));
            let (cause, epoch) = (Cause::Write, op.epoch);
            ctx.send(*node, Message::Write { number, object, cell, home, cause, epoch });
        }
    }

    /// A new version, named by this coordinator.
    fn version(&mut self, op: &mut Coordination, value: Option<Value>, ctx: &mut Ctx<'_>) -> Version {
        let (versions, context) = (self.shared.quorum.versions, self.shared.quorum.context);
        let past = match context {
            _ if !versions.are_causal() => Past::default(),
            Context::ReadFirst => op.merged.past(),
            Context::Session => op.session.clone(),
        };
        let at = match versions {
            Versions::Numbered => 1 + op.merged.0.last().map_or(0, |version| version.stamp.at),
            _ => ctx.wall().0,
        };
        let dot = Dot { node: self.me, life: self.life, count: self.number(ctx) };
        match versions {
            Versions::Vectors => op.session.add(dot),
            // Those before it here may be others' that this session has not seen.
            _ => op.session.add_single(dot),
        }
        Version { stamp: Stamp { at, dot }, past, value }
    }

    /// Answers the client, and gives its session what it knows now to bring along.
    fn answer(&self, op: &Coordination, value: Value, ctx: &mut Ctx<'_>) {
        let settings = &self.shared.quorum;
        let reply = if settings.versions.are_causal() && settings.context == Context::Session {
            Reply::Told(Answer::Value(value), token(&op.session))
        } else {
            Reply::value(value)
        };
        ctx.reply(op.id, reply);
    }

    /// Whether these are enough: of the homes, and in a write also of those it has besides.
    pub(super) fn enough(&self, op: &Coordination, level: Level, who: &[Peer]) -> bool {
        let region = self.shared.region(self.me);
        let of = |homes: &[Peer]| {
            // Who is home to neither stands in for one who is.
            let counts =
                |node: &&Peer| homes.contains(node) || !(op.homes.contains(node) || op.also.contains(node));
            let answers: Vec<Peer> = who.iter().filter(counts).copied().collect();
            self.shared.enough(level, &answers, homes, region)
        };
        of(&op.homes) && (op.round != Round::Write || op.also.is_empty() || of(&op.also))
    }

    pub(super) fn on_response(&mut self, from: Peer, number: Number, cell: Cell, ctx: &mut Ctx<'_>) {
        let Some(mut op) = self.operations.remove(&number) else { return };
        if op.round != Round::Ask || op.answered.contains(&from) {
            // Its answer comes after the question was settled: all that can be done with it is to repair.
            self.operations.insert(number, op);
            return;
        }
        op.answered.push(from);
        let grew = op.merged.merge(&cell, self.shared.quorum.versions);
        op.cells.push((from, cell));
        if op.done {
            self.repair(number, &op, grew, ctx);
        } else if self.enough(&op, op.levels.0, &op.answered) {
            self.settle(number, &mut op, ctx);
        }
        self.keep_or_end(number, op, ctx);
    }

    /// A read quorum has answered.
    fn settle(&mut self, number: Number, op: &mut Coordination, ctx: &mut Ctx<'_>) {
        if op.write.is_none() {
            op.session.join(&op.merged.past());
        }
        if op.write.is_some() {
            return self.write(number, op, ctx);
        }
        if self.shared.quorum.reads == Reads::WriteBack {
            ctx.mark("read written back");
            return self.write(number, op, ctx);
        }
        op.done = true;
        self.answer(op, op.merged.answer(), ctx);
        self.repair(number, op, true, ctx);
    }

    /// Sends what was read to those that answered with less; to the latest only, unless it brought something new.
    fn repair(&self, number: Number, op: &Coordination, all: bool, ctx: &mut Ctx<'_>) {
        if self.shared.quorum.reads != Reads::Repair {
            return;
        }
        let from = if all { 0 } else { op.cells.len() - 1 };
        for (node, _) in op.cells[from..].iter().filter(|(_, cell)| *cell != op.merged) {
            if op.homes.contains(node) {
                let (object, cell, epoch) = (op.object, op.merged.clone(), op.epoch);
                ctx.send(
                    *node,
                    Message::Write { number, object, cell, home: None, cause: Cause::Repair, epoch },
                );
            }
        }
    }

    pub(super) fn on_ack(
        &mut self,
        from: Peer,
        number: Number,
        object: Object,
        home: Option<Peer>,
        cause: Cause,
        ctx: &mut Ctx<'_>,
    ) {
        match cause {
            Cause::Handoff => return self.hint_arrived(from, object, number, ctx),
            Cause::Transfer => return self.key_arrived(from, object, number, ctx),
            Cause::Write | Cause::Repair => {}
        }
        let Some(mut op) = self.operations.remove(&number) else { return };
        if op.round == Round::Write && !op.answered.contains(&from) {
            op.answered.push(from);
            if home.is_some() {
                ctx.mark("sloppy write");
            }
            if !op.done && self.enough(&op, op.levels.1, &op.answered) {
                self.acknowledged(&mut op, ctx);
            }
        }
        self.keep_or_end(number, op, ctx);
    }

    /// A write quorum has acknowledged.
    fn acknowledged(&mut self, op: &mut Coordination, ctx: &mut Ctx<'_>) {
        op.done = true;
        if op.write.is_none() {
            return self.answer(op, op.merged.answer(), ctx);
        }
        self.answer(op, Value::Nil, ctx);
        if self.shared.quorum.probe != Probe::Off
            && let Some(version) = op.merged.0.last().cloned()
        {
            self.measure(op.object, version, ctx);
        }
    }

    /// An operation whose client is answered and from which nothing more can come is over.
    fn keep_or_end(&mut self, number: Number, op: Coordination, ctx: &mut Ctx<'_>) {
        let more = op.asked.len() > op.answered.len();
        if !op.done || more {
            self.operations.insert(number, op);
            return self.follow(ctx);
        }
        ctx.disarm(Timer::Deadline(number));
        if self.shared.quorum.sloppy.is_some() {
            ctx.disarm(Timer::Fallback(number));
        }
        self.follow(ctx);
    }

    /// Some have not answered in time: the next nodes on the ring stand in for them.
    pub(super) fn on_silence(&mut self, number: Number, ctx: &mut Ctx<'_>) {
        let Some(mut op) = self.operations.remove(&number) else { return };
        let silent: Vec<Peer> = op.asked.iter().filter(|node| !op.answered.contains(node)).copied().collect();
        let fallbacks = self.fallbacks(&op, silent.len(), ctx);
        for (silent, node) in silent.iter().zip(&fallbacks) {
            let (object, home) = (op.object, op.stands_in_for(*silent).unwrap_or(*silent));
            match op.round {
                Round::Ask => ctx.send(*node, Message::Read { number, object, epoch: op.epoch }),
                Round::Write => {
                    let (cell, cause, epoch) = (op.merged.clone(), Cause::Write, op.epoch);
                    ctx.send(*node, Message::Write { number, object, cell, home: Some(home), cause, epoch });
                }
            }
        }
        op.asked.extend(fallbacks);
        self.operations.insert(number, op);
    }

    /// The next nodes on the ring that are not asked already and are thought up.
    pub(super) fn fallbacks(&self, op: &Coordination, count: usize, ctx: &Ctx<'_>) -> Vec<Peer> {
        let ring = self.shared.rings(op.epoch).0;
        let taken = |node: &Peer| op.asked.contains(node) || op.also.contains(node);
        let free = |node: &Peer| !taken(node) && self.trusts(*node, ctx);
        ring.walk(op.object).filter(free).take(count).collect()
    }

    /// Too few have answered, or too late.
    pub(super) fn on_deadline(&mut self, number: Number, ctx: &mut Ctx<'_>) {
        let Some(op) = self.operations.remove(&number) else { return };
        self.follow(ctx);
        if op.done {
            return;
        }
        ctx.mark("quorum not reached");
        // A read did nothing, nor did a write that still asks; of a write that was sent nobody can tell.
        if op.write.is_none() || op.round == Round::Ask {
            ctx.reply(op.id, Reply::Rejected);
        }
    }
}
