//! From a scenario to a world's configuration, and whether its parts fit each other: what can only be judged when all
//! of it is known.
//!
//! Paths are those of the file. Deliberately absent: where in the text a path is ([`crate::text`]).

use checks::metrics;
use models::model::Model;
use sim_core::client::load::Load;
use sim_core::client::policy::{Guard, Layer};
use sim_core::client::workload::Ask;
use sim_core::client::{ClientConfig, Routing};
use sim_core::fault::Trigger;
use sim_core::node::Node;
use sim_core::random::distribution::Distribution;
use sim_core::time::Span;
use sim_core::world::{ConfigError, WorldConfig};

use crate::registry::{WithModel, variant, with_model};
use crate::schema::{CheckSpec, Expect, ModelSpec, Scenario};
use crate::words;

/// The most nodes and clients a scenario may have.
const PEERS_MAX: u64 = 20_000_000;

/// The world of a scenario.
pub(crate) fn world<M: Model>(
    scenario: &Scenario,
    model: &M,
    seed: u64,
) -> WorldConfig<<M::Node as Node>::Config> {
    WorldConfig {
        seed,
        groups: model.groups(&scenario.cluster.machines()),
        network: scenario.network.config(),
        clients: scenario.clients.clone(),
        faults: scenario.faults.clone(),
        schedule: scenario.run.schedule(),
        tie_break: scenario.tie_break,
    }
}

/// What is wrong, and the names that could have been meant.
pub(crate) struct Wrong {
    pub(crate) error: ConfigError,
    pub(crate) names: Vec<String>,
}

/// Whether everything makes sense together.
pub(crate) fn validate(scenario: &Scenario) -> Result<(), Wrong> {
    let plain = |error| Wrong { error, names: Vec::new() };
    sizes(scenario).map_err(plain)?;
    with_model(&scenario.model, Validate(scenario))?;
    clients(scenario).map_err(plain)?;
    calls(scenario).map_err(plain)?;
    triggers(scenario).map_err(plain)?;
    run(scenario).map_err(plain)?;
    checks(scenario)
}

fn fail(path: impl Into<String>, message: impl Into<String>) -> Result<(), ConfigError> {
    Err(ConfigError { path: path.into(), message: message.into() })
}

/// Before anything is counted or allocated.
fn sizes(scenario: &Scenario) -> Result<(), ConfigError> {
    let nodes = u64::from(scenario.cluster.nodes);
    if nodes == 0 {
        return fail("cluster.nodes", "a cluster has at least one node");
    }
    if nodes > PEERS_MAX {
        return fail("cluster.nodes", format!("at most {PEERS_MAX} nodes, found {nodes}"));
    }
    let mut clients = 0;
    for (i, group) in scenario.clients.iter().enumerate() {
        clients += u64::from(group.count);
        if clients > PEERS_MAX {
            return fail(format!("clients[{i}].count"), format!("at most {PEERS_MAX} clients in all"));
        }
    }
    Ok(())
}

struct Validate<'a>(&'a Scenario);

impl WithModel for Validate<'_> {
    type Output = Result<(), Wrong>;
    fn with<M: Model + 'static>(self, model: &M) -> Result<(), Wrong> {
        let scenario = self.0;
        let machines = scenario.cluster.machines();
        let variant = variant(&scenario.model);
        let of_model = |(field, message): (String, String)| {
            let path = if field.is_empty() {
                format!("model.{variant}")
            } else {
                format!("model.{variant}.{field}")
            };
            Wrong { error: ConfigError { path, message }, names: Vec::new() }
        };
        model.validate(&machines).map_err(of_model)?;
        model.validate_network(&scenario.network.config()).map_err(of_model)?;
        let world = world(scenario, model, 0);
        world.validate().map_err(|error| {
            let path = file_path(&error.path);
            let names = world.names();
            let mut known = names.nodes;
            known.extend(names.places);
            known.extend(names.groups);
            if let Some(topology) = &scenario.network.topology {
                known.extend(topology.regions.keys().cloned());
            }
            Wrong { error: ConfigError { path, ..error }, names: known }
        })?;
        message_kinds(scenario, <M::Node as Node>::MESSAGE_KINDS)?;
        levels(scenario, model)?;
        M::WORDS.map_or(Ok(()), |known| words::validate(scenario, &known))
    }
}

/// Whether the kinds of messages that links tell apart are kinds that the model's nodes send.
fn message_kinds(scenario: &Scenario, sent: &[&str]) -> Result<(), Wrong> {
    let known = || ["request", "reply"].iter().chain(sent).map(|kind| (*kind).to_string());
    let mut links = vec![("network.link".to_string(), &scenario.network.link)];
    if let Some(topology) = &scenario.network.topology {
        let own = [
            ("within_zone", Some(&topology.within_zone)),
            ("within_region", topology.within_region.as_ref()),
            ("between_regions", Some(&topology.between_regions)),
        ];
        let own =
            own.into_iter().filter_map(|(name, link)| Some((format!("network.topology.{name}"), link?)));
        links.extend(own);
    }
    for (path, link) in links {
        for (i, (kind, _)) in link.kinds.iter().enumerate() {
            if !known().any(|own| own == *kind) {
                let message = format!("no message of this model is of the kind \"{kind}\"");
                let error = ConfigError { path: format!("{path}.kinds[{i}]"), message };
                return Err(Wrong { error, names: known().collect() });
            }
        }
    }
    Ok(())
}

