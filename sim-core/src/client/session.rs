//! The clients of a run: their logical processes, and what each of them is at.

use std::collections::BTreeMap;

use crate::client::layered::{Inside, Layers};
use crate::client::level::Level;
use crate::client::load::Load;
use crate::client::operation::Op;
use crate::client::patience::{Attempt, Patience, Wait};
use crate::client::policy::{Act, Guards, Token as Layered};
use crate::client::workload::Generator;
use crate::client::{ClientConfig, Routing};
use crate::history::{Answer, Entry, Outcome};
use crate::node::{Reply, Token};
use crate::peer::Peer;
use crate::places::Places;
use crate::random::{Purpose, Rng, Streams};
use crate::time::{Span, Time};
use crate::value::{Call, Key, Operation, Value};

/// All clients.
pub(crate) struct Clients {
    groups: Vec<Group>,
    list: Vec<Client>,
    nodes: u32,
    streams: Streams,
}

struct Group {
    config: ClientConfig,
    generator: Generator,
    start: Time,
    stop: Time,
    /// Its clients' time-outs.
    patience: Patience,
}

/// One client.
pub(crate) struct Client {
    group: usize,
    /// How many operations it has invoked.
    asked: u64,
    /// Whom it asks next, if it asks whom it asked before.
    target: Peer,
    pub(crate) seq: u32,
    processes: Vec<Process>,
    /// Processes of `processes` with nothing to do.
    idle: Vec<u32>,
    /// Where in the history it last saw what is under each key, if its workload needs that.
    seen: Places,
    /// The same of the object without a key.
    seen_single: Option<u32>,
    /// What it asks before each attempt.
    pub(crate) guards: Guards,
    /// Its policies, if they are layers.
    pub(crate) layers: Option<Box<Layers>>,
    /// How many operations it has under way.
    pub(crate) under_way: u32,
}

#[derive(Default)]
struct Process {
    serial: u32,
    op: Option<Op>,
    /// What it is to bring with its next request about a key.
    tokens: BTreeMap<Option<Key>, Token>,
}

impl Clients {
    pub(crate) fn new(configs: Vec<ClientConfig>, stop_at: Span, nodes: u32, streams: &Streams) -> Clients {
        let mut list = Vec::new();
        let mut groups = Vec::new();
        for (group, config) in configs.into_iter().enumerate() {
            for _ in 0..config.count {
                let index = list.len() as u32;
                let mut rng = streams.block(Purpose::Policy, u64::from(Peer::client(index).raw()), u64::MAX);
                let target = match config.routing {
                    Routing::Own => Peer::node(index % nodes),
                    Routing::OwnFrom(first) => Peer::node(first + index % (nodes - first)),
                    Routing::Node(node) => Peer::node(node),
                    Routing::RoundRobin => Peer::node((index + nodes - 1) % nodes),
                    Routing::Sticky | Routing::Random => Peer::node(rng.below(u64::from(nodes)) as u32),
                };
                list.push(Client {
                    group,
                    asked: 0,
                    target,
                    seq: 0,
                    processes: Vec::new(),
                    idle: Vec::new(),
                    seen: Places::default(),
                    seen_single: None,
                    guards: Guards::new(&config.retry.guards),
                    layers: Layers::new(&config.policies),
                    under_way: 0,
                });
            }
            let stop = config.stop.unwrap_or(stop_at).min(stop_at);
            let generator = Generator::new(config.mix.clone());
            let start = Time::ZERO + config.start;
            let patience = Patience::default();
            groups.push(Group { config, generator, start, stop: Time::ZERO + stop, patience });
        }
        Clients { groups, list, nodes, streams: streams.clone() }
    }

    pub(crate) fn len(&self) -> usize {
        self.list.len()
    }

    #[inline]
    pub(crate) fn client(&mut self, client: usize) -> &mut Client {
        &mut self.list[client]
    }

    #[inline]
    fn group(&self, client: usize) -> &Group {
        &self.groups[self.list[client].group]
    }

    #[inline]
    pub(crate) fn config(&self, client: usize) -> &ClientConfig {
        &self.group(client).config
    }

