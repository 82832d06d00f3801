//! From inferred dependencies to an answer: components, the cycles in each, and what all anomalies together rule out.
//!
//! What counts as a violation follows Elle: an anomaly that a model or the caller forbids makes the history invalid;
//! a history that shows no dependency at all proves nothing, and is unknown. Deliberately absent: how anything was
//! inferred.

use serde::Serialize;

use super::cycles::{self, Cycle, Plan};
use super::findings::Findings;
use super::hubs::Hubs;
use super::lattice::{Anomaly, AnomalySet, Model, ModelSet, anomaly};
use super::order::{self, Kind};
use super::{End, Inferred, Log, Options, explain};
use crate::graph::{Edge, Graph, components, topological};
use crate::verdict::{Verdict, Witness};

/// Whether the history is what was expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Validity {
    /// Nothing that is forbidden was found.
    Valid,
    /// The history is not one that can tell.
    Unknown,
    /// Something forbidden was found.
    Invalid,
}

/// One kind of anomaly in the history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Its name.
    pub anomaly: Anomaly,
    /// How many there are: for cycles, in how many components one was found.
    pub count: usize,
    /// The first few, the shortest first.
    pub witnesses: Vec<Witness>,
}

/// What the transactions of a history prove.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Analysis {
    /// Whether the history is as expected.
    pub validity: Validity,
    /// The same as every checker says it, with the gravest anomaly's witness.
    pub verdict: Verdict,
    /// The anomalies that were asked for, by name.
    pub findings: Vec<Finding>,
    /// The weakest models that are ruled out; empty where nothing asked for was found.
    pub not: Vec<Model>,
    /// The stronger ones that are thereby ruled out too.
    pub also_not: Vec<Model>,
    /// The strongest models that nothing found rules out.
    pub strongest: Vec<Model>,
}

impl Analysis {
    /// An analysis of a history that cannot be judged, with the reason.
    pub(super) fn unknown(reason: String) -> Analysis {
        Analysis {
            validity: Validity::Unknown,
            verdict: Verdict::Unknown(reason),
            findings: Vec::new(),
            not: Vec::new(),
            also_not: Vec::new(),
            strongest: names(ModelSet::default().complement().strongest()),
        }
    }

    /// The names of the anomalies found, sorted as text.
    #[must_use]
    pub fn anomaly_names(&self) -> Vec<&'static str> {
        self.findings.iter().map(|finding| finding.anomaly.name()).collect()
    }
}

/// Finds the cycles and draws the conclusions.
pub(super) fn conclude(log: &Log<'_>, inferred: Inferred<'_>, order: Kind, options: &Options) -> Analysis {
    let Inferred { mut edges, depends, hubs, mut findings, priority, explainer } = inferred;
    let data = edges.len();
    let (nodes, ordered) = order::extend(log, order, hubs.nodes(), &mut edges);
    if data == 0 && !ordered && !depends {
        findings.add("empty-transaction-graph", || Witness {
            anomaly: "empty-transaction-graph".to_string(),
            headline: "no transaction depends on another, so the history proves nothing".to_string(),
            ..Witness::default()
        });
    }
    // Most histories hold no cycle, which shows without the graph; hubs may close one that is none.
    if topological(nodes, &edges).is_some() {
        return judge(findings, options.prohibited());
    }
    let graph = Graph::new(nodes, &edges);
    drop(edges);
    let search = Search { log, graph: &graph, hubs, order, priority, explainer: &*explainer };
    search.all(&mut findings);
    judge(findings, options.prohibited())
}

/// A cycle: its kind, its nodes, and why each comes before the next.
type Told = (Anomaly, Vec<u32>, Vec<u8>);

/// The search for cycles in each component.
struct Search<'a> {
    log: &'a Log<'a>,
    graph: &'a Graph,
    hubs: Hubs,
    order: Kind,
    priority: [u8; 3],
    explainer: &'a dyn explain::Explain,
}

