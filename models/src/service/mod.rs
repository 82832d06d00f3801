//! Services under load: a graph of services with workers and queues, called over edges with policies and balancers.
//!
//! Every instance is a node of the engine, so links, partitions, crashes, pauses, slow nodes and clocks are the
//! engine's own. A cluster's nodes are the users', then the instances' service by service, then the topics'.
//! [`config`] is what a file says, [`plan`] the same made ready to run, [`node`] what runs. Deliberately absent: what
//! a message means; a call has a key, a size, a class, and an end.

pub mod balance;
pub mod balance_config;
mod caller;
pub mod config;
pub mod figures;
mod graph;
mod job;
pub mod message;
pub mod node;
pub mod plan;
pub mod ring;
mod run;
mod server;
mod standstill;
mod timers;
mod topic;
mod users;
mod validate;
mod words;

use std::sync::Arc;

use sim_core::world::NodeGroup;

pub use self::config::Service;
use self::node::ServiceNode;
use self::plan::{NodePlan, Plan};
use crate::model::{Cluster, Model, Words};

impl Model for Service {
    type Node = ServiceNode;
    type Invariants = ();

    const NAME: &'static str = "service";
    const SUMMARY: &'static str =
        "a graph of services with queues, policies and balancers; RED, USE and traces are measured";
    const WORDS: Option<Words> = Some(words::WORDS);

    fn validate(&self, cluster: &Cluster) -> Result<(), (String, String)> {
        self.check(cluster)
    }

    fn groups(&self, cluster: &Cluster) -> Vec<NodeGroup<NodePlan>> {
        let plan = Arc::new(Plan::new(self, &cluster.places));
        let group = |(number, part): (usize, &plan::Part)| {
            let places = self.services.get(part.name).map_or(&cluster.places, |spec| &spec.places);
            NodeGroup {
                name: part.name.to_string(),
                count: part.count,
                config: NodePlan { plan: Arc::clone(&plan), part: number as u16 },
                processor: cluster.processor.clone(),
                disk: cluster.disk.clone(),
                clock: cluster.clock,
                places: if places.is_empty() { cluster.places.clone() } else { places.clone() },
            }
        };
        plan.parts.iter().enumerate().map(group).collect()
    }

    fn invariants(&self, _: &Cluster) {}
}