    #[inline]
    fn workload(&self, client: usize, block: u64) -> Rng {
        self.streams.block(Purpose::Workload, u64::from(Peer::client(client as u32).raw()), block)
    }

    /// The policy's draws for one attempt of one operation.
    #[inline]
    pub(crate) fn policy(&self, client: usize, number: u64, attempt: u32) -> Rng {
        let block = (number << 10) | u64::from(attempt.min(1023));
        self.streams.block(Purpose::Policy, u64::from(Peer::client(client as u32).raw()), block)
    }

    /// When a client asks first, if it ever does.
    pub(crate) fn first_ask(&self, client: usize) -> Option<Time> {
        let group = self.group(client);
        let at = group.start + group.config.load.first(&mut self.workload(client, 0));
        (at < group.stop).then_some(at)
    }

    /// When the client asks again, counted from now; `None` if its time is over.
    #[inline(always)]
    pub(crate) fn next_ask(&self, client: usize, now: Time) -> Option<Time> {
        let group = self.group(client);
        let asked = self.list[client].asked;
        let gap = group.config.load.gap(&mut self.workload(client, 2 * asked), asked, now.since(group.start));
        let at = now + gap;
        (at < group.stop).then_some(at)
    }

    #[inline]
    pub(crate) fn is_open(&self, client: usize) -> bool {
        !matches!(self.config(client).load, Load::Closed { .. })
    }

    /// The client's next operation, its number and its level, after this history.
    #[inline(always)]
    pub(crate) fn ask(&mut self, client: usize, history: &[Entry]) -> (u64, Operation, Option<Level>) {
        let number = self.list[client].asked;
        let mut rng = self.workload(client, 2 * number + 1);
        let unique = (number * self.list.len() as u64 + client as u64 + 1) as i64;
        let Client { seen, seen_single, .. } = &self.list[client];
        let look = |key: Option<Key>| {
            let place = key.map_or(*seen_single, |key| seen.get(key.0));
            place.and_then(|place| shown(history.get(place as usize)?)).cloned().unwrap_or_default()
        };
        let group = self.group(client);
        let operation = group.generator.operation(&mut rng, unique, look);
        let level = group.config.levels.draw(&operation.call, &mut rng);
        self.list[client].asked += 1;
        (number, operation, level)
    }

    /// A process with nothing to do, and the number of its next operation.
    #[inline(always)]
    pub(crate) fn take_process(&mut self, client: usize) -> u32 {
        let state = &mut self.list[client];
        state.idle.pop().unwrap_or_else(|| {
            state.processes.push(Process::default());
            (state.processes.len() - 1) as u32
        })
    }

    /// The process's name in the history: unique among all clients'.
    #[inline]
    pub(crate) fn process_id(&self, client: usize, process: u32) -> u32 {
        client as u32 + self.list.len() as u32 * process
    }

    /// The client and process of a name.
    #[inline]
    pub(crate) fn owner(&self, id: u32) -> (usize, u32) {
        let count = self.list.len() as u32;
        ((id % count) as usize, id / count)
    }

    #[inline(always)]
    pub(crate) fn begin(&mut self, client: usize, process: u32, op: impl FnOnce() -> Op) -> u32 {
        let state = &mut self.list[client];
        state.under_way += 1;
        let inside = state.layers.is_some();
        let process = &mut state.processes[process as usize];
        process.serial += 1;
        assert!(process.op.is_none(), "a process does one thing after another");
        // There is nothing to drop, and it is made where it stays.
        std::mem::forget(process.op.replace(op()));
        if inside && let Some(op) = &mut process.op {
            op.inside = Some(Box::default());
        }
        process.serial
    }

    /// The operation that a process is at, if it is this one.
    #[inline]
    pub(crate) fn op(&mut self, client: usize, process: u32, serial: u32) -> Option<&mut Op> {
        let process = self.list[client].processes.get_mut(process as usize)?;
        if process.serial == serial { process.op.as_mut() } else { None }
    }

