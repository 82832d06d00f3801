//! A node as a coordinator: whom it asks, how many answers it waits for, and what it tells the client (Dynamo §4.5).
//!
//! An operation has up to two rounds: reads ask, and write back if so set; writes write, after asking where their
//! version depends on what there is. Deliberately absent: retries, which are the clients'.

use sim_core::node::{Reply, Request, RequestId};
use sim_core::peer::Peer;
use sim_core::value::{Call, Value};

use super::config::{Contact, Context, Level, Reads};
use super::message::{Cause, Message, Number, Timer};
use super::node::{Ctx, QuorumNode};
use super::versions::{Cell, Dot, Object, Past, Stamp, Version, Versions};

/// An operation under way.
#[derive(Debug)]
pub(super) struct Coordination {
    id: RequestId,
    object: Object,
    /// What is to be written, and `None` for a tombstone; absent for a read.
    write: Option<Option<Value>>,
    round: Round,
    /// The homes that are read and written, and those that are written besides.
    homes: Vec<Peer>,
    also: Vec<Peer>,
    /// Who was asked in this round, and who has answered.
    asked: Vec<Peer>,
    answered: Vec<Peer>,
    /// What each has answered, and all of it together.
    cells: Vec<(Peer, Cell)>,
    merged: Cell,
    /// The client has its answer.
    done: bool,
    /// A measuring read: for each that answered first, how late its version was, once that is known.
    late: Vec<(Peer, Option<u64>)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Round {
    Ask,
    Write,
    Probe,
}

impl QuorumNode {
    pub(super) fn coordinate(&mut self, request: Request, ctx: &mut Ctx<'_>) {
        let Request { id, operation } = request;
        let write = match operation.call {
            Call::Read => None,
            Call::Write(value) => Some(Some(value)),
            Call::Delete => Some(None),
            _ => return ctx.reply(id, Reply::Rejected),
        };
        let object = operation.key;
        let homes = self.shared.homes(object, ctx.now());
        let number = self.number(ctx);
        let mut under_way = Coordination {
            id,
            object,
            write,
            round: Round::Ask,
            homes: homes.now,
            also: homes.also.unwrap_or_default(),
            asked: Vec::new(),
            answered: Vec::new(),
            cells: Vec::new(),
            merged: Cell::default(),
            done: false,
            late: Vec::new(),
        };
        let settings = &self.shared.quorum;
        let asks_first = match settings.versions {
            Versions::LastWriteWins => false,
            Versions::Numbered => true,
            Versions::Vectors | Versions::Dotted => settings.context == Context::ReadFirst,
        };
        ctx.arm(Timer::Deadline(number), settings.timeout);
        if under_way.write.is_none() || asks_first {
            let level = settings.r;
            self.ask(number, &mut under_way, level, ctx);
        } else {
            self.write(number, &mut under_way, ctx);
        }
        self.operations.insert(number, under_way);
    }

    /// Chooses whom to turn to in a round, and waits for answers.
    fn choose(&mut self, number: Number, op: &mut Coordination, level: Level, ctx: &mut Ctx<'_>) {
        op.asked = op.homes.clone();
        op.answered.clear();
        if op.round == Round::Write {
            op.asked.extend(op.also.iter().filter(|node| !op.homes.contains(node)));
        }
        if self.shared.quorum.contact == Contact::Needed
            && let Some(needed) = self.shared.needed(level)
        {
            ctx.rng().shuffle(&mut op.asked);
            op.asked.truncate(needed);
        }
        if let Some(sloppy) = self.shared.quorum.sloppy {
            ctx.arm(Timer::Fallback(number), sloppy.after);
        }
    }

    fn ask(&mut self, number: Number, op: &mut Coordination, level: Level, ctx: &mut Ctx<'_>) {
        op.round = Round::Ask;
        self.choose(number, op, level, ctx);
        for node in &op.asked {
            ctx.send(*node, Message::Read { number, object: op.object });
        }
    }

