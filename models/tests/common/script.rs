//! Scripts: servers outside a world, told line by line what happens, and what they did as text.
//!
//! | line | does |
//! |---|---|
//! | `nodes 5`, `settings (…)` | the cluster; the settings in RON |
//! | `stand n1` | n1's election timer runs out |
//! | `beat n1` | n1's heartbeat timer runs out |
//! | `write n1 x5 7`, `add n1 x5 1`, `read n1 x5` | a client asks n1 |
//! | `retry n1` | the latest request again, at n1 |
//! | `deliver`, `deliver n1 n2 [kind]` | everything under way until nothing is; what is under way from n1 to n2 |
//! | `drop`, `drop n1 n2` | what is under way is lost |
//! | `again n1 n2 [kind]` | the last message from n1 to n2 that was delivered arrives once more |
//! | `crash n1`, `boot n1` | the power fails; it comes back |
//! | `tear n1 5`, `rot n1 5` | while it is down: 5 bytes of a record that was never finished stand at its log's end; a bit 5 from its end flips |
//! | `hold n1`, `sync n1` | its syncs wait from now on; those that wait complete |
//! | `wait 300ms` | all clocks go on |
//! | `show`, `view n1` | every server in a line; one in full |

use std::fmt::Write as _;
use std::ops::ControlFlow;
use std::sync::Arc;

use models::raft::invariants::Moment;
use models::raft::message::{Message, Timer};
use models::raft::{Invariants, Raft, RaftConfig, RaftNode};
use sim_core::clock::Clock;
use sim_core::disk::{SyncId, SyncResult};
use sim_core::lone::{Effects, Lone};
use sim_core::node::{Effect, Reply, Request, RequestId};
use sim_core::peer::Peer;
use sim_core::record::Violation;
use sim_core::time::{Span, Time};
use sim_core::value::{Call, Key, Operation, Value};

struct Stage {
    config: Arc<RaftConfig>,
    nodes: Vec<Lone<RaftNode>>,
    boots: Vec<u32>,
    held: Vec<Option<Vec<SyncId>>>,
    mail: Vec<(Peer, Peer, Message)>,
    delivered: Vec<(Peer, Peer, Message)>,
    invariants: Invariants,
    violation: Option<Violation>,
    latest: Option<Request>,
    serial: u32,
    out: String,
}

/// Plays a script and tells what happened.
pub fn play(script: &str) -> String {
    let mut raft = Raft::default();
    let mut stage: Option<Stage> = None;
    let mut nodes = 3;
    let mut told = String::new();
    for line in script.lines().map(str::trim) {
        if line.is_empty() || line.starts_with('#') {
            let _ = writeln!(told, "{line}");
            continue;
        }
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        match word {
            "nodes" => nodes = rest.parse().expect("a number of nodes"),
            "settings" => raft = ron::from_str(rest).expect("settings in RON"),
            _ => {
                let stage = stage.get_or_insert_with(|| Stage::new(&raft, nodes));
                let words: Vec<&str> = rest.split_whitespace().collect();
                stage.line(word, &words);
                let _ = writeln!(told, "> {line}");
                told.push_str(&std::mem::take(&mut stage.out));
                if let Some(violation) = &stage.violation {
                    let _ = writeln!(told, "VIOLATED {}: {}", violation.property, violation.detail);
                    return told;
                }
                continue;
            }
        }
        let _ = writeln!(told, "> {line}");
    }
    told
}

fn peer(name: &str) -> Peer {
    Peer::node(name.strip_prefix('n').and_then(|n| n.parse().ok()).expect("a node such as n1"))
}

impl Stage {
    fn new(raft: &Raft, count: u32) -> Stage {
        raft.check(count).expect("sound settings");
        let members: Vec<Peer> = (0..count).map(Peer::node).collect();
        let nodes = members.iter().map(|peer| Lone::new(*peer, u64::from(peer.raw()) + 1)).collect();
        let mut stage = Stage {
            config: Arc::new(RaftConfig { raft: raft.clone(), members }),
            nodes,
            boots: vec![0; count as usize],
            held: vec![None; count as usize],
            mail: Vec::new(),
            delivered: Vec::new(),
            invariants: Invariants::new(),
            violation: None,
            latest: None,
            serial: 0,
            out: String::new(),
        };
        (0..count).for_each(|index| stage.boot(Peer::node(index)));
        stage.out.clear();
        stage
    }

