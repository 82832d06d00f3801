//! What a graph of services is refused for, before it runs.

use super::config::{Edge, Service, ServiceSpec, Step};
use crate::model::Cluster;

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
        if self.window.is_some_and(|window| window.0 == 0) {
            return refuse("window", "a length above 0");
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
                if subscription.at_once == 0 {
                    return refuse(format!("{path}.at_once"), "at least 1");
                }
            }
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
            pauses.every.validate().or_else(|why| refuse(format!("{path}.pauses.every"), why))?;
            pauses.lasts.validate().or_else(|why| refuse(format!("{path}.pauses.lasts"), why))?;
            if pauses.every.mean().is_some_and(|mean| mean.0 == 0) {
                return refuse(format!("{path}.pauses.every"), "pauses without a gap would never end");
            }
        }
        for (i, (_, instances)) in spec.registered.iter().enumerate() {
            if let Some(missing) = instances.iter().find(|instance| **instance >= spec.instances) {
                let why = format!("there is no instance {missing}: they are 0 to {}", spec.instances - 1);
                return refuse(format!("{path}.registered[{i}]"), why);
            }
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
        if edge.ttl.is_some_and(|ttl| ttl.0 == 0) {
            return refuse(
                format!("{path}.ttl"),
                "a length above 0; leave it out for an answer that is always fresh",
            );
        }
        if edge.balancer.health.is_some_and(|check| check.every.0 == 0) {
            return refuse(format!("{path}.balancer.health.every"), "a length above 0");
        }
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
        if let Some(breaker) = edge.balancer.breaker {
            breaker.validate().or_else(|why| refuse(format!("{path}.balancer.breaker"), why))?;
        }
        Ok(())
    }
}