    /// The second round, or the only one of a write: what is to be written goes to the homes.
    fn write(&mut self, number: Number, op: &mut Coordination, ctx: &mut Ctx<'_>) {
        op.round = Round::Write;
        if let Some(value) = op.write.clone() {
            let version = self.version(op, value, ctx);
            op.merged.add(version, self.shared.quorum.versions);
        }
        self.choose(number, op, self.shared.quorum.w, ctx);
        for node in &op.asked {
            let (object, cell) = (op.object, op.merged.clone());
            ctx.send(*node, Message::Write { number, object, cell, home: None, cause: Cause::Write });
        }
    }

    /// A new version, named by this coordinator.
    fn version(&mut self, op: &Coordination, value: Option<Value>, ctx: &mut Ctx<'_>) -> Version {
        let (versions, context) = (self.shared.quorum.versions, self.shared.quorum.context);
        let session = (op.id.process, op.object);
        let causal = matches!(versions, Versions::Vectors | Versions::Dotted);
        let past = match context {
            _ if !causal => Past::default(),
            Context::ReadFirst => op.merged.past(),
            Context::Session => self.seen.get(&session).cloned().unwrap_or_default(),
        };
        let at = match versions {
            Versions::Numbered => 1 + op.merged.0.last().map_or(0, |version| version.stamp.at),
            _ => ctx.wall().0,
        };
        let dot = Dot { node: self.me, count: self.number(ctx) };
        if causal && context == Context::Session {
            self.seen.entry(session).or_default().add(dot);
        }
        Version { stamp: Stamp { at, dot }, past, value }
    }

    /// Whether enough have answered: of the homes, and in a write also of those it has besides.
    fn enough(&self, op: &Coordination, level: Level) -> bool {
        let region = self.shared.region(self.me);
        let of = |homes: &[Peer]| {
            // Who is home to neither stands in for one who is.
            let counts =
                |node: &&Peer| homes.contains(node) || !(op.homes.contains(node) || op.also.contains(node));
            let answers: Vec<Peer> = op.answered.iter().filter(counts).copied().collect();
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
        } else if self.enough(&op, self.shared.quorum.r) {
            self.settle(number, &mut op, ctx);
        }
        self.keep_or_end(number, op, ctx);
    }

    /// A read quorum has answered.
    fn settle(&mut self, number: Number, op: &mut Coordination, ctx: &mut Ctx<'_>) {
        let settings = &self.shared.quorum;
        if matches!(settings.versions, Versions::Vectors | Versions::Dotted)
            && settings.context == Context::Session
        {
            let known = self.seen.entry((op.id.process, op.object)).or_default();
            known.join(&op.merged.past());
        }
        if op.write.is_some() {
            return self.write(number, op, ctx);
        }
        if settings.reads == Reads::WriteBack {
            ctx.mark("read written back");
            return self.write(number, op, ctx);
        }
        op.done = true;
        ctx.reply(op.id, Reply::value(op.merged.answer()));
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
                let (object, cell) = (op.object, op.merged.clone());
                ctx.send(*node, Message::Write { number, object, cell, home: None, cause: Cause::Repair });
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
        if cause == Cause::Handoff {
            return self.hint_arrived(from, object, number, ctx);
        }
        let Some(mut op) = self.operations.remove(&number) else { return };
        if op.round == Round::Write && !op.answered.contains(&from) {
            op.answered.push(from);
            if home.is_some() {
                ctx.mark("sloppy write");
            }
            if !op.done && self.enough(&op, self.shared.quorum.w) {
                self.written(number, &mut op, ctx);
            }
        }
        self.keep_or_end(number, op, ctx);
    }

    /// A write quorum has acknowledged.
    fn written(&mut self, number: Number, op: &mut Coordination, ctx: &mut Ctx<'_>) {
        op.done = true;
        if op.write.is_none() {
            return ctx.reply(op.id, Reply::value(op.merged.answer()));
        }
        ctx.reply(op.id, Reply::done());
        if !self.shared.quorum.probe {
            return;
        }
        let Some(version) = op.merged.0.last().cloned() else { return };
        op.round = Round::Probe;
        op.answered.clear();
        for node in &op.asked {
            let (object, version) = (op.object, version.clone());
            ctx.send(*node, Message::Probe { number, object, version });
        }
    }

