//! Looks at the replicas of a run from time to time, and writes down whether they were alike: in the record's measures
//! `replica_behind` and `replica_versions` of each node and `replicas_unsettled`, and in its list of what was agreed.
//!
//! A look changes nothing; it lies between two steps of the world. It costs time, so a run is looked at only at its end
//! unless one of its checks is about replicas. Deliberately absent: the judgement (`checks::weak::agreement`).

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use models::model::Model;
use sim_core::observer::Observer;
use sim_core::peer::Peer;
use sim_core::record::{Agreed, Measure, Record};
use sim_core::time::{Span, Time};
use sim_core::value::Key;
use sim_core::world::World;

use crate::schema::{CheckSpec, Scenario};

/// The time between two looks.
const EVERY: Span = Span::ms(10);

/// What was seen.
#[derive(Default)]
pub(crate) struct Looks {
    /// Whether it looks while the run goes on too.
    often: bool,
    behind: Vec<Measure>,
    versions: Vec<Measure>,
    unsettled: Vec<Measure>,
    open: BTreeMap<Option<Key>, Agreed>,
    over: Vec<Agreed>,
}

impl Looks {
    /// For a scenario: at the end alone, unless a check asks for more.
    pub(crate) fn of(scenario: &Scenario) -> Looks {
        let often = scenario.checks.iter().any(|check| matches!(check, CheckSpec::Agrees(_)));
        Looks { often, ..Looks::default() }
    }

    /// Runs a world until an instant, and looks at it on the way.
    pub(crate) fn drive<M: Model, O: Observer<M::Node>>(
        &mut self,
        world: &mut World<M::Node>,
        end: Time,
        observer: &mut O,
    ) {
        if M::REPLICATED && self.often {
            let mut next = Time::ZERO + EVERY;
            while next < end {
                if world.run(next, observer) != ControlFlow::Continue(()) {
                    return;
                }
                self.look::<M>(world);
                next += EVERY;
            }
        }
        if world.run(end, observer) == ControlFlow::Continue(()) && M::REPLICATED {
            self.look::<M>(world);
        }
    }

    fn look<M: Model>(&mut self, world: &World<M::Node>) {
        let at = world.now();
        let nodes: Vec<(Peer, &M::Node)> = world.states().live().collect();
        let Some(found) = M::replicas(&nodes, at) else { return };
        let number = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
        self.unsettled.push(Measure { at, node: Peer::node(0), value: number(found.unsettled) });
        for (node, state) in found.states {
            self.behind.push(Measure { at, node, value: number(state.behind) });
            self.versions.push(Measure { at, node, value: number(state.versions) });
        }
        let mut before = std::mem::take(&mut self.open);
        for (key, values) in found.agreed {
            match before.remove(&key) {
                Some(mut same) if same.values == values => {
                    same.until = at;
                    self.open.insert(key, same);
                }
                other => {
                    self.over.extend(other);
                    self.open.insert(key, Agreed { key, values, from: at, until: at });
                }
            }
        }
        self.over.extend(before.into_values());
    }

    /// Puts what was seen into the record.
    pub(crate) fn keep(mut self, record: &mut Record) {
        if self.often {
            let lists = [
                ("replica_behind", self.behind),
                ("replica_versions", self.versions),
                ("replicas_unsettled", self.unsettled),
            ];
            for (name, list) in lists.into_iter().filter(|(_, list)| !list.is_empty()) {
                record.measures.insert(name.to_string(), list);
            }
        }
        self.over.extend(self.open.into_values());
        self.over.sort_by_key(|agreed| (agreed.from, agreed.key));
        record.agreed = self.over;
    }
}