    /// Whether an attempt is the latest of its operation and is still waited for. If not, it never will be again.
    #[inline]
    pub(crate) fn is_waited_for(&self, attempt: Attempt) -> bool {
        let (client, process) = self.owner(attempt.process);
        let op = self.op_of(client, process, attempt.serial);
        op.is_some_and(|op| op.attempt == attempt.number && !op.between)
    }

    /// The number of the group that a client is in: its clients are alike.
    #[inline]
    pub(crate) fn group_of(&self, client: usize) -> usize {
        self.list[client].group
    }

    /// The time-outs of a group's clients.
    #[inline]
    pub(crate) fn patience(&mut self, group: usize) -> &mut Patience {
        &mut self.groups[group].patience
    }

    /// The first of a group's time-outs is due: what it gives up, and the next one that may matter.
    pub(crate) fn first_wait(&mut self, group: usize) -> (Option<Attempt>, Option<Wait>) {
        let mut patience = std::mem::take(&mut self.groups[group].patience);
        let due = patience.due(|attempt| self.is_waited_for(attempt));
        self.groups[group].patience = patience;
        due
    }

    /// Where an operation is in its client's layers.
    pub(crate) fn inside(&mut self, client: usize, process: u32, serial: u32) -> Option<&mut Inside> {
        self.op(client, process, serial)?.inside.as_deref_mut()
    }

    /// Whether the layers of a client wait for attempts of an operation.
    pub(crate) fn awaits(&self, client: usize, process: u32, serial: u32) -> bool {
        let inside = || Some((self.list[client].layers.as_ref()?, self.op_of(client, process, serial)?));
        inside().is_some_and(|(layers, op)| op.inside.as_ref().is_some_and(|own| own.awaits(&layers.stack)))
    }

    /// What the layers call an attempt that they wait for.
    pub(crate) fn awaited(&self, client: usize, process: u32, serial: u32, number: u32) -> Option<Layered> {
        let token = self.op_of(client, process, serial)?.inside.as_ref()?.attempt(number)?;
        self.list[client].layers.as_ref().filter(|layers| layers.stack.is_live(token)).map(|_| token)
    }

    /// An attempt that the layers asked for has gone out.
    pub(crate) fn sent_inside(
        &mut self,
        client: usize,
        process: u32,
        serial: u32,
        number: u32,
        token: Layered,
    ) {
        let Client { layers, processes, .. } = &mut self.list[client];
        let own = processes.get_mut(process as usize).filter(|own| own.serial == serial);
        let inside = own.and_then(|own| own.op.as_mut()).and_then(|op| op.inside.as_mut());
        if let (Some(inside), Some(layers)) = (inside, layers) {
            inside.sent(number, token, &layers.stack);
        }
    }

    /// What a client's layers ask for next.
    pub(crate) fn next_act(&mut self, client: usize) -> Option<Act> {
        self.list[client].layers.as_mut()?.acts.take().map(|(_, act)| act)
    }

    #[inline]
    fn op_of(&self, client: usize, process: u32, serial: u32) -> Option<&Op> {
        let process = self.list[client].processes.get(process as usize)?;
        if process.serial == serial { process.op.as_ref() } else { None }
    }

    /// The operation is over. Its process goes on, unless what it did is not known.
    #[inline(always)]
    pub(crate) fn end(&mut self, client: usize, process: u32, known: bool) {
        let state = &mut self.list[client];
        state.processes[process as usize].op = None;
        state.under_way -= 1;
        if known {
            state.idle.push(process);
        }
    }

    /// What a process is to bring with a request about a key.
    #[inline]
    pub(crate) fn token(&self, client: usize, process: u32, key: Option<Key>) -> Option<Token> {
        self.list[client].processes.get(process as usize)?.tokens.get(&key).cloned()
    }

    /// A process was given something to bring with its next request about a key.
    pub(crate) fn keep_token(&mut self, client: usize, process: u32, key: Option<Key>, token: Token) {
        self.list[client].processes[process as usize].tokens.insert(key, token);
    }

    /// What has not ended, in the order of clients and processes.
    pub(crate) fn pending(&self) -> impl Iterator<Item = &Op> {
        self.list.iter().flat_map(|client| client.processes.iter().filter_map(|process| process.op.as_ref()))
    }

