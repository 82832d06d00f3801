//! The nodes of a run at one instant, in their protocol's own terms, for people and for programs.
//!
//! What a node shows of itself is its model's business ([`Model::view`]). Deliberately absent: what led there, which
//! [`crate::replay`] tells.

use std::fmt;

use models::model::{Model, Moment};
use serde_json::{Value, json};
use sim_core::peer::Peer;
use sim_core::record::{Injection, Life};
use sim_core::time::Time;

use crate::load::Loaded;
use crate::registry::{WithModel, with_model};
use crate::replicas::Looks;
use crate::run::drive_to;

/// All nodes at an instant.
#[derive(Clone, Debug)]
pub struct Inspection {
    /// The scenario's name.
    pub scenario: String,
    /// The seed.
    pub seed: u64,
    /// The instant asked for, or the run's end if that came before.
    pub at: Time,
    /// How many events had happened, those of the instant included.
    pub events: u64,
    /// The faults in force.
    pub faults: Vec<Injection>,
    /// The nodes.
    pub nodes: Vec<Inspected>,
}

/// One node.
#[derive(Clone, Debug)]
pub struct Inspected {
    /// Its name.
    pub name: String,
    /// Whether its process is up.
    pub is_up: bool,
    /// How often it has booted.
    pub boots: u32,
    /// Since when it is down and why, for one that is.
    pub down: Option<(Time, Life)>,
    /// Its view for people: of itself while it is up, of its disk while it is down; empty where the model has none.
    pub view: String,
    /// Its view for programs, while it is up.
    pub json: Option<Value>,
    /// What is on its disk, for programs, while it is down.
    pub stored: Option<Value>,
}

/// Runs a scenario until an instant, everything that happens at it included, and looks at the nodes.
#[must_use]
pub fn inspect(loaded: &Loaded, seed: u64, at: Time) -> Inspection {
    with_model(&loaded.scenario.model, Look { loaded, seed, at })
}

struct Look<'a> {
    loaded: &'a Loaded,
    seed: u64,
    at: Time,
}

impl WithModel for Look<'_> {
    type Output = Inspection;
    fn with<M: Model + 'static>(self, model: &M) -> Inspection {
        let Look { loaded, seed, at } = self;
        let world = drive_to(loaded, model, seed, at, (&mut (), &mut Looks::default()));
        let names = crate::assemble::world(&loaded.scenario, model, seed).names().nodes;
        let (states, now, events) = (world.states(), world.now(), world.events());
        let nodes = (0..states.len() as u32).map(Peer::node).map(|node| {
            let state = states.get(node);
            let disk = states.disk(node).filter(|_| state.is_none());
            let stored = disk.and_then(|disk| model.stored(disk));
            let moment = Moment { at: now.min(at), clock: states.clock(node) };
            let view = state
                .map(|state| M::view(state, &moment))
                .or(stored.as_ref().map(|stored| stored.text.clone()));
            Inspected {
                name: names.get(node.index()).cloned().unwrap_or_else(|| node.to_string()),
                is_up: state.is_some(),
                boots: states.boots(node),
                down: None,
                view: view.unwrap_or_default(),
                json: state.and_then(|state| M::view_json(state, &moment)),
                stored: stored.map(|stored| stored.json),
            }
        });
        let mut nodes: Vec<Inspected> = nodes.collect();
        let record = world.finish();
        for (place, node) in nodes.iter_mut().enumerate().filter(|(_, node)| !node.is_up) {
            let mut lives = record.lives.iter().rev().filter(|change| change.node.index() == place);
            node.down = lives.next().map(|change| (change.at, change.life));
        }
        let faults = record.faults.into_iter().filter(|fault| fault.until.is_none()).collect();
        Inspection { scenario: loaded.name.clone(), seed, at: now.min(at), events, faults, nodes }
    }
}

impl Inspection {
    /// The document for programs.
    #[must_use]
    pub fn json(&self) -> Value {
        let faults = self
            .faults
            .iter()
            .map(|fault| json!({ "fault": fault.fault, "since_ns": fault.at.0, "detail": fault.detail }));
        let nodes = self.nodes.iter().map(|node| {
            let down = node.down.as_ref();
            json!({
                "node": node.name,
                "up": node.is_up,
                "boots": node.boots,
                "view": node.json,
                "down_since_ns": down.map(|(at, _)| at.0),
                "down_why": down.map(|(_, life)| why(*life)),
                "disk": node.stored,
            })
        });
        json!({
            "schema": 1,
            "scenario": self.scenario,
            "seed": self.seed,
            "version": crate::version::VERSION,
            "at_ns": self.at.0,
            "events": self.events,
            "faults": faults.collect::<Value>(),
            "nodes": nodes.collect::<Value>(),
        })
    }
}

impl fmt::Display for Inspection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} · seed {} · at {:.6} s, after {} events",
            self.scenario,
            self.seed,
            self.at.as_secs_f64(),
            self.events
        )?;
        for fault in &self.faults {
            writeln!(f, "fault {} since {:.6} s: {}", fault.fault, fault.at.as_secs_f64(), fault.detail)?;
        }
        for node in &self.nodes {
            writeln!(f)?;
            match (node.is_up, node.view.is_empty()) {
                (false, _) => node.tell_down(f)?,
                (true, true) => {
                    writeln!(f, "{} is up, boot {}; its model shows no more", node.name, node.boots)?
                }
                (true, false) => writeln!(f, "{}", node.view.trim_end())?,
            }
        }
        Ok(())
    }
}

/// Why a node is down.
fn why(life: Life) -> &'static str {
    match life {
        Life::Crashed => "crashed",
        Life::Halted => "stopped itself",
        _ => "stopped",
    }
}

impl Inspected {
    /// A node that is down: since when, and what it would come back with.
    fn tell_down(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is down", self.name)?;
        match self.boots {
            0 => write!(f, ", never booted")?,
            1 => write!(f, ", after 1 boot")?,
            boots => write!(f, ", after {boots} boots")?,
        }
        if let Some((at, life)) = self.down {
            write!(f, ", {} at {:.6} s", why(life), at.as_secs_f64())?;
        }
        writeln!(f)?;
        if self.view.is_empty() { Ok(()) } else { writeln!(f, "{}", self.view.trim_end()) }
    }
}