/// Whether the levels that clients ask for mean something to the model.
fn levels<M: Model>(scenario: &Scenario, model: &M) -> Result<(), Wrong> {
    let machines = scenario.cluster.machines();
    for (i, group) in scenario.clients.iter().enumerate().filter(|(_, group)| !group.levels.is_empty()) {
        let known = if M::LEVELS {
            group.levels.all().try_for_each(|level| model.validate_level(&machines, level))
        } else {
            Err("this model knows no levels: its answers do not depend on a number of replicas".to_string())
        };
        known.map_err(|message| {
            let error = ConfigError { path: format!("clients[{i}].levels"), message };
            Wrong { error, names: Vec::new() }
        })?;
    }
    Ok(())
}

/// A path in a world's configuration as it is in the file.
fn file_path(path: &str) -> String {
    match path.split_once('.') {
        _ if path == "groups" => "cluster".into(),
        _ if path.starts_with("schedule") => "run".into(),
        Some((group, field)) if group.starts_with("groups[") => format!("cluster.{field}"),
        _ => path.to_string(),
    }
}

/// Whether time passes between two of something.
fn too_often(gap: Span) -> bool {
    gap < Span::ns(10)
}

fn clients(scenario: &Scenario) -> Result<(), ConfigError> {
    for (i, group) in scenario.clients.iter().enumerate() {
        if let Load::Open { rate, .. } = &group.load
            && too_often(rate.interval())
        {
            return fail(format!("clients[{i}].load"), "rate: at most 100000000/s for each client");
        }
        if endless(scenario, group) {
            let message = "think: nothing takes any time here (no latency, no service time), so time would never \
                           pass; use a think time or a latency above 0";
            return fail(format!("clients[{i}].load"), message);
        }
        if waitless(group) {
            let message = "think: what a policy turns away takes no time, so the next operation would come at the same \
                           instant, for ever; use a think time above 0";
            return fail(format!("clients[{i}].load"), message);
        }
        if let Some(stop) = group.stop
            && stop < group.start
        {
            return fail(format!("clients[{i}].stop"), format!("it lies before the start ({})", group.start));
        }
    }
    Ok(())
}

/// Whether the clients of a graph of services ask those who can answer for what they can call.
fn calls(scenario: &Scenario) -> Result<(), ConfigError> {
    let ModelSpec::Service(service) = &scenario.model else { return Ok(()) };
    let (nodes, known) = (service.users.nodes, service.users.calls.len());
    for (i, group) in scenario.clients.iter().enumerate() {
        let asks = group.mix.operations.iter().enumerate();
        for (j, (ask, _)) in asks {
            if let Ask::Invoke(method) = ask
                && *method as usize >= known
            {
                let message = format!("Invoke({method}): `users.calls` has {known}, from Invoke(0) on");
                return fail(format!("clients[{i}].mix.operations[{j}]"), message);
            }
        }
        match group.routing {
            Routing::Node(node) if node >= nodes => {
                let message = format!(
                    "Node({node}): clients ask the nodes of `users`, 0 to {}; those after them are instances",
                    nodes - 1
                );
                return fail(format!("clients[{i}].routing"), message);
            }
            Routing::Own if group.count > nodes && scenario.cluster.nodes > nodes => {
                let message = format!(
                    "Own: client {nodes} would ask an instance: there are {nodes} nodes of `users` for {} clients",
                    group.count
                );
                return fail(format!("clients[{i}].routing"), message);
            }
            Routing::Sticky | Routing::Random | Routing::RoundRobin if scenario.cluster.nodes > nodes => {
                let message = "clients of services ask the nodes of `users`: Node(i), or Own for one each";
                return fail(format!("clients[{i}].routing"), message);
            }
            _ => {}
        }
    }
    Ok(())
}

/// Whether a closed loop would go round without time passing.
fn endless(scenario: &Scenario, group: &ClientConfig) -> bool {
    let zero = |distribution: &Distribution| distribution.mean() == Some(Span::ZERO);
    let link = match &scenario.network.topology {
        Some(topology) => &topology.within_zone,
        None => &scenario.network.link,
    };
    let free = zero(&link.latency) && zero(&scenario.cluster.processor.request);
    free && matches!(&group.load, Load::Closed { think } if zero(think))
}