    /// Remembers that the answer to an operation showed what its object holds, where the workload needs it.
    #[inline(always)]
    pub(crate) fn remember(&mut self, client: usize, process: u32, serial: u32, answer: &Answer) {
        if !self.group(client).generator.remembers() {
            return;
        }
        let Some(Op { operation, entry, .. }) = self.op_of(client, process, serial) else { return };
        if shown_by(&operation.call, answer).is_none() {
            return;
        }
        let (key, place) = (operation.key, *entry as u32);
        let client = &mut self.list[client];
        match key {
            Some(key) => client.seen.set(key.0, place),
            None => client.seen_single = Some(place),
        }
    }

    /// Whom the next attempt goes to; `again` if the latest attempt was of no use.
    #[inline(always)]
    pub(crate) fn route(&mut self, client: usize, again: bool, rng: &mut Rng) -> Peer {
        let nodes = u64::from(self.nodes);
        let (any, other) = (rng.below(nodes) as u32, rng.below(nodes.saturating_sub(1).max(1)) as u32);
        let routing = self.config(client).routing;
        let state = &mut self.list[client];
        let current = state.target.index() as u32;
        state.target = match routing {
            Routing::Own | Routing::OwnFrom(_) | Routing::Node(_) => state.target,
            Routing::Random => Peer::node(any),
            Routing::RoundRobin => Peer::node((current + 1) % self.nodes),
            Routing::Sticky if again && self.nodes > 1 => {
                Peer::node(if other >= current { other + 1 } else { other })
            }
            Routing::Sticky => state.target,
        };
        state.target
    }

    /// Whom a copy of an attempt goes to: as an attempt, but to the next node if that is the one that has it already.
    /// Clients bound to one node send it there.
    pub(crate) fn route_copy(&mut self, client: usize, asked: Peer, rng: &mut Rng) -> Peer {
        let to = self.route(client, true, rng);
        let free = !matches!(self.config(client).routing, Routing::Own | Routing::Node(_));
        if free && to == asked { Peer::node((to.index() as u32 + 1) % self.nodes) } else { to }
    }

    /// A node was pointed to. Clients bound to one node take no notice.
    #[inline]
    pub(crate) fn follow(&mut self, client: usize, node: Peer) -> bool {
        let free =
            !matches!(self.config(client).routing, Routing::Own | Routing::OwnFrom(_) | Routing::Node(_));
        if free && node.index() < self.nodes as usize {
            self.list[client].target = node;
        }
        free
    }

    /// The size of a request on the wire.
    #[inline]
    pub(crate) fn request_bytes(&self, client: usize, operation: &Operation) -> u32 {
        let values =
            if operation.call.is_read_only() { 0 } else { self.group(client).generator.value_bytes() };
        64 + values
    }

    /// The size of a reply on the wire.
    #[inline(always)]
    pub(crate) fn reply_bytes(&self, client: usize, reply: &Reply) -> u32 {
        let (answer, token) = match reply {
            Reply::Done(answer) => (Some(answer), 0),
            Reply::Told(answer, token) => (Some(answer), token.len() as u32),
            _ => (None, 0),
        };
        let carries = matches!(answer, Some(Answer::Value(Value::Int(_) | Value::Text(_) | Value::List(_))));
        32 + token + if carries { self.group(client).generator.value_bytes() } else { 0 }
    }
}

/// What an operation of the history showed that its object holds.
fn shown(entry: &Entry) -> Option<&Value> {
    match &entry.outcome {
        Outcome::Ok(answer) => shown_by(&entry.operation.call, answer),
        Outcome::Failed(_) | Outcome::Unknown(_) => None,
    }
}

/// What this answer to a call shows.
#[inline]
fn shown_by<'a>(call: &'a Call, answer: &'a Answer) -> Option<&'a Value> {
    match (call, answer) {
        (Call::Read, Answer::Value(value)) | (Call::Write(value), _) => Some(value),
        (Call::Cas { to, .. }, Answer::Value(Value::Bool(true))) => Some(to),
        _ => None,
    }
}