    pub(super) fn on_probed(&mut self, from: Peer, number: Number, there: bool, ctx: &mut Ctx<'_>) {
        let needed = self.shared.needed(self.shared.quorum.r).unwrap_or(1);
        let Some(op) = self.operations.get_mut(&number) else { return };
        op.answered.push(from);
        match op.late.iter_mut().find(|(node, _)| *node == from) {
            Some(known) if there => known.1 = Some(0),
            // The news of its arrival overtook this answer.
            Some(_) => {}
            None => op.late.push((from, there.then_some(0))),
        }
        self.visible(number, needed, ctx);
    }

    pub(super) fn on_late(&mut self, from: Peer, number: Number, by: u64, ctx: &mut Ctx<'_>) {
        let needed = self.shared.needed(self.shared.quorum.r).unwrap_or(1);
        let Some(op) = self.operations.get_mut(&number) else { return };
        match op.late.iter_mut().find(|(node, _)| *node == from) {
            Some(known) => known.1 = Some(by),
            None => op.late.push((from, Some(by))),
        }
        self.visible(number, needed, ctx);
    }

    /// Once the first R answers of a measuring read are there and it is known how late each was, the least counts.
    fn visible(&mut self, number: Number, needed: usize, ctx: &mut Ctx<'_>) {
        let Some(op) = self.operations.get(&number) else { return };
        let Some(first) = op.answered.get(..needed) else { return };
        let late = |node: &Peer| op.late.iter().find(|(other, _)| other == node).and_then(|(_, by)| *by);
        let known: Vec<Option<u64>> = first.iter().map(late).collect();
        let least = known.iter().flatten().min().copied();
        if least == Some(0) || known.iter().all(Option::is_some) {
            ctx.measure("visibility_ns", least.unwrap_or_default() as i64);
            self.operations.remove(&number);
            ctx.disarm(Timer::Deadline(number));
        }
    }

    /// An operation whose client is answered and from which nothing more can come is over.
    fn keep_or_end(&mut self, number: Number, op: Coordination, ctx: &mut Ctx<'_>) {
        let more = op.asked.len() > op.answered.len();
        if !op.done || op.round == Round::Probe || more {
            self.operations.insert(number, op);
            return;
        }
        ctx.disarm(Timer::Deadline(number));
        if self.shared.quorum.sloppy.is_some() {
            ctx.disarm(Timer::Fallback(number));
        }
    }

    /// Some have not answered in time: the next nodes on the ring stand in for them.
    pub(super) fn on_silence(&mut self, number: Number, ctx: &mut Ctx<'_>) {
        let Some(mut op) = self.operations.remove(&number) else { return };
        let silent: Vec<Peer> = op.asked.iter().filter(|node| !op.answered.contains(node)).copied().collect();
        let fallbacks: Vec<Peer> = {
            let ring = self.shared.rings(ctx.now()).0;
            let free = |node: &Peer| !op.asked.contains(node) && !op.also.contains(node);
            ring.walk(op.object).filter(free).take(silent.len()).collect()
        };
        for (home, node) in silent.iter().zip(&fallbacks) {
            let object = op.object;
            match op.round {
                Round::Ask => ctx.send(*node, Message::Read { number, object }),
                Round::Write => {
                    let (cell, cause) = (op.merged.clone(), Cause::Write);
                    ctx.send(*node, Message::Write { number, object, cell, home: Some(*home), cause });
                }
                Round::Probe => {}
            }
        }
        op.asked.extend(fallbacks);
        self.operations.insert(number, op);
    }

    /// Too few have answered, or too late.
    pub(super) fn on_deadline(&mut self, number: Number, ctx: &mut Ctx<'_>) {
        let Some(op) = self.operations.remove(&number) else { return };
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
