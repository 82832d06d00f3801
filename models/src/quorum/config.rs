//! The settings of a quorum system as scenario files write them: what each means, its default, and what is refused.
//!
//! Deliberately absent: machines, networks and clients, which the cluster and the scenario say.

use serde::{Deserialize, Serialize};
use sim_core::client::level::Level;
use sim_core::time::Span;

use super::versions::Versions;
use crate::detector::Detector;

/// A replicated key-value store after Dynamo (DeCandia et al., SOSP'07; § is of that paper). Any node coordinates
/// whatever it is asked; the first N nodes on the ring behind a key hold it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quorum {
    /// How many replicas each key has.
    pub n: u32,
    /// How many of them answer before a read is answered, unless its client names a level.
    pub r: Level,
    /// How many of them have a write before it is answered, unless its client names a level.
    pub w: Level,
    /// Which of two versions survives; the later by the coordinators' wall clocks unless said otherwise.
    #[serde(default = "last_write_wins")]
    pub versions: Versions,
    /// What a read does about replicas that are behind; it repairs them unless said otherwise.
    #[serde(default)]
    pub reads: Reads,
    /// How many replicas are sent a request; all unless said otherwise.
    #[serde(default)]
    pub contact: Contact,
    /// What a write under `Vectors` or `Dotted` is taken to know; what its session has seen unless said otherwise.
    #[serde(default)]
    pub context: Context,
    /// Other nodes stand in for silent replicas (§4.6); nobody does if absent.
    #[serde(default)]
    pub sloppy: Option<Sloppy>,
    /// Nodes send heartbeats, and by these a failure detector tells each coordinator whom to think up: it does not ask
    /// the others. If absent, a coordinator knows of nobody, and learns who is down from answers that do not come.
    #[serde(default)]
    pub liveness: Option<Liveness>,
    /// Replicas compare Merkle trees (§4.7); never if absent.
    #[serde(default)]
    pub anti_entropy: Option<AntiEntropy>,
    /// Each replica forgets a tombstone this long after it got it; never if absent.
    #[serde(default)]
    pub purge: Option<Span>,
    /// What happens to a version before it is acknowledged; it is synced unless said otherwise.
    #[serde(default)]
    pub persistence: Persistence,
    /// How many points each node has on the ring; 64 unless said otherwise.
    #[serde(default = "points")]
    pub points: u32,
    /// The first so many nodes are on the ring from the start, the others only coordinate; all unless said otherwise.
    #[serde(default)]
    pub members: Option<u32>,
    /// So many replicas in each region, which are told from `cluster.places`; wherever the ring says if absent.
    #[serde(default)]
    pub per_region: Option<u32>,
    /// What an administrator asks, line by line: nodes that join and leave; nothing unless said.
    #[serde(default)]
    pub admin: Vec<Admin>,
    /// Whether a change of membership waits until data has moved before newcomers are read; it does unless said
    /// otherwise. If it does not, they are read at once: a mistake.
    #[serde(default = "yes")]
    pub move_first: bool,
    /// After how long a key that moves is sent again to a newcomer that has not acknowledged it; 200 ms unless said
    /// otherwise.
    #[serde(default = "move_again")]
    pub move_again: Span,
    /// After how long a coordinator gives up; 1 s unless said otherwise.
    #[serde(default = "patience")]
    pub timeout: Span,
    /// Behind each write that is acknowledged, a coordinator begins a measuring read as of the same instant, and keeps as
    /// `visibility_ns` how much later it should have begun to see the write (PBS, VLDB'12, §5.2). Off unless said.
    #[serde(default)]
    pub probe: Probe,
}

/// Who reads to measure when a write becomes visible.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Probe {
    /// Nobody.
    #[default]
    Off,
    /// The coordinator that wrote.
    Writer,
    /// One drawn at random: of the nodes that only coordinate, of all nodes where there are none such. It hears of the
    /// write later, and what it measures is put back by as much. That takes true clocks.
    Anyone,
}

/// What a read does about replicas that are behind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Reads {
    /// Nothing.
    Plain,
    /// It answers, and then sends what it read to those that lack it (§5).
    #[default]
    Repair,
    /// It writes what it read to a write quorum before it answers (Attiya, Bar-Noy & Dolev, JACM 1995).
    WriteBack,
}

/// How many replicas are sent a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Contact {
    /// All; the fastest answers count.
    #[default]
    All,
    /// As many as are waited for, at random: a partial quorum that never expands.
    Needed,
}

/// What a write under vectors is taken to know.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Context {
    /// What its client's session has read and written, which the client brings along (§4.4).
    #[default]
    Session,
    /// What a read quorum holds, asked for this purpose.
    ReadFirst,
}

/// How others stand in for silent replicas.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sloppy {
    /// After how long a replica counts as silent.
    pub after: Span,
    /// How often what is kept for others is offered to them.
    pub handoff: Span,
}

/// Who is thought up, by heartbeats.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Liveness {
    /// How often each node that holds data tells all others that it is there: at the multiples of this on its clock.
    pub every: Span,
    /// What judges it by that.
    pub detector: Detector,
}

/// How replicas compare what they hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AntiEntropy {
    /// How often each node turns to another.
    pub every: Span,
    /// The depth of the trees: 2^depth leaves; 8 unless said otherwise.
    #[serde(default = "depth")]
    pub depth: u32,
}

/// What happens to a version before it is acknowledged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Persistence {
    /// It is synced to disk; one sync covers all that was written meanwhile.
    #[default]
    Synced,
    /// It is written, and acknowledged before the sync completes: a power loss forgets it.
    Unsynced,
    /// It is not written: a node that restarts is empty.
    Memory,
}

