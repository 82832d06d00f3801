//! What a graph of services is refused for, before it runs.

use sim_core::time::Span;

use super::config::{Edge, Pauses, Service, ServiceSpec, Step, Subscription};
use super::graph::Graph;
use crate::model::Cluster;
use crate::policy::shed::ShedConfig;

/// What repeats by itself repeats no more often.
const OFTEN: Span = Span::ms(1);
/// Pauses and the work between them last at least so long together, on average.
const PAUSES: Span = Span::us(10);
/// At most so many copies of one call at once.
const COPIES_MAX: u32 = 100_000;

type Refusal = (String, String);

fn refuse<T>(path: impl Into<String>, why: impl Into<String>) -> Result<T, Refusal> {
    Err((path.into(), why.into()))
}

impl Service {
    /// How many nodes the graph takes.
    #[must_use]
    pub fn nodes(&self) -> u32 {
        let services: u32 = self.services.values().map(|spec| spec.instances).sum();
        self.users.nodes + services + self.topics.len() as u32
    }

    pub(super) fn check(&self, cluster: &Cluster) -> Result<(), Refusal> {
        if self.users.nodes == 0 {
            return refuse("users.nodes", "at least 1");
        }
        if self.users.calls.is_empty() {
            return refuse("users.calls", "users call something");
        }
        if self.window.is_some_and(|window| window < OFTEN) {
            return refuse("window", format!("at least {OFTEN}"));
        }
        for (i, edge) in self.users.calls.iter().enumerate() {
            self.edge(&format!("users.calls[{i}]"), edge, false)?;
        }
        for (name, spec) in &self.services {
            let path = format!("services[\"{name}\"]");
            if name == "users" || self.topics.contains_key(name) {
                return refuse(path, "this name is taken");
            }
            self.service(&path, spec)?;
        }
        for (name, topic) in &self.topics {
            for (i, subscription) in topic.subscriptions.iter().enumerate() {
                let path = format!("topics[\"{name}\"].subscriptions[{i}]");
                self.edge(&format!("{path}.deliver"), &subscription.deliver, false)?;
                delivery(&path, subscription)?;
            }
        }
        if let Some(endless) = Graph::new(self).endless() {
            let why = format!(
                "{} call each other without end: each of these calls leads to {:.2} more on average (a look into a cache \
                 counts as a miss); give a call a `chance`, or put it into a `Maybe`, so that it is below 1",
                endless.path.join(" → "),
                endless.growth
            );
            return refuse(format!("services[\"{}\"]", endless.path[0]), why);
        }
        if cluster.nodes != self.nodes() {
            let why = format!(
                "this graph has {} nodes ({} of users, then the instances, then the topics), the cluster has {}",
                self.nodes(),
                self.users.nodes,
                cluster.nodes
            );
            return refuse("services", why);
        }
        Ok(())
    }

    fn service(&self, path: &str, spec: &ServiceSpec) -> Result<(), Refusal> {
        if spec.instances == 0 {
            return refuse(format!("{path}.instances"), "at least 1");
        }
        if spec.workers == 0 {
            return refuse(format!("{path}.workers"), "at least 1");
        }
        spec.queue.validate().or_else(|why| refuse(format!("{path}.queue"), why))?;
        let limits = spec.shed.iter().filter(|shed| matches!(shed, ShedConfig::Concurrency(_)));
        if limits.count() > 1 {
            return refuse(format!("{path}.shed"), "one Concurrency at most: they would limit each other");
        }
        for (i, shed) in spec.shed.iter().enumerate() {
            shed.validate().or_else(|why| refuse(format!("{path}.shed[{i}]"), why))?;
        }
        if spec.strain.is_some_and(|strain| strain.full == 0) {
            return refuse(format!("{path}.strain"), "full: at least 1");
        }
        if let Some(scaling) = spec.scaling
            && ![scaling.contention, scaling.coherence].iter().all(|x| x.is_finite() && *x >= 0.0)
        {
            return refuse(format!("{path}.scaling"), "finite numbers, 0 or more");
        }
        if let Some(pauses) = &spec.pauses {
            stands_still(&format!("{path}.pauses"), pauses)?;
        }
        if let Some(i) = (1..spec.registered.len()).find(|i| spec.registered[*i].0 < spec.registered[i - 1].0)
        {
            return refuse(format!("{path}.registered[{i}]"), "times must not fall");
        }
        for (i, (_, instances)) in spec.registered.iter().enumerate() {
            if let Some(missing) = instances.iter().find(|instance| **instance >= spec.instances) {
                let why = format!("there is no instance {missing}: they are 0 to {}", spec.instances - 1);
                return refuse(format!("{path}.registered[{i}]"), why);
            }
        }
        for (name, steps) in &spec.routes {
            self.steps(&format!("{path}.routes[\"{name}\"]"), steps)?;
        }
        self.steps(&format!("{path}.steps"), &spec.steps)
    }

