//! What a model is to the rest of the house: a node type, its configuration as scenario files write it, and the
//! properties that must hold at every step of a run.

use serde::Serialize;
use serde::de::DeserializeOwned;
use sim_core::client::level::Level;
use sim_core::clock::Clock;
use sim_core::disk::{Disk, DiskConfig};
use sim_core::network::NetworkConfig;
use sim_core::node::Node;
use sim_core::observer::Observer;
use sim_core::peer::Peer;
use sim_core::processor::ProcessorConfig;
use sim_core::time::Time;
use sim_core::value::{Key, Value};
use sim_core::world::{ClockConfig, NodeGroup};

/// A model, as its settings in a scenario file. `Default` is not asked for: a file says what it wants, and a field
/// may be left out only where its type's own serde default documents what that means.
pub trait Model: Clone + std::fmt::Debug + Serialize + DeserializeOwned {
    /// The node that runs it.
    type Node: Node;
    /// The properties that are watched while it runs; `()` for none.
    type Invariants: Observer<Self::Node>;

    /// The name in scenario files and listings, in lower case.
    const NAME: &'static str;
    /// One sentence on what it is, with its source.
    const SUMMARY: &'static str;

    /// Whether clients may ask for a level with each request ([`sim_core::client::level`]).
    const LEVELS: bool = false;
    /// Whether it has replicas that must come to be alike, which [`Model::replicas`] compares.
    const REPLICATED: bool = false;
    /// The words that its nodes use of themselves, for scenarios that wait for one or strike at one; `None` where they
    /// are not all known beforehand.
    const WORDS: Option<Words> = None;

    /// Whether the settings make sense for this cluster.
    ///
    /// # Errors
    /// The field, as a path below the model's settings, and what is wrong with it.
    fn validate(&self, cluster: &Cluster) -> Result<(), (String, String)>;

    /// Whether the settings make sense on this network.
    ///
    /// # Errors
    /// As of [`Model::validate`].
    fn validate_network(&self, network: &NetworkConfig) -> Result<(), (String, String)> {
        let _ = network;
        Ok(())
    }

    /// The nodes, group by group.
    fn groups(&self, cluster: &Cluster) -> Vec<NodeGroup<<Self::Node as Node>::Config>>;

    /// The properties, fresh for one run.
    fn invariants(&self, cluster: &Cluster) -> Self::Invariants;

    /// Whether a client may ask for this level, where the model knows levels.
    ///
    /// # Errors
    /// What is wrong with it.
    fn validate_level(&self, cluster: &Cluster, level: Level) -> Result<(), String> {
        let _ = (cluster, level);
        Ok(())
    }

    /// What the live nodes hold, compared with each other; `None` where the model has no replicas that must come to be
    /// alike. The nodes are in the order of their indices.
    #[must_use]
    fn replicas(nodes: &[(Peer, &Self::Node)], at: Time) -> Option<Replicas> {
        let _ = (nodes, at);
        None
    }

    /// A node as it is at this moment, in the protocol's own terms, in a few lines; empty where the model has none.
    #[must_use]
    fn view(node: &Self::Node, moment: &Moment) -> String {
        let _ = (node, moment);
        String::new()
    }

    /// The same for programs: an object whose fields are the protocol's own; `None` where the model has no view.
    #[must_use]
    fn view_json(node: &Self::Node, moment: &Moment) -> Option<serde_json::Value> {
        let _ = (node, moment);
        None
    }

    /// What a node that is down would boot from, by its disk; `None` where the model keeps nothing there.
    #[must_use]
    fn stored(&self, disk: &Disk) -> Option<Stored> {
        let _ = disk;
        None
    }
}

/// The moment at which a node is looked at, and the clock by which the node takes it for another.
#[derive(Clone, Debug)]
pub struct Moment {
    /// True time.
    pub at: Time,
    /// The node's clock.
    pub clock: Clock,
}

/// The words that a model's nodes use of themselves.
#[derive(Clone, Copy, Debug)]
pub struct Words {
    /// The roles they say they have.
    pub roles: &'static [&'static str],
    /// The marks they make, the reasons for which they stop themselves included.
    pub marks: &'static [&'static str],
    /// The kinds of their messages.
    pub messages: &'static [&'static str],
}

/// What a disk holds, in the protocol's own terms.
#[derive(Clone, Debug)]
pub struct Stored {
    /// For people, in a few lines.
    pub text: String,
    /// For programs.
    pub json: serde_json::Value,
}

/// The replicas of a system at one instant, compared with each other.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Replicas {
    /// How many objects are not alike at all their replicas, or have a replica that is down.
    pub unsettled: u64,
    /// The objects that are alike, each with the values of its versions; nothing for a tombstone.
    pub agreed: Vec<(Option<Key>, Vec<Value>)>,
    /// Each live replica.
    pub states: Vec<(Peer, ReplicaState)>,
}

/// One replica.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReplicaState {
    /// How many objects it lacks something of.
    pub behind: u64,
    /// The most versions it holds of one object: more than one are siblings.
    pub versions: u64,
}

/// The machines a model is put on.
#[derive(Clone, Debug)]
pub struct Cluster {
    /// How many nodes.
    pub nodes: u32,
    /// What their work costs.
    pub processor: ProcessorConfig,
    /// How fast their disks are.
    pub disk: DiskConfig,
    /// How wrong their clocks are.
    pub clock: ClockConfig,
    /// Their zones in turn; spread over all zones if empty.
    pub places: Vec<String>,
}

impl Cluster {
    /// All nodes in one group, each with this configuration.
    #[must_use]
    pub fn alike<C>(&self, config: C) -> Vec<NodeGroup<C>> {
        vec![NodeGroup {
            name: "n".into(),
            count: self.nodes,
            config,
            processor: self.processor.clone(),
            disk: self.disk.clone(),
            clock: self.clock,
            places: self.places.clone(),
        }]
    }
}