impl Search<'_> {
    fn all(&self, findings: &mut Findings) {
        let txns = self.log.txns.len();
        let mut plan = Plan::new(self.order, self.priority);
        let mut local = vec![u32::MAX; txns];
        for mut members in components(self.graph, order::ANY).cyclic {
            members.retain(|node| (*node as usize) < txns);
            if members.len() < 2 {
                continue;
            }
            let graph = self.component(&members, &mut local);
            for cycle in cycles::search(&graph, &mut plan) {
                self.tell(&members, &graph, &plan, cycle, findings);
            }
        }
    }

    /// The graph of one component, its nodes numbered by their place in `members`.
    fn component(&self, members: &[u32], local: &mut [u32]) -> Graph {
        members.iter().enumerate().for_each(|(i, node)| local[*node as usize] = i as u32);
        let mut edges = Vec::new();
        for (i, node) in members.iter().enumerate() {
            let i = i as u32;
            let inside = |to: u32| local.get(to as usize).copied().filter(|to| *to != u32::MAX && *to != i);
            for (to, labels) in self.graph.row(*node) {
                if self.hubs.is_hub(to) {
                    let beyond = self.graph.row(to).filter_map(|(to, labels)| Some((inside(to)?, labels)));
                    edges.extend(beyond.map(|(to, labels)| Edge::new(i, to, labels)));
                } else if let Some(to) = inside(to) {
                    edges.push(Edge::new(i, to, labels));
                }
            }
        }
        if self.order == Kind::Realtime {
            order::reduced(self.log, members, &mut edges);
        }
        members.iter().for_each(|node| local[*node as usize] = u32::MAX);
        Graph::new(members.len(), &edges)
    }

    /// The same cycle, or a shorter one of its kind that leaps over what real time orders anyhow: within a component
    /// only the reduction of real time is at hand.
    fn shortened(&self, graph: &Graph, plan: &Plan, members: &[u32], cycle: Told) -> Told {
        let (anomaly, nodes, labels) = cycle;
        if self.order != Kind::Realtime || !(3..1_000).contains(&nodes.len()) {
            return (anomaly, nodes, labels);
        }
        let txn = |node: &u32| &self.log.txns[members[*node as usize] as usize];
        let mut edges = Vec::new();
        for (i, a) in nodes.iter().enumerate() {
            for (j, b) in nodes.iter().enumerate().filter(|(j, _)| *j != i) {
                let after = txn(a).end == End::Ok && txn(a).completed < txn(b).invoked;
                let labels = graph.labels(*a, *b) | if after { order::REALTIME } else { 0 };
                edges.extend((labels != 0).then_some(Edge::new(i as u32, j as u32, labels)));
            }
        }
        match cycles::shorter(&Graph::new(nodes.len(), &edges), plan, anomaly) {
            Some((short, labels)) => (anomaly, short.iter().map(|i| nodes[*i as usize]).collect(), labels),
            None => (anomaly, nodes, labels),
        }
    }

    fn tell(&self, members: &[u32], graph: &Graph, plan: &Plan, cycle: Cycle, findings: &mut Findings) {
        match cycle {
            Cycle::Found { anomaly, nodes, labels } => {
                let cycle = (anomaly, nodes, labels);
                let (anomaly, nodes, labels) = self.shortened(graph, plan, members, cycle);
                let size = nodes.len();
                findings.add_of(anomaly, size, || {
                    let txns: Vec<u32> = nodes.iter().map(|node| members[*node as usize]).collect();
                    explain::cycle(self.log, self.explainer, anomaly, &txns, &labels)
                });
            }
            Cycle::Exists { anomaly, level, nodes } => {
                findings.add_of(anomaly, nodes.len(), || {
                    let (cycle, model) = cycles::example(graph, level, &nodes);
                    let labels = cycles::labels_of(graph, &cycle, self.priority);
                    let txns: Vec<u32> = cycle.iter().map(|node| members[*node as usize]).collect();
                    let mut witness = explain::cycle(self.log, self.explainer, anomaly, &txns, &labels);
                    witness.headline = format!("{} transactions in a cycle that {model} forbids", txns.len());
                    witness
                });
            }
        }
    }
}

/// What the findings mean for what was expected.
fn judge(findings: Findings, prohibited: AnomalySet) -> Analysis {
    let found = findings.anomalies();
    let empty = anomaly("empty-transaction-graph");
    let mut reportable = prohibited;
    reportable.insert(empty);
    let plain: AnomalySet = found.iter().filter(|a| !a.is_cycle_exists()).collect();
    let explained = plain.impossible_models();
    let violated = found.meets(prohibited);
    let reported = |a: Anomaly| {
        reportable.contains(a) && !cycles::model_of(a).is_some_and(|model| explained.contains(model))
    };
    let findings: Vec<Finding> = {
        let kept = findings.kinds.into_iter().filter(|(a, _)| reported(*a));
        let mut kept: Vec<Finding> =
            kept.map(|(anomaly, (count, witnesses))| Finding { anomaly, count, witnesses }).collect();
        kept.sort_by_key(|finding| finding.anomaly.name());
        kept
    };
    let impossible = found.impossible_models();
    let strongest = names(impossible.complement().strongest());
    if findings.is_empty() {
        let (not, also_not) = (Vec::new(), Vec::new());
        return Analysis {
            validity: Validity::Valid,
            verdict: Verdict::Pass,
            findings,
            not,
            also_not,
            strongest,
        };
    }
    let not = impossible.weakest();
    let also_not = names(impossible.iter().filter(|m| !not.contains(*m)).collect());
    let validity = if violated { Validity::Invalid } else { Validity::Unknown };
    let verdict = verdict_of(&findings, validity, prohibited);
    Analysis { validity, verdict, findings, not: names(not), also_not, strongest }
}

/// The witness to show first: of the anomaly that rules out most, the smallest.
fn verdict_of(findings: &[Finding], validity: Validity, prohibited: AnomalySet) -> Verdict {
    if validity == Validity::Unknown {
        return Verdict::Unknown("no transaction depends on another: the history proves nothing".to_string());
    }
    let gravest =
        findings.iter().filter(|finding| prohibited.contains(finding.anomaly)).max_by_key(|finding| {
            let alone: AnomalySet = [finding.anomaly].into_iter().collect();
            let shortest = finding.witnesses.first().map_or(usize::MAX, |w| w.entries.len());
            (alone.impossible_models().iter().count(), std::cmp::Reverse(shortest))
        });
    match gravest.and_then(|finding| finding.witnesses.first()) {
        Some(witness) => Verdict::Fail(Box::new(witness.clone())),
        None => Verdict::Pass,
    }
}

fn names(models: ModelSet) -> Vec<Model> {
    let mut names: Vec<Model> = models.iter().collect();
    names.sort_by_key(|model| model.name());
    names
}