    fn steps(&self, path: &str, steps: &[Step]) -> Result<(), Refusal> {
        for (i, step) in steps.iter().enumerate() {
            let at = format!("{path}[{i}]");
            match step {
                Step::Work(time) => time.validate().or_else(|why| refuse(&at, why))?,
                Step::Call(edge) => self.edge(&at, edge, false)?,
                Step::Publish(edge) => self.edge(&at, edge, true)?,
                Step::All { calls, .. } if calls.is_empty() => return refuse(at, "All: calls: at least one"),
                Step::Spread { copies, .. } if !(1..=COPIES_MAX).contains(copies) => {
                    return refuse(format!("{at}.copies"), format!("1 to {COPIES_MAX}, found {copies}"));
                }
                Step::All { calls, need } => {
                    for (j, edge) in calls.iter().enumerate() {
                        self.edge(&format!("{at}.calls[{j}]"), edge, false)?;
                    }
                    if need.is_some_and(|need| need as usize > calls.len()) {
                        return refuse(format!("{at}.need"), format!("there are only {} calls", calls.len()));
                    }
                }
                Step::Spread { call, copies, need } => {
                    self.edge(&format!("{at}.call"), call, false)?;
                    if need.is_some_and(|need| need > *copies) {
                        return refuse(format!("{at}.need"), format!("there are only {copies} copies"));
                    }
                }
                Step::Refresh(inner) => self.steps(&at, inner)?,
                Step::Maybe(_, inner) => self.steps(&format!("{at}[1]"), inner)?,
                Step::Cached { cache, miss, .. } => {
                    cache.validate().or_else(|why| refuse(format!("{at}.cache"), why))?;
                    self.steps(&format!("{at}.miss"), miss)?;
                }
                Step::Invalidate | Step::Fail(_) | Step::Effect => {}
            }
        }
        Ok(())
    }

    fn edge(&self, path: &str, edge: &Edge, publishes: bool) -> Result<(), Refusal> {
        let is_topic = self.topics.contains_key(&edge.to);
        let Some(spec) = self.services.get(&edge.to) else {
            if is_topic && publishes {
                return self.policies(path, edge);
            }
            let (topics, services) = (self.topics.keys(), self.services.keys());
            let known: Vec<&String> = if publishes { topics.collect() } else { services.collect() };
            let known: Vec<&str> = known.into_iter().map(String::as_str).collect();
            let what = if publishes { "topic" } else { "service" };
            let why = format!("there is no {what} \"{}\"; there are {}", edge.to, known.join(", "));
            return refuse(format!("{path}.to"), why);
        };
        if publishes {
            return refuse(
                format!("{path}.to"),
                format!("\"{}\" is a service; only topics are published to", edge.to),
            );
        }
        if let Some(route) = &edge.route
            && !spec.routes.contains_key(route)
        {
            let known: Vec<&str> = spec.routes.keys().map(String::as_str).collect();
            let why = if known.is_empty() {
                format!("\"{}\" has no routes", edge.to)
            } else {
                format!("\"{}\" has no route \"{route}\"; it has {}", edge.to, known.join(", "))
            };
            return refuse(format!("{path}.route"), why);
        }
        if edge.ttl.is_some_and(|ttl| ttl < OFTEN) {
            return refuse(
                format!("{path}.ttl"),
                format!("at least {OFTEN}; leave it out for an answer that is always fresh"),
            );
        }
        edge.balancer
            .validate(spec.instances)
            .or_else(|(field, why)| refuse(format!("{path}.balancer.{field}"), why))?;
        if edge.balancer.zone_aware && spec.places.is_empty() {
            return refuse(format!("{path}.balancer.zone_aware"), format!("\"{}\" has no places", edge.to));
        }
        self.policies(path, edge)
    }

    fn policies(&self, path: &str, edge: &Edge) -> Result<(), Refusal> {
        if edge.policies.len() > 30 {
            return refuse(format!("{path}.policies"), "at most 30");
        }
        for (i, layer) in edge.policies.iter().enumerate() {
            layer.validate().or_else(|why| refuse(format!("{path}.policies[{i}]"), why))?;
        }
        Ok(())
    }
}

fn delivery(path: &str, subscription: &Subscription) -> Result<(), Refusal> {
    if subscription.at_once == 0 {
        return refuse(format!("{path}.at_once"), "at least 1");
    }
    if subscription.attempts == Some(0) {
        return refuse(format!("{path}.attempts"), "a message is delivered at least once");
    }
    if subscription.attempts.is_none() && subscription.again_after < OFTEN {
        let why = format!(
            "at least {OFTEN}, as there is no limit of attempts: a message that fails each time would be delivered \
             without time going on"
        );
        return refuse(format!("{path}.again_after"), why);
    }
    Ok(())
}

fn stands_still(path: &str, pauses: &Pauses) -> Result<(), Refusal> {
    pauses.every.validate().or_else(|why| refuse(format!("{path}.every"), why))?;
    pauses.lasts.validate().or_else(|why| refuse(format!("{path}.lasts"), why))?;
    let (Some(every), Some(lasts)) = (pauses.every.mean(), pauses.lasts.mean()) else { return Ok(()) };
    if every.saturating_add(lasts) < PAUSES {
        let why = format!(
            "every and lasts: {PAUSES} at least together, on average, or there is nothing but pauses"
        );
        return refuse(path, why);
    }
    Ok(())
}
