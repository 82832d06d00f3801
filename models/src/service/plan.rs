//! A graph of services made ready to run: nodes numbered, steps as short programs with jumps, edges in a row.

use std::sync::Arc;

use sim_core::peer::Peer;
use sim_core::random::distribution::Distribution;
use sim_core::time::Span;

use super::config::{Edge, Service, ServiceSpec, Step, TopicSpec};
use super::figures::{EdgeNames, name};
use crate::policy::Layer;
use crate::policy::cache::CacheConfig;

/// A whole graph.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Users, services, topics, in the order of their nodes.
    pub parts: Vec<Part>,
    /// How often figures are told.
    pub window: Option<Span>,
    /// Every n-th request leaves a trace.
    pub trace_every: Option<u64>,
    /// Whether any call names a route.
    pub routed: bool,
}

/// Users, a service or a topic.
#[derive(Clone, Debug)]
pub struct Part {
    /// Its name.
    pub name: &'static str,
    /// Its first node.
    pub first: u32,
    /// How many nodes.
    pub count: u32,
    /// The zone of each node, as a number.
    pub zones: Vec<u16>,
    /// What discovery says when; everything, always, if empty.
    pub registered: Vec<(Span, Vec<u32>)>,
    /// Whom it calls.
    pub edges: Vec<PlanEdge>,
    /// What it is.
    pub kind: PartKind,
}

/// What a part is.
#[derive(Clone, Debug)]
pub enum PartKind {
    /// Users.
    Users,
    /// A service and its program.
    Service(Box<ServiceSpec>, Program),
    /// A topic.
    Topic(TopicSpec),
}

/// An edge.
#[derive(Clone, Debug)]
pub struct PlanEdge {
    /// Its settings.
    pub spec: Edge,
    /// The part it leads to.
    pub to: u16,
    /// Where the callee's program begins for it.
    pub entry: u16,
    /// The names of its figures.
    pub names: EdgeNames,
    /// Whether its calls may get lesser answers: there is a fallback on it or below it.
    pub lesser: bool,
}

/// A service's steps.
#[derive(Clone, Debug, Default)]
pub struct Program {
    /// In order; it ends behind the last.
    pub ops: Vec<Op>,
    /// The caches that lookups name.
    pub caches: Vec<(CacheConfig, bool)>,
    /// Where routes begin.
    pub routes: Vec<(String, u16)>,
}

/// One instruction.
#[derive(Clone, Debug)]
pub enum Op {
    /// A worker is busy.
    Work(Distribution),
    /// Calls over these edges (first, how many), each so many times; goes on when so many have succeeded.
    Calls {
        /// The first edge.
        first: u16,
        /// How many edges.
        edges: u16,
        /// How many calls over each.
        copies: u32,
        /// How many must succeed; all that are made if absent.
        need: Option<u32>,
    },
    /// Goes on with this probability, else at the place given.
    Chance(f64, u16),
    /// Looks into a cache; if the key is there, goes on at the place given.
    Lookup(u16, u16),
    /// Stores the key in a cache.
    Fill(u16),
    /// Drops the key from all caches.
    Invalidate,
    /// Fails with this probability.
    Fail(f64),
    /// Does something that must happen once.
    Effect,
    /// Stores the key in all caches.
    FillAll,
    /// Is done: what follows belongs to another route.
    End,
}

/// Which part a node belongs to, with the graph around it: the configuration of a node.
#[derive(Clone, Debug)]
pub struct NodePlan {
    /// The graph.
    pub plan: Arc<Plan>,
    /// The part.
    pub part: u16,
}

impl Plan {
    /// The plan of a graph that has been validated, on machines whose zones go round in this order.
    #[must_use]
    pub fn new(service: &Service, places: &[String]) -> Plan {
        let mut zones: Vec<String> = Vec::new();
        let mut zone_of = |place: &String| {
            let found = zones.iter().position(|zone| zone == place);
            found.unwrap_or_else(|| {
                zones.push(place.clone());
                zones.len() - 1
            }) as u16
        };
        let mut parts: Vec<Part> = Vec::new();
        let mut add = |parts: &mut Vec<Part>, label: &str, count: u32, own: &[String], kind: PartKind| {
            let places = if own.is_empty() { places } else { own };
            let zones = (0..count as usize)
                .map(|i| if places.is_empty() { 0 } else { zone_of(&places[i % places.len()]) })
                .collect();
            let first = parts.last().map_or(0, |part: &Part| part.first + part.count);
            let registered = match &kind {
                PartKind::Service(spec, _) => spec.registered.clone(),
                _ => Vec::new(),
            };
            parts.push(Part { name: name(label), first, count, zones, registered, edges: Vec::new(), kind });
        };
        add(&mut parts, "users", service.users.nodes, &[], PartKind::Users);
        for (label, spec) in &service.services {
            let kind = PartKind::Service(Box::new(spec.clone()), Program::default());
            add(&mut parts, label, spec.instances, &spec.places, kind);
        }
        for (label, spec) in &service.topics {
            add(&mut parts, label, 1, &[], PartKind::Topic(spec.clone()));
        }
        let names: Vec<&'static str> = parts.iter().map(|part| part.name).collect();
        for part in &mut parts {
            let mut edges = Edges { from: part.name, names: &names, list: Vec::new() };
            match &mut part.kind {
                PartKind::Users => service.users.calls.iter().for_each(|edge| edges.add(edge)),
                PartKind::Topic(spec) => {
                    spec.subscriptions.iter().for_each(|subscription| edges.add(&subscription.deliver));
                }
                PartKind::Service(spec, program) => {
                    compile(&spec.steps, program, &mut edges);
                    for (route, steps) in &spec.routes {
                        program.ops.push(Op::End);
                        program.routes.push((route.clone(), program.ops.len() as u16));
                        compile(steps, program, &mut edges);
                    }
                }
            }
            part.edges = edges.list;
        }
        lesser(&mut parts);
        let routed = enter(&mut parts);
        Plan { parts, window: service.window, trace_every: service.trace_every, routed }
    }
}