/// Whether a closed loop without a pause has policies that may turn an operation away at once.
fn waitless(group: &ClientConfig) -> bool {
    let zero = |think: &Distribution| think.mean() == Some(Span::ZERO);
    let layer = |layer: &Layer| {
        matches!(
            layer,
            Layer::Breaker(_)
                | Layer::Throttle(_)
                | Layer::Concurrency(_)
                | Layer::TokenBucket(_)
                | Layer::LeakyBucket(_)
        )
    };
    let guard = |guard: &Guard| matches!(guard, Guard::Breaker(_) | Guard::Throttle(_) | Guard::RateLimit(_));
    matches!(&group.load, Load::Closed { think } if zero(think))
        && (group.policies.iter().any(layer) || group.retry.guards.iter().any(guard))
}

fn triggers(scenario: &Scenario) -> Result<(), ConfigError> {
    for (i, line) in scenario.faults.iter().enumerate() {
        let path = format!("faults[{i}].when");
        match &line.when {
            Trigger::Randomly { rate, .. } if too_often(rate.interval()) => {
                return fail(path, "rate: at most 100000000/s");
            }
            Trigger::Every { gap, .. } if gap.mean().is_some_and(too_often) => {
                return fail(path, "gap: at least 10ns on average");
            }
            Trigger::Chance { step, .. } if too_often(*step) => return fail(path, "step: at least 10ns"),
            Trigger::At(at) if *at > scenario.run.duration => {
                let message = format!(
                    "At: {at} is after the faulty part of the run, which lasts {}",
                    scenario.run.duration
                );
                return fail(path, message);
            }
            _ => {}
        }
    }
    Ok(())
}

fn run(scenario: &Scenario) -> Result<(), ConfigError> {
    if scenario.run.schedule().end_at == Span::ZERO {
        return fail("run.duration", "a run takes some time; use a length above 0");
    }
    Ok(())
}

/// Whether the bounds of a check are bounds, of something that there is: else what is wrong, and what could be meant.
fn figures(check: &CheckSpec) -> Result<(), (String, Vec<String>)> {
    let plain = |message: &str| Err((message.to_string(), Vec::new()));
    match check {
        CheckSpec::Metric(_, least, most) if !(least.is_finite() && most.is_finite() && least <= most) => {
            plain("Metric: two finite numbers, the least first")
        }
        CheckSpec::Metric(name, ..) if !metrics::is_known(name) => {
            let names = metrics::CATALOGUE.iter().map(|(name, _)| (*name).to_string()).collect();
            Err((
                format!("no run has a metric \"{name}\"; `squall list metrics` names those there are"),
                names,
            ))
        }
        CheckSpec::Count(_, least, most) if least > most => plain("Count: the least comes first"),
        CheckSpec::Share { from, until, least, most } if from >= until || least > most => {
            plain("Share: from lies before until, and least is at most most")
        }
        _ => Ok(()),
    }
}

fn checks(scenario: &Scenario) -> Result<(), Wrong> {
    let plain = |path: String, message: &str| {
        let error = ConfigError { path, message: message.to_string() };
        Err(Wrong { error, names: Vec::new() })
    };
    let asks = scenario.clients.iter().any(|group| group.count > 0);
    let mut names: Vec<String> = Vec::new();
    for (i, check) in scenario.checks.iter().enumerate() {
        let path = format!("checks[{i}]");
        let about_clients = !matches!(
            check,
            CheckSpec::Invariants
                | CheckSpec::Reaches(_)
                | CheckSpec::Sometimes(_)
                | CheckSpec::Metric(..)
                | CheckSpec::Count(..)
                | CheckSpec::Agrees(_)
        );
        if about_clients && !asks {
            return plain(path, "it judges what clients were told, and there are no clients");
        }
        figures(check).map_err(|(message, names)| Wrong {
            error: ConfigError { path: path.clone(), message },
            names,
        })?;
        if matches!(check, CheckSpec::Live(_)) && scenario.run.calm == Span::ZERO {
            return plain(path, "liveness is judged in the calm part of the run; add `calm: …` to `run`");
        }
        if matches!(check, CheckSpec::Recovers(within) if *within > scenario.run.settle + scenario.run.calm) {
            return plain(
                path,
                "after the faults heal, the run goes on for less than this; lengthen `settle` or `calm`",
            );
        }
        if *check == CheckSpec::Linearizable
            && let Err(why) = crate::judge::object(&scenario.clients)
        {
            return plain(path, &why);
        }
        if names.contains(&check.name()) {
            return plain(path, "this check is listed twice");
        }
        names.push(check.name());
    }
    if let Expect::Violates { check, share } = &scenario.expect {
        if !names.contains(check) {
            let message = format!(
                "check: there is no check \"{check}\" in this scenario; there are {}",
                names.join(", ")
            );
            return Err(Wrong { error: ConfigError { path: "expect".into(), message }, names });
        }
        if share.0 > share.1 {
            return plain("expect".into(), "share: the least share is greater than the greatest");
        }
    }
    Ok(())
}