/// A line of an administrator's plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Admin {
    /// Not before this, on the clock of the node that carries it out, and not before the line above is done.
    pub at: Span,
    /// What.
    #[serde(rename = "do")]
    pub action: Action,
}

/// Who comes or goes, by index. The data moves while clients read and write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Action {
    /// This node joins the ring.
    Join(u32),
    /// It hands over what it holds and leaves the ring; it stays up and coordinates. A decommission.
    Leave(u32),
    /// It is gone for good, and is taken off the ring; the homes that stay give what they hold to its successors. Nobody
    /// waits for it: one that lives may answer from what it has until it hears of its removal.
    Remove(u32),
}

fn yes() -> bool {
    true
}

fn last_write_wins() -> Versions {
    Versions::LastWriteWins
}

fn points() -> u32 {
    64
}

fn depth() -> u32 {
    8
}

fn move_again() -> Span {
    Span::ms(200)
}

fn patience() -> Span {
    Span::secs(1)
}

/// Periods and time-outs are no shorter: messages would be without number.
const SHORTEST: Span = Span::us(10);

type Wrong = (String, String);

fn fail<T>(field: &str, why: impl Into<String>) -> Result<T, Wrong> {
    Err((field.to_string(), why.into()))
}

impl Quorum {
    /// Whether the settings make sense for so many nodes in so many regions, whose clocks are true or not.
    ///
    /// # Errors
    /// The field and what is wrong with it.
    pub fn check(&self, nodes: u32, regions: u32, true_clocks: bool) -> Result<(), (String, String)> {
        let members = self.members.unwrap_or(nodes);
        if members == 0 || members > nodes {
            return fail("members", format!("1 to {nodes}, the number of nodes, found {members}"));
        }
        if self.n == 0 || self.n > members {
            return fail("n", format!("1 to {members}, the number of nodes on the ring, found {}", self.n));
        }
        for (field, level) in [("r", self.r), ("w", self.w)] {
            self.check_level(level, regions).map_err(|why| (field.to_string(), why))?;
        }
        if self.probe == Probe::Anyone && !true_clocks {
            return fail("probe", "Anyone compares clocks of two nodes, so it takes true ones; use Writer");
        }
        if let Some(each) = self.per_region
            && each * regions != self.n
        {
            return fail("per_region", format!("{each} in each of {regions} regions is not n = {}", self.n));
        }
        if !(1..=4096).contains(&self.points) {
            return fail("points", format!("1 to 4096, found {}", self.points));
        }
        for (field, length) in [("timeout", self.timeout), ("move_again", self.move_again)] {
            if length < SHORTEST {
                return fail(field, format!("{SHORTEST} at least"));
            }
        }
        if let Some(sloppy) = self.sloppy
            && (sloppy.after < SHORTEST || sloppy.handoff < SHORTEST)
        {
            return fail("sloppy", format!("both lengths are {SHORTEST} at least"));
        }
        self.check_liveness()?;
        if let Some(compare) = self.anti_entropy
            && (compare.every < SHORTEST || !(1..=32).contains(&compare.depth))
        {
            return fail("anti_entropy", format!("every is {SHORTEST} at least, and depth 1 to 32"));
        }
        if self.purge == Some(Span::ZERO) {
            return fail("purge", "a length above 0");
        }
        self.check_admin(nodes, members)
    }

    /// Whether a level makes sense.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check_level(&self, level: Level, regions: u32) -> Result<(), String> {
        match level {
            Level::Replicas(k) if k == 0 || k > self.n => {
                Err(format!("1 to {}, the number of replicas n, found {k}", self.n))
            }
            Level::LocalOne | Level::LocalQuorum | Level::EachQuorum if regions < 2 => {
                Err("levels by region need cluster.places in two regions at least".to_string())
            }
            _ => Ok(()),
        }
    }

    fn check_liveness(&self) -> Result<(), Wrong> {
        let Some(liveness) = &self.liveness else { return Ok(()) };
        if liveness.every < SHORTEST {
            return fail("liveness.every", format!("{SHORTEST} at least"));
        }
        if let Detector::Timeout(silence) = liveness.detector
            && silence <= liveness.every
        {
            return fail("liveness.detector.Timeout", "longer than the time between heartbeats");
        }
        let under = |(path, why)| (format!("liveness.detector.{path}"), why);
        liveness.detector.validate(liveness.every).map_err(under)
    }

    fn check_admin(&self, nodes: u32, members: u32) -> Result<(), Wrong> {
        let mut on: Vec<u32> = (0..members).collect();
        let mut removed: Vec<u32> = Vec::new();
        for (i, line) in self.admin.iter().enumerate() {
            let field = format!("admin[{i}].do");
            let (Action::Join(node) | Action::Leave(node) | Action::Remove(node)) = line.action;
            if node >= nodes {
                return fail(&field, format!("there is no node {node}; there are 0 to {}", nodes - 1));
            }
            if removed.contains(&node) {
                return fail(&field, format!("node {node} was removed for good"));
            }
            match (line.action, on.contains(&node)) {
                (Action::Join(_), true) => {
                    return fail(&field, format!("node {node} is on the ring already"));
                }
                (Action::Join(_), false) => on.push(node),
                (_, false) => return fail(&field, format!("node {node} is not on the ring")),
                (action, true) => {
                    on.retain(|other| *other != node);
                    removed.extend(matches!(action, Action::Remove(_)).then_some(node));
                }
            }
            if (on.len() as u32) < self.n {
                return fail(&field, format!("fewer than n = {} nodes remain on the ring", self.n));
            }
        }
        Ok(())
    }
}
