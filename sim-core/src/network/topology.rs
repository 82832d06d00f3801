//! Where peers are: zones in regions, the round-trip times between regions, and routes over more than one hop.
//!
//! Distances are between places, of which there are few, so the tables stay small however many peers there are.
//! Where two regions have no round-trip time of their own, the shortest route over those that do is taken.

use indexmap::IndexMap;
use petgraph::graphmap::UnGraphMap;
use serde::{Deserialize, Serialize};

use crate::network::NetworkConfig;
use crate::network::link::LinkConfig;
use crate::peer::Peer;
use crate::time::Span;

/// Regions, their zones and the distances.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Topology {
    /// The regions by name, each with its zones. A region of one zone may give `[]`: the zone then has its name.
    pub regions: IndexMap<String, Vec<String>>,
    /// The link between two peers of one zone.
    pub within_zone: LinkConfig,
    /// The link between two zones of one region; as within a zone if absent.
    #[serde(default)]
    pub within_region: Option<LinkConfig>,
    /// What a link between regions does apart from its distance: jitter as latency, loss …
    pub between_regions: LinkConfig,
    /// Round-trip times between pairs of regions, either way round.
    pub rtt: Vec<(String, String, Span)>,
}

/// A place's number: zones in the order of the file.
pub type Place = u16;

/// A link as it is between two places.
pub(crate) struct Placed<'a> {
    pub(crate) config: &'a LinkConfig,
    pub(crate) distance: Span,
    /// Which of the network's kinds of link it is.
    pub(crate) kind: usize,
}

/// Which place each peer is in, and what lies between places.
#[derive(Clone, Debug, Default)]
pub struct Placement {
    nodes: Vec<Place>,
    clients: Vec<Place>,
    /// The region of each place.
    regions: Vec<u16>,
    /// One-way distance between regions, row by row.
    distances: Vec<Span>,
    region_count: usize,
}

impl Topology {
    /// The names of the places, `region/zone`, by number.
    #[must_use]
    pub fn places(&self) -> Vec<String> {
        let mut names = Vec::new();
        for (region, zones) in &self.regions {
            if zones.is_empty() {
                names.push(region.clone());
            }
            names.extend(zones.iter().map(|zone| format!("{region}/{zone}")));
        }
        names
    }

    /// The place a name means: `region/zone`, or a region for its first zone.
    #[must_use]
    pub fn place(&self, name: &str) -> Option<Place> {
        let places = self.places();
        let exact = places.iter().position(|place| place == name);
        let first = || places.iter().position(|place| place.split('/').next() == Some(name));
        exact.or_else(first).map(|index| index as Place)
    }

    /// The links within a zone, between the zones of a region, and between regions: the order of [`Placed::kind`], from
    /// 1 up.
    pub(crate) fn kinds(&self) -> [&LinkConfig; 3] {
        let within_region = self.within_region.as_ref().unwrap_or(&self.within_zone);
        [&self.within_zone, within_region, &self.between_regions]
    }

    /// All link settings in it.
    pub(crate) fn links(&self) -> impl Iterator<Item = &LinkConfig> {
        [Some(&self.within_zone), self.within_region.as_ref(), Some(&self.between_regions)]
            .into_iter()
            .flatten()
    }

    /// One-way distances between regions, row by row: half the round-trip time of the shortest route.
    ///
    /// # Errors
    /// A region named in `rtt` that does not exist, or two regions between which there is no route.
    pub fn distances(&self) -> Result<Vec<Span>, String> {
        let mut graph: UnGraphMap<u16, u64> = UnGraphMap::new();
        for index in 0..self.regions.len() as u16 {
            graph.add_node(index);
        }
        for (a, b, rtt) in &self.rtt {
            let find = |name: &String| {
                self.regions.get_index_of(name).ok_or_else(|| format!("rtt: there is no region \"{name}\""))
            };
            let (a_index, b_index) = (find(a)?, find(b)?);
            if a_index == b_index {
                return Err(format!(
                    "rtt: \"{a}\" is given a distance to itself; that is within_zone's latency"
                ));
            }
            graph.add_edge(a_index as u16, b_index as u16, rtt.0);
        }
        let mut distances = Vec::with_capacity(self.regions.len() * self.regions.len());
        for from in 0..self.regions.len() as u16 {
            let routes = petgraph::algo::dijkstra(&graph, from, None, |(_, _, rtt)| *rtt);
            for to in 0..self.regions.len() as u16 {
                let Some(rtt) = routes.get(&to) else {
                    let name = |index: u16| {
                        self.regions.get_index(index.into()).map_or("", |(name, _)| name.as_str())
                    };
                    return Err(format!(
                        "rtt: there is no route from \"{}\" to \"{}\"",
                        name(from),
                        name(to)
                    ));
                };
                distances.push(Span(rtt / 2));
            }
        }
        Ok(distances)
    }

    /// Whether every field makes sense.
    ///
    /// # Errors
    /// The first thing that does not, in words.
    pub fn validate(&self) -> Result<(), String> {
        if self.regions.is_empty() {
            return Err("regions: there are none".into());
        }
        for (region, zones) in &self.regions {
            if let Some((i, zone)) = zones.iter().enumerate().find(|(i, zone)| zones[..*i].contains(zone)) {
                return Err(format!("regions: \"{region}\" has zone \"{zone}\" twice (entry {})", i + 1));
            }
        }
        for (i, (a, b, _)) in self.rtt.iter().enumerate() {
            let repeated = |(x, y, _): &(String, String, Span)| (x == a && y == b) || (x == b && y == a);
            if self.rtt[..i].iter().any(repeated) {
                return Err(format!("rtt: the pair {a}–{b} is given twice"));
            }
        }
        for link in self.links() {
            link.validate()?;
        }
        self.distances().map(|_| ())
    }
}

