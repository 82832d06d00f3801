//! The graph that a file's services, topics and users make, and the one thing that it must not do: call itself without
//! end.
//!
//! Cycles are allowed. An edge weighs how many calls over it one piece of work makes on average, so a call into a
//! cycle leads to a finite number of further calls if, and only if, the spectral radius of the cycle's weights is below
//! 1 (a branching process; Harris 1963, ch. II). A look into a cache counts as a miss, as it is one at the start.
//! Deliberately absent: retries and hedges, which are bounded by their own numbers.

use petgraph::algo::tarjan_scc;
use petgraph::graph::{DiGraph, NodeIndex};

use super::config::{Edge, Service, Step};

/// The graph: names, and calls for each piece of work.
pub(super) struct Graph<'a> {
    graph: DiGraph<&'a str, f64>,
}

/// Calls that lead to calls without end.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Endless<'a> {
    /// A way round: the first name is the last one too.
    pub(super) path: Vec<&'a str>,
    /// How many calls one of these calls leads to on average, one round later.
    pub(super) growth: f64,
}

/// How many steps a power iteration takes; errors fall geometrically.
const ROUNDS: usize = 300;

impl<'a> Graph<'a> {
    /// The graph of a file. Edges to nobody are left out; they are refused elsewhere.
    pub(super) fn new(service: &'a Service) -> Graph<'a> {
        let mut graph = DiGraph::new();
        let users = graph.add_node("users");
        // Each route of a service is a place of its own.
        let plain = service.services.keys().chain(service.topics.keys()).map(|name| (name.as_str(), None));
        let routed = service
            .services
            .iter()
            .flat_map(|(name, spec)| spec.routes.keys().map(|route| (name.as_str(), Some(route.as_str()))));
        let names: Vec<(&str, Option<&str>)> = plain.chain(routed).collect();
        let nodes: Vec<NodeIndex> = names.iter().map(|(name, _)| graph.add_node(*name)).collect();
        let place = |name: &str, route: Option<&str>| {
            names.iter().position(|own| *own == (name, route)).map(|place| nodes[place])
        };
        let mut add = |from: NodeIndex, edge: &Edge, calls: f64| {
            if let Some(to) = place(&edge.to, edge.route.as_deref()) {
                let calls = calls * edge.chance.get();
                match graph.find_edge(from, to) {
                    Some(known) => graph[known] += calls,
                    None => drop(graph.add_edge(from, to, calls)),
                }
            }
        };
        service.users.calls.iter().for_each(|edge| add(users, edge, 1.0));
        for (name, spec) in &service.services {
            let routes = spec.routes.iter().map(|(route, steps)| (Some(route.as_str()), steps));
            for (route, steps) in std::iter::once((None, &spec.steps)).chain(routes) {
                if let Some(from) = place(name, route) {
                    walk(steps, 1.0, &mut |edge, calls| add(from, edge, calls));
                }
            }
        }
        for (name, topic) in &service.topics {
            if let Some(from) = place(name, None) {
                topic.subscriptions.iter().for_each(|subscription| add(from, &subscription.deliver, 1.0));
            }
        }
        Graph { graph }
    }

    /// The first set of services that call each other without end.
    pub(super) fn endless(&self) -> Option<Endless<'a>> {
        tarjan_scc(&self.graph).into_iter().rev().find_map(|part| {
            let growth = self.growth(&part);
            (growth > 1.0 - 1e-6).then(|| Endless { path: self.round(&part), growth })
        })
    }

    fn weight(&self, from: NodeIndex, to: NodeIndex) -> f64 {
        self.graph.find_edge(from, to).map_or(0.0, |edge| self.graph[edge])
    }

    /// The spectral radius of a part's weights, by power iteration of the weights with 1 added to the diagonal, which
    /// makes it converge for cycles of one length too.
    fn growth(&self, part: &[NodeIndex]) -> f64 {
        if part.len() == 1 {
            return self.weight(part[0], part[0]);
        }
        let (mut vector, mut radius) = (vec![1.0; part.len()], 1.0);
        for _ in 0..ROUNDS {
            let next: Vec<f64> = part
                .iter()
                .zip(&vector)
                .map(|(from, own)| {
                    own + part.iter().zip(&vector).map(|(to, x)| self.weight(*from, *to) * x).sum::<f64>()
                })
                .collect();
            radius = next.iter().fold(0.0_f64, |most, x| most.max(*x));
            vector = next.into_iter().map(|x| x / radius).collect();
        }
        radius - 1.0
    }