    fn line(&mut self, word: &str, words: &[&str]) {
        match (word, words) {
            ("stand", [node]) => {
                let node = peer(node);
                self.nodes[node.index()].advance(Span::secs(1));
                let effects = self.nodes[node.index()].timer(Timer::Election);
                self.carry_out(node, effects);
            }
            ("beat", [node]) => self.act(peer(node), |lone| lone.timer(Timer::Heartbeat)),
            ("write", [node, key, value]) => {
                let value = Value::Int(value.parse().expect("a number"));
                self.ask(peer(node), key, Call::Write(value));
            }
            ("add", [node, key, value]) => {
                self.ask(peer(node), key, Call::Add(value.parse().expect("a number")));
            }
            ("read", [node, key]) => self.ask(peer(node), key, Call::Read),
            ("retry", [node]) => {
                let mut request = self.latest.clone().expect("something was asked");
                request.id.attempt += 1;
                self.latest = Some(request.clone());
                self.act(peer(node), |lone| lone.request(request));
            }
            ("deliver", []) => self.deliver_all(),
            ("deliver", [from, to]) => self.deliver(peer(from), peer(to), None),
            ("deliver", [from, to, kind @ ..]) => self.deliver(peer(from), peer(to), Some(&kind.join(" "))),
            ("drop", []) => self.mail.clear(),
            ("drop", [from, to]) => {
                let (from, to) = (peer(from), peer(to));
                self.mail.retain(|(f, t, _)| (*f, *t) != (from, to));
            }
            ("again", [from, to, kind @ ..]) => {
                let (from, to) = (peer(from), peer(to));
                let kind = kind.join(" ");
                let fits = |m: &Message| kind.is_empty() || m.kind() == kind;
                let mut late = self.delivered.iter().rev();
                let last = late.find(|(f, t, m)| (*f, *t) == (from, to) && fits(m));
                let (from, to, message) = last.cloned().expect("something was delivered");
                self.hand_over(from, to, message);
            }
            _ => self.trouble(word, words),
        }
    }

    /// The lines that are about machines and time rather than about the protocol.
    fn trouble(&mut self, word: &str, words: &[&str]) {
        match (word, words) {
            ("crash", [node]) => {
                let node = peer(node);
                self.nodes[node.index()].crash();
                self.held[node.index()] = None;
                self.mail.retain(|(_, to, _)| *to != node);
            }
            ("tear", [node, bytes]) => {
                let bytes: u8 = bytes.parse().expect("a number of bytes");
                self.damage(peer(node), |file| file.extend((1..=bytes).map(|byte| byte.wrapping_mul(37))));
            }
            ("rot", [node, bytes]) => {
                let bytes: usize = bytes.parse().expect("a number of bytes");
                self.damage(peer(node), |file| {
                    let at = file.len() - bytes;
                    file[at] ^= 0x04;
                });
            }
            ("boot", [node]) => self.boot(peer(node)),
            ("hold", [node]) => self.held[peer(node).index()] = Some(Vec::new()),
            ("sync", [node]) => {
                let node = peer(node);
                let waiting = self.held[node.index()].as_mut().map(std::mem::take);
                for sync in waiting.unwrap_or_default() {
                    self.act(node, |lone| lone.synced(sync, SyncResult::Durable));
                }
            }
            ("wait", [span]) => {
                let span: Span = span.parse().expect("a length of time");
                self.nodes.iter_mut().for_each(|node| node.advance(span));
            }
            ("show", []) => self.show(),
            ("view", [node]) => {
                let lone = &self.nodes[peer(node).index()];
                let moment = models::model::Moment { at: lone.now(), clock: Clock::default() };
                let view = lone.node().map(|node| node.view(&moment));
                self.out.push_str(&view.unwrap_or_else(|| "  down\n".into()));
            }
            _ => panic!("no such line: {word} {words:?}"),
        }
    }

    fn boot(&mut self, node: Peer) {
        let config = self.config.clone();
        self.boots[node.index()] += 1;
        self.act(node, |lone| lone.boot(&config));
    }

    /// Changes the log's file on the disk of a server that is down.
    fn damage(&mut self, node: Peer, change: impl FnOnce(&mut Vec<u8>)) {
        let lone = &mut self.nodes[node.index()];
        let length = |file: u32| lone.disk().map_or(0, |disk| disk.read_durable(file).len());
        let file = u32::from(length(1) > length(0));
        lone.damage(file, change);
    }