impl Plan {
    /// Where the program of a call begins, by who calls over which of its edges.
    #[must_use]
    pub fn entry(&self, from: Peer, edge: u16) -> u16 {
        if !self.routed {
            return 0;
        }
        let part = self.parts.partition_point(|part| part.first as usize <= from.index()).saturating_sub(1);
        self.parts[part].edges.get(usize::from(edge)).map_or(0, |edge| edge.entry)
    }
}

/// Finds where each edge's calls begin in their callee's program; whether any names a route.
fn enter(parts: &mut [Part]) -> bool {
    let routes: Vec<Vec<(String, u16)>> = parts
        .iter()
        .map(|part| match &part.kind {
            PartKind::Service(_, program) => program.routes.clone(),
            _ => Vec::new(),
        })
        .collect();
    let mut any = false;
    for edge in parts.iter_mut().flat_map(|part| &mut part.edges) {
        let known = &routes[usize::from(edge.to)];
        let found = edge.spec.route.as_ref().and_then(|name| known.iter().find(|(own, _)| own == name));
        if let Some((_, at)) = found {
            (edge.entry, any) = (*at, true);
        }
    }
    any
}

/// Finds the edges whose calls may get lesser answers.
fn lesser(parts: &mut [Part]) {
    let falls = |edge: &PlanEdge| edge.spec.policies.contains(&Layer::Fallback);
    loop {
        let gives: Vec<bool> = parts
            .iter()
            .map(|part| {
                matches!(part.kind, PartKind::Service(..))
                    && part.edges.iter().any(|edge| edge.lesser || edge.spec.optional)
            })
            .collect();
        let mut changed = false;
        for edge in parts.iter_mut().flat_map(|part| &mut part.edges) {
            if !edge.lesser && (falls(edge) || gives[usize::from(edge.to)]) {
                (edge.lesser, changed) = (true, true);
            }
        }
        if !changed {
            return;
        }
    }
}

struct Edges<'a> {
    from: &'static str,
    names: &'a [&'static str],
    list: Vec<PlanEdge>,
}

impl Edges<'_> {
    fn add(&mut self, edge: &Edge) {
        let to = self.names.iter().position(|name| *name == edge.to).unwrap_or(0) as u16;
        self.list.push(PlanEdge {
            spec: edge.clone(),
            to,
            names: EdgeNames::new(self.from, &edge.to),
            lesser: false,
            entry: 0,
        });
    }
}

fn compile(steps: &[Step], program: &mut Program, edges: &mut Edges<'_>) {
    for step in steps {
        let first = edges.list.len() as u16;
        let calls = |edges: u16, copies: u32, need: Option<u32>| Op::Calls { first, edges, copies, need };
        match step {
            Step::Work(time) => program.ops.push(Op::Work(time.clone())),
            Step::Call(edge) | Step::Publish(edge) => {
                edges.add(edge);
                program.ops.push(calls(1, 1, None));
            }
            Step::All { calls: list, need } => {
                list.iter().for_each(|edge| edges.add(edge));
                program.ops.push(calls(list.len() as u16, 1, *need));
            }
            Step::Spread { call, copies, need } => {
                edges.add(call);
                program.ops.push(calls(1, *copies, *need));
            }
            Step::Maybe(chance, inner) => {
                let at = program.ops.len();
                program.ops.push(Op::Chance(chance.get(), 0));
                compile(inner, program, edges);
                program.ops[at] = Op::Chance(chance.get(), program.ops.len() as u16);
            }
            Step::Cached { cache, coalesce, miss } => {
                let (at, number) = (program.ops.len(), program.caches.len() as u16);
                program.caches.push((*cache, *coalesce));
                program.ops.push(Op::Lookup(number, 0));
                compile(miss, program, edges);
                program.ops.push(Op::Fill(number));
                program.ops[at] = Op::Lookup(number, program.ops.len() as u16);
            }
            Step::Invalidate => program.ops.push(Op::Invalidate),
            Step::Refresh(inner) => {
                compile(inner, program, edges);
                program.ops.push(Op::FillAll);
            }
            Step::Fail(chance) => program.ops.push(Op::Fail(chance.get())),
            Step::Effect => program.ops.push(Op::Effect),
        }
    }
}