impl Placement {
    /// Everyone in one place.
    #[must_use]
    pub fn flat() -> Placement {
        Placement::default()
    }

    /// Peers at the places given, by node and by client index; a list that is too short goes round again.
    ///
    /// # Errors
    /// What [`Topology::validate`] says.
    pub fn new(topology: &Topology, nodes: Vec<Place>, clients: Vec<Place>) -> Result<Placement, String> {
        topology.validate()?;
        let mut regions = Vec::new();
        for (index, zones) in topology.regions.values().enumerate() {
            regions.extend(std::iter::repeat_n(index as u16, zones.len().max(1)));
        }
        Ok(Placement {
            nodes,
            clients,
            regions,
            distances: topology.distances()?,
            region_count: topology.regions.len(),
        })
    }

    /// Where a peer is.
    #[must_use]
    pub fn place(&self, peer: Peer) -> Place {
        let list = if peer.is_client() { &self.clients } else { &self.nodes };
        if list.is_empty() { 0 } else { list[peer.index() % list.len()] }
    }

    /// The region's index of a place.
    #[must_use]
    pub fn region(&self, place: Place) -> usize {
        self.regions.get(usize::from(place)).map_or(0, |region| usize::from(*region))
    }

    /// What lies between two peers.
    #[inline]
    pub(crate) fn link<'a>(&self, config: &'a NetworkConfig, from: Peer, to: Peer) -> Placed<'a> {
        let Some(topology) = &config.topology else {
            return Placed { config: &config.link, distance: Span::ZERO, kind: 0 };
        };
        let (a, b) = (self.place(from), self.place(to));
        if a == b {
            return Placed { config: &topology.within_zone, distance: Span::ZERO, kind: 1 };
        }
        let (ra, rb) = (self.region(a), self.region(b));
        if ra == rb {
            let link = topology.within_region.as_ref().unwrap_or(&topology.within_zone);
            return Placed { config: link, distance: Span::ZERO, kind: 2 };
        }
        let distance = self.distances[ra * self.region_count + rb];
        Placed { config: &topology.between_regions, distance, kind: 3 }
    }
}

#[cfg(test)]
mod tests {
    use super::{Placement, Topology};
    use crate::network::link::LinkConfig;
    use crate::network::{Draws, NetworkConfig};
    use crate::peer::Peer;
    use crate::random::distribution::Distribution;
    use crate::time::Span;

    fn three_regions() -> Topology {
        let near = LinkConfig::with_latency(Distribution::Fixed(Span::us(250)));
        Topology {
            regions: [("east", vec!["a", "b"]), ("west", vec![]), ("far", vec!["z"])]
                .into_iter()
                .map(|(name, zones)| (name.to_string(), zones.into_iter().map(str::to_string).collect()))
                .collect(),
            within_zone: near.clone(),
            within_region: Some(LinkConfig::with_latency(Distribution::Fixed(Span::ms(1)))),
            between_regions: LinkConfig::with_latency(Distribution::ZERO),
            rtt: vec![
                ("east".into(), "west".into(), Span::ms(60)),
                ("far".into(), "west".into(), Span::ms(100)),
            ],
        }
    }

    #[test]
    fn distances_follow_the_shortest_route() {
        let topology = three_regions();
        assert_eq!(topology.places(), ["east/a", "east/b", "west", "far/z"]);
        assert_eq!(
            (topology.place("west"), topology.place("east"), topology.place("far/z")),
            (Some(2), Some(0), Some(3))
        );
        let placement = Placement::new(&topology, vec![0, 1, 2, 3], vec![2]).expect("valid");
        let config = NetworkConfig {
            link: topology.within_zone.clone(),
            topology: Some(topology),
            draws: Draws::PerLink,
        };
        let distance = |a, b| placement.link(&config, a, b).distance;
        assert_eq!(distance(Peer::node(0), Peer::node(2)), Span::ms(30));
        assert_eq!(distance(Peer::node(3), Peer::node(0)), Span::ms(80));
        assert_eq!(distance(Peer::client(5), Peer::node(2)), Span::ZERO);
        assert_eq!(
            placement.link(&config, Peer::node(0), Peer::node(1)).config.latency,
            Distribution::Fixed(Span::ms(1))
        );
    }

    #[test]
    fn what_does_not_fit_together_is_refused() {
        let refuse = |change: fn(&mut Topology), part: &str| {
            let mut topology = three_regions();
            change(&mut topology);
            let error = topology.validate().expect_err(part);
            assert!(error.contains(part), "{error}");
        };
        refuse(|t| t.rtt[0].0 = "nowhere".into(), "no region \"nowhere\"");
        refuse(|t| t.rtt.truncate(1), "no route");
        refuse(|t| t.rtt.push(("west".into(), "east".into(), Span::ms(1))), "twice");
        refuse(|t| t.regions.clear(), "there are none");
        refuse(|t| t.rtt[0].1 = "east".into(), "itself");
    }
}