    fn ask(&mut self, node: Peer, key: &str, call: Call) {
        self.serial += 1;
        let id = RequestId { client: Peer::client(0), process: 0, serial: self.serial, attempt: 1 };
        let key = key.strip_prefix('x').and_then(|n| n.parse().ok()).map(Key);
        let operation = Operation { key, call };
        let request = Request { id, operation, level: None, token: None, deadline: None };
        self.latest = Some(request.clone());
        self.act(node, |lone| lone.request(request));
    }

    fn deliver_all(&mut self) {
        while !self.mail.is_empty() && self.violation.is_none() {
            let (from, to, message) = self.mail.remove(0);
            self.hand_over(from, to, message);
        }
    }

    fn deliver(&mut self, from: Peer, to: Peer, kind: Option<&str>) {
        let (due, rest): (Vec<_>, Vec<_>) = std::mem::take(&mut self.mail)
            .into_iter()
            .partition(|(f, t, m)| (*f, *t) == (from, to) && kind.is_none_or(|kind| m.kind() == kind));
        self.mail = rest;
        due.into_iter().for_each(|(from, to, message)| self.hand_over(from, to, message));
    }

    fn hand_over(&mut self, from: Peer, to: Peer, message: Message) {
        if self.nodes[to.index()].node().is_none() || self.violation.is_some() {
            return;
        }
        let _ = writeln!(self.out, "  {from}→{to} {message:?}");
        self.delivered.push((from, to, message.clone()));
        self.act(to, |lone| lone.message(from, message));
    }

    fn act(&mut self, node: Peer, act: impl FnOnce(&mut Lone<RaftNode>) -> Effects<RaftNode>) {
        if self.violation.is_none() {
            let effects = act(&mut self.nodes[node.index()]);
            self.carry_out(node, effects);
        }
    }

    fn carry_out(&mut self, node: Peer, effects: Effects<RaftNode>) {
        let nodes = &self.nodes;
        if let Some(state) = nodes[node.index()].node() {
            let now = Moment { at: Time::ZERO, node, state };
            let others = |peer: Peer| nodes[peer.index()].node();
            if let ControlFlow::Break(violation) =
                self.invariants.look(&now, self.boots[node.index()], others)
            {
                self.violation = Some(violation);
                return;
            }
        }
        let mut syncs = Vec::new();
        for effect in effects {
            match effect {
                Effect::Send { to, message } => self.mail.push((node, to, message)),
                Effect::Reply { id, reply } => self.tell_reply(node, id, &reply),
                Effect::Mark(name) => drop(writeln!(self.out, "  {node}: {name}")),
                Effect::Status(status) => {
                    let _ = writeln!(self.out, "  {node} is {} in term {}", status.role, status.epoch);
                }
                Effect::Halt(why) => {
                    let _ = writeln!(self.out, "  {node} halts: {why}");
                    self.nodes[node.index()].crash();
                    return;
                }
                Effect::Sync(sync) => match &mut self.held[node.index()] {
                    Some(held) => held.push(sync),
                    None => syncs.push(sync),
                },
                Effect::Arm { .. } | Effect::Disarm { .. } | Effect::Measure(..) | Effect::Span(_) => {}
            }
        }
        for sync in syncs {
            self.act(node, |lone| lone.synced(sync, SyncResult::Durable));
        }
    }

    fn tell_reply(&mut self, node: Peer, id: RequestId, reply: &Reply) {
        let what = match reply {
            Reply::Done(sim_core::history::Answer::Value(value)) => format!("done, {value}"),
            Reply::Done(answer) => format!("done, {answer:?}"),
            Reply::Redirect(Some(leader)) => format!("ask {leader}"),
            Reply::Redirect(None) => "ask another".into(),
            other => format!("{other:?}"),
        };
        let _ = writeln!(self.out, "  {node} answers #{}.{}: {what}", id.serial, id.attempt);
    }

    fn show(&mut self) {
        for (index, lone) in self.nodes.iter().enumerate() {
            let Some(node) = lone.node() else {
                let _ = writeln!(self.out, "  n{index} down");
                continue;
            };
            let log = node.log();
            let mut terms = String::new();
            if log.base().index > 0 {
                let _ = write!(terms, " [..{}]", log.base());
            }
            for entry in log.entries() {
                let mark = if entry.index == node.committed() { "|" } else { "" };
                let _ = write!(terms, " {}{mark}", entry.term);
            }
            let _ = writeln!(self.out, "  n{index} {} t{}:{terms}", node.role().name(), node.term());
        }
    }
}