    /// A way round in a part, along the heaviest edges.
    fn round(&self, part: &[NodeIndex]) -> Vec<&'a str> {
        let mut path = vec![part[0]];
        while let Some(last) = path.last() {
            let heavier =
                |a: &&NodeIndex, b: &&NodeIndex| self.weight(*last, **a).total_cmp(&self.weight(*last, **b));
            let Some(next) = part.iter().max_by(heavier) else { break };
            let seen = path.iter().position(|node| node == next);
            path.push(*next);
            if let Some(seen) = seen {
                return path[seen..].iter().map(|node| self.graph[*node]).collect();
            }
        }
        Vec::new()
    }
}

/// Tells the calls of steps that are reached with a probability; how probably their end is reached.
fn walk(steps: &[Step], reached: f64, add: &mut dyn FnMut(&Edge, f64)) -> f64 {
    let mut reached = reached;
    for step in steps {
        match step {
            Step::Call(edge) | Step::Publish(edge) => add(edge, reached),
            Step::All { calls, .. } => calls.iter().for_each(|edge| add(edge, reached)),
            Step::Spread { call, copies, .. } => add(call, reached * f64::from(*copies)),
            Step::Refresh(inner) => reached = walk(inner, reached, add),
            Step::Maybe(chance, inner) => {
                let inside = walk(inner, reached * chance.get(), add);
                reached = reached * (1.0 - chance.get()) + inside;
            }
            Step::Cached { miss, .. } => reached = walk(miss, reached, add),
            Step::Fail(chance) => reached *= 1.0 - chance.get(),
            Step::Work(_) | Step::Invalidate | Step::Effect => {}
        }
    }
    reached
}

#[cfg(test)]
mod tests {
    use super::Graph;
    use crate::service::Service;

    fn check(services: &str, expected: Option<(&str, f64)>) {
        let text = format!("(users: (calls: [(to: \"a\")]), services: {{ {services} }})");
        let service: Service = ron::from_str(&text).expect("a graph");
        let found = Graph::new(&service).endless();
        let told = found.map(|found| (found.path.join(" → "), (found.growth * 100.0 + 0.5) as u32));
        assert_eq!(
            told,
            expected.map(|(path, growth)| (path.to_string(), (growth * 100.0 + 0.5) as u32)),
            "{services}"
        );
    }

    #[test]
    fn cycles_are_allowed_if_they_die_out() {
        check("\"a\": (workers: 1, steps: [Call((to: \"b\"))]), \"b\": (workers: 1, steps: [])", None);
        check("\"a\": (workers: 1, steps: [Call((to: \"a\", chance: 0.9))])", None);
        check("\"a\": (workers: 1, steps: [Fail(0.1), Call((to: \"a\"))])", None);
        check(
            "\"a\": (workers: 1, steps: [Maybe(0.5, [Call((to: \"b\"))])]), \"b\": (workers: 1, steps: [Call((to: \"a\"))])",
            None,
        );
    }

    #[test]
    fn cycles_that_do_not_are_found_with_their_way_round() {
        check("\"a\": (workers: 1, steps: [Call((to: \"a\"))])", Some(("a → a", 1.0)));
        check(
            "\"a\": (workers: 1, steps: [Call((to: \"b\"))]), \"b\": (workers: 1, steps: [Call((to: \"c\"))]), \"c\": (workers: 1, steps: [Call((to: \"b\"))])",
            Some(("c → b → c", 1.0)),
        );
        // Two calls with a chance of 60% each are more than one.
        check(
            "\"a\": (workers: 1, steps: [Maybe(0.6, [Call((to: \"a\")), Call((to: \"a\"))])])",
            Some(("a → a", 1.2)),
        );
        check(
            "\"a\": (workers: 1, steps: [Cached(cache: (room: 1), miss: [Call((to: \"a\"))])])",
            Some(("a → a", 1.0)),
        );
    }
}
