//! On whom a fault falls.

use serde::{Deserialize, Serialize};

use crate::peer::Peer;
use crate::random::Rng;

/// Whom a line strikes. Choices are drawn anew at each strike, from the line's own stream.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Target {
    /// One node at random.
    #[default]
    One,
    /// This many nodes at random.
    Some(u32),
    /// The largest minority, at random.
    Minority,
    /// The smallest majority, at random.
    Majority,
    /// Every node.
    All,
    /// Nodes by name.
    Nodes(Vec<String>),
    /// The nodes that say they have this role, and are up: `Role("leader")`.
    Role(String),
    /// One node at random among those that do not have this role.
    NotRole(String),
    /// The nodes of a zone or region.
    Zone(String),
    /// The nodes of a group of the cluster.
    Group(String),
    /// The node whose event struck.
    Cause,
    /// The clients.
    Clients,
    /// One node at random of these groups of the cluster.
    OneOf(Vec<String>),
}

/// The names a target may use, for validation and for resolving it.
#[derive(Clone, Debug, Default)]
pub struct Names {
    /// Nodes by index.
    pub nodes: Vec<String>,
    /// The place of each node, `region/zone`.
    pub places: Vec<String>,
    /// The group of each node.
    pub groups: Vec<String>,
    /// How many clients there are.
    pub clients: u32,
}

impl Names {
    /// The name of a peer.
    pub(crate) fn name(&self, peer: Peer) -> String {
        let named = if peer.is_client() { None } else { self.nodes.get(peer.index()) };
        named.cloned().unwrap_or_else(|| peer.to_string())
    }

    /// The names of some peers, in their order; long lists are cut short.
    pub(crate) fn list(&self, peers: &[Peer]) -> String {
        let mut sorted = peers.to_vec();
        sorted.sort_unstable();
        let shown = sorted.iter().take(20).map(|peer| self.name(*peer)).collect::<Vec<_>>().join(" ");
        if sorted.len() > 20 { format!("{shown} … ({} in all)", sorted.len()) } else { shown }
    }

    /// The node of this name.
    #[must_use]
    pub fn node(&self, name: &str) -> Option<Peer> {
        self.nodes.iter().position(|node| node == name).map(|index| Peer::node(index as u32))
    }

    /// The node of this name, or the client: `c0` is the first.
    #[must_use]
    pub fn peer(&self, name: &str) -> Option<Peer> {
        let client = || {
            let index: u32 = name.strip_prefix('c')?.parse().ok()?;
            (index < self.clients).then(|| Peer::client(index))
        };
        self.node(name).or_else(client)
    }
}

fn in_zone(place: &str, zone: &str) -> bool {
    place == zone || place.split('/').next() == Some(zone)
}

impl Target {
    /// Whether it names what exists.
    ///
    /// # Errors
    /// What does not exist, in words.
    pub fn validate(&self, names: &Names) -> Result<(), String> {
        let count = names.nodes.len();
        match self {
            Target::Some(n) if *n == 0 || *n as usize > count => {
                Err(format!("Some({n}): the cluster has {count} nodes; use 1 to {count}"))
            }
            Target::Nodes(list) if list.is_empty() => Err("Nodes: no node is named".into()),
            Target::Nodes(list) => match list.iter().find(|name| names.node(name).is_none()) {
                Some(name) => Err(unknown("node", name, &names.nodes)),
                None => Ok(()),
            },
            Target::Zone(zone) if !names.places.iter().any(|place| in_zone(place, zone)) => {
                Err(unknown("zone", zone, &names.places))
            }
            Target::OneOf(groups) if groups.is_empty() => Err("OneOf: no group is named".into()),
            Target::OneOf(groups) => match groups.iter().find(|group| !names.groups.contains(group)) {
                Some(group) => Err(unknown("group", group, &names.groups)),
                None => Ok(()),
            },
            Target::Group(group) if !names.groups.contains(group) => {
                Err(unknown("group", group, &names.groups))
            }
            _ => Ok(()),
        }
    }

    /// The peers it means now. `role` answers what a node that is up says it is.
    pub(crate) fn resolve<'a>(
        &self,
        names: &Names,
        nodes: u32,
        role: impl Fn(Peer) -> Option<&'a str>,
        cause: Option<Peer>,
        rng: &mut Rng,
    ) -> Vec<Peer> {
        let everyone = || (0..nodes).map(Peer::node);
        let at_random = |count: u32, rng: &mut Rng| {
            let mut all: Vec<Peer> = everyone().collect();
            rng.shuffle(&mut all);
            all.truncate(count as usize);
            all.sort_unstable();
            all
        };
        match self {
            Target::One => at_random(1, rng),
            Target::Some(count) => at_random(*count, rng),
            Target::Minority => at_random(nodes.saturating_sub(1) / 2, rng),
            Target::Majority => at_random(nodes / 2 + 1, rng),
            Target::All => everyone().collect(),
            Target::Nodes(list) => list.iter().filter_map(|name| names.node(name)).collect(),
            Target::Role(wanted) => everyone().filter(|node| role(*node) == Some(wanted.as_str())).collect(),
            Target::NotRole(other) => {
                let mut rest: Vec<Peer> =
                    everyone().filter(|node| role(*node) != Some(other.as_str())).collect();
                rng.shuffle(&mut rest);
                rest.truncate(1);
                rest
            }
            Target::Zone(zone) => {
                everyone().filter(|n| names.places.get(n.index()).is_some_and(|p| in_zone(p, zone))).collect()
            }
            Target::Group(group) => {
                everyone().filter(|n| names.groups.get(n.index()) == Some(group)).collect()
            }
            Target::OneOf(groups) => {
                let in_one =
                    |node: &Peer| names.groups.get(node.index()).is_some_and(|own| groups.contains(own));
                let mut all: Vec<Peer> = everyone().filter(in_one).collect();
                rng.shuffle(&mut all);
                all.truncate(1);
                all
            }
            Target::Cause => cause.into_iter().collect(),
            Target::Clients => (0..names.clients).map(Peer::client).collect(),
        }
    }
}

/// What to say of a name that is not there: the ones that are.
pub(crate) fn unknown(what: &str, name: &str, known: &[String]) -> String {
    let mut known: Vec<&str> = known.iter().map(String::as_str).filter(|known| !known.is_empty()).collect();
    known.dedup();
    let list = if known.len() > 12 {
        format!("{} … {}", known[..6].join(", "), known[known.len() - 1])
    } else {
        known.join(", ")
    };
    if list.is_empty() {
        format!("there is no {what} \"{name}\"")
    } else {
        format!("there is no {what} \"{name}\"; there are {list}")
    }
}
