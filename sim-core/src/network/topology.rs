//! Where peers are: zones in regions, the round-trip times between regions, and routes over more than one hop.
//!
//! Distances are between places, of which there are few, so the tables stay small however many peers there are.
//! Where two regions have no round-trip time of their own, the shortest route over those that do is taken.

use indexmap::IndexMap;
use petgraph::graphmap::DiGraphMap;
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
    /// Round-trip times between pairs of regions, either way round; half of each is the way there.
    pub rtt: Vec<(String, String, Span)>,
    /// The ways from one region to another in that direction alone, in place of half the round-trip time.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub one_way: Vec<(String, String, Span)>,
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

    /// One-way distances between regions, row by row: the shortest route.
    ///
    /// # Errors
    /// A region named in `rtt` or `one_way` that does not exist, or two regions between which there is no route.
    pub fn distances(&self) -> Result<Vec<Span>, String> {
        // Edges weigh twice the way, so that half of an odd round-trip time is rounded once.
        let mut graph: DiGraphMap<u16, u64> = DiGraphMap::new();
        for index in 0..self.regions.len() as u16 {
            graph.add_node(index);
        }
        for (a, b, rtt) in &self.rtt {
            let (a, b) = self.pair("rtt", a, b)?;
            graph.add_edge(a, b, rtt.0);
            graph.add_edge(b, a, rtt.0);
        }
        for (a, b, way) in &self.one_way {
            let (a, b) = self.pair("one_way", a, b)?;
            graph.add_edge(a, b, way.0.saturating_mul(2));
        }
        let mut distances = Vec::with_capacity(self.regions.len() * self.regions.len());
        for from in 0..self.regions.len() as u16 {
            let routes = petgraph::algo::dijkstra(&graph, from, None, |(_, _, twice)| *twice);
            for to in 0..self.regions.len() as u16 {
                let Some(twice) = routes.get(&to) else {
                    let name = |index: u16| {
                        self.regions.get_index(index.into()).map_or("", |(name, _)| name.as_str())
                    };
                    return Err(format!(
                        "rtt: there is no route from \"{}\" to \"{}\"",
                        name(from),
                        name(to)
                    ));
                };
                distances.push(Span(twice / 2));
            }
        }
        Ok(distances)
    }

    /// The numbers of two regions.
    fn pair(&self, field: &str, a: &String, b: &String) -> Result<(u16, u16), String> {
        let find = |name: &String| {
            self.regions.get_index_of(name).ok_or_else(|| format!("{field}: there is no region \"{name}\""))
        };
        let (a_index, b_index) = (find(a)?, find(b)?);
        if a_index == b_index {
            return Err(format!(
                "{field}: \"{a}\" is given a distance to itself; that is within_zone's latency"
            ));
        }
        Ok((a_index as u16, b_index as u16))
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
        for (i, (a, b, _)) in self.one_way.iter().enumerate() {
            if self.one_way[..i].iter().any(|(x, y, _)| x == a && y == b) {
                return Err(format!("one_way: the way from {a} to {b} is given twice"));
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
            one_way: Vec::new(),
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
    fn a_way_may_be_longer_in_one_direction() {
        let mut topology = three_regions();
        topology.one_way.push(("east".into(), "west".into(), Span::ms(70)));
        let distances = topology.distances().expect("valid");
        // east, west, far: only what leaves the east for the west, or passes that way, is longer.
        let ms = |from: usize, to: usize| distances[3 * from + to];
        assert_eq!((ms(0, 1), ms(1, 0)), (Span::ms(70), Span::ms(30)));
        assert_eq!((ms(0, 2), ms(2, 0)), (Span::ms(120), Span::ms(80)));
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
        refuse(
            |t| t.one_way.push(("west".into(), "nowhere".into(), Span::ZERO)),
            "one_way: there is no region",
        );
    }
}
