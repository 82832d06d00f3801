//! Every policy that a scenario file can name is used by a scenario of the library, and the book's table of them
//! (`book/src/policies.md`) says by which. Set SQUALL_UPDATE_GOLDEN=1 to write the table anew.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::path::PathBuf;

use models::policy::Layer;
use models::policy::cache::CacheConfig;
use models::policy::shed::ShedConfig;
use models::service::Service;
use models::service::config::{Edge, ServiceSpec, Step};
use scenarios::schema::ModelSpec;
use sim_core::client::ClientConfig;
use sim_core::client::policy::Guard;
use sim_core::client::policy::breaker::BreakerConfig;
use sim_core::client::retry::Backoff;

/// The enums of policies, with the sources that declare them.
const ENUMS: &[(&str, &str)] = &[
    ("Layer", include_str!("../../sim-core/src/client/policy/layer.rs")),
    ("BudgetConfig", include_str!("../../sim-core/src/client/policy/budget.rs")),
    ("Trip", include_str!("../../sim-core/src/client/policy/breaker.rs")),
    ("Rule", include_str!("../../sim-core/src/client/policy/concurrency.rs")),
    ("After", include_str!("../../sim-core/src/client/policy/hedge.rs")),
    ("Backoff", include_str!("../../sim-core/src/client/retry.rs")),
    ("Jitter", include_str!("../../sim-core/src/client/retry.rs")),
    ("Choice", include_str!("../../models/src/service/balance_config.rs")),
    ("Discipline", include_str!("../../models/src/policy/queue.rs")),
    ("ShedConfig", include_str!("../../models/src/policy/shed.rs")),
    ("Evict", include_str!("../../models/src/policy/eviction/mod.rs")),
    ("Threads", include_str!("../../models/src/service/config.rs")),
    ("Abandoned", include_str!("../../models/src/service/config.rs")),
    ("Probe", include_str!("../../models/src/service/config.rs")),
    ("Step", include_str!("../../models/src/service/config.rs")),
];

/// What is a policy and no variant of an enum.
const FIELDS: &[&str] = &[
    "Hedge.tied",
    "Bulkhead.waiting",
    "Edge.optional",
    "Edge.cancels",
    "Edge.connect",
    "Edge.ttl",
    "Edge.priority",
    "Balancer.zone_aware",
    "Balancer.outliers",
    "Balancer.outliers.rate",
    "Balancer.slow_start",
    "Balancer.health",
    "Balancer.breaker",
    "ConsistentHash.bound",
    "Cache.ttl",
    "Cache.early",
    "Cached.coalesce",
    "Service.room",
    "Service.dedup",
    "Service.poison",
    "Service.strain",
    "Service.scaling",
    "Service.pauses",
    "Service.deploy",
    "Service.registered",
    "Subscription.attempts",
];

/// The variants of a public enum in a source formatted by rustfmt.
fn variants(name: &str, source: &str) -> Vec<String> {
    let head = format!("pub enum {name} {{");
    let body = source.lines().skip_while(|line| *line != head).skip(1).take_while(|line| *line != "}");
    let variant = |line: &str| {
        let code = line.strip_prefix("    ").filter(|code| code.starts_with(char::is_uppercase))?;
        Some(code.split(|c: char| !c.is_alphanumeric()).next()?.to_string())
    };
    let found: Vec<String> = body.filter_map(variant).collect();
    assert!(!found.is_empty(), "{name} is declared in another file");
    found
}

/// What one scenario uses.
#[derive(Default)]
struct Uses(BTreeSet<String>);

impl Uses {
    fn variant(&mut self, of: &str, value: &impl Debug) {
        let text = format!("{value:?}");
        let name = text.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
        self.0.insert(format!("{of}::{name}"));
    }

    fn field(&mut self, name: &str, used: bool) {
        if used {
            self.0.insert(name.to_string());
        }
    }

    fn backoff(&mut self, backoff: &Backoff) {
        self.variant("Backoff", backoff);
        if let Backoff::Exponential { jitter, .. } = backoff {
            self.variant("Jitter", jitter);
        }
    }

    fn breaker(&mut self, breaker: &BreakerConfig) {
        self.variant("Trip", &breaker.trips);
    }

    fn layer(&mut self, layer: &Layer) {
        self.variant("Layer", layer);
        match layer {
            Layer::Retry(retry) => {
                self.backoff(&retry.backoff);
                retry.budget.iter().for_each(|budget| self.variant("BudgetConfig", budget));
            }
            Layer::Hedge(hedge) => {
                self.variant("After", &hedge.after);
                self.field("Hedge.tied", hedge.tied);
            }
            Layer::Breaker(breaker) => self.breaker(breaker),
            Layer::Bulkhead(bulkhead) => self.field("Bulkhead.waiting", bulkhead.waiting > 0),
            Layer::Concurrency(limit) => self.variant("Rule", &limit.rule),
            _ => {}
        }
    }

    fn clients(&mut self, clients: &ClientConfig) {
        clients.policies.iter().for_each(|layer| self.layer(layer));
        if !clients.retry.is_absent() {
            self.backoff(&clients.retry.backoff);
        }
        for guard in &clients.retry.guards {
            match guard {
                Guard::RetryBudget(budget) => self.variant("BudgetConfig", budget),
                Guard::Breaker(breaker) => self.layer(&Layer::Breaker(*breaker)),
                Guard::Hedge(hedge) => self.layer(&Layer::Hedge(*hedge)),
                _ => {}
            }
        }
    }

    fn edge(&mut self, edge: &Edge) {
        edge.policies.iter().for_each(|layer| self.layer(layer));
        self.field("Edge.optional", edge.optional);
        self.field("Edge.cancels", edge.cancels);
        self.field("Edge.connect", edge.connect.is_some());
        self.field("Edge.ttl", edge.ttl.is_some());
        self.field("Edge.priority", edge.priority.is_some());
        let balancer = &edge.balancer;
        self.variant("Choice", &balancer.choose);
        self.field("ConsistentHash.bound", format!("{:?}", balancer.choose).contains("bound: Some"));
        self.field("Balancer.zone_aware", balancer.zone_aware);
        self.field("Balancer.outliers", balancer.outliers.is_some());
        self.field("Balancer.outliers.rate", balancer.outliers.is_some_and(|own| own.rate.is_some()));
        self.field("Balancer.slow_start", balancer.slow_start.is_some());
        self.field("Balancer.health", balancer.health.is_some());
        self.field("Balancer.breaker", balancer.breaker.is_some());
        balancer.breaker.iter().for_each(|breaker| self.breaker(breaker));
    }

    fn cache(&mut self, cache: &CacheConfig) {
        self.variant("Evict", &cache.evict);
        self.field("Cache.ttl", cache.ttl.is_some());
        self.field("Cache.early", cache.early.is_some());
    }

    fn steps(&mut self, steps: &[Step]) {
        for step in steps {
            self.variant("Step", step);
            match step {
                Step::Call(edge) | Step::Publish(edge) => self.edge(edge),
                Step::All { calls, .. } => calls.iter().for_each(|edge| self.edge(edge)),
                Step::Spread { call, .. } => self.edge(call),
                Step::Maybe(_, steps) | Step::Refresh(steps) => self.steps(steps),
                Step::Cached { cache, coalesce, miss } => {
                    self.cache(cache);
                    self.field("Cached.coalesce", *coalesce);
                    self.steps(miss);
                }
                Step::Work(_) | Step::Invalidate | Step::Fail(_) | Step::Effect => {}
            }
        }
    }

    fn spec(&mut self, spec: &ServiceSpec) {
        self.variant("Discipline", &spec.queue);
        for shed in &spec.shed {
            self.variant("ShedConfig", shed);
            if let ShedConfig::Concurrency(limit) = shed {
                self.variant("Rule", &limit.rule);
            }
        }
        self.variant("Threads", &spec.threads);
        self.variant("Abandoned", &spec.abandoned);
        self.variant("Probe", &spec.probe);
        self.field("Service.room", spec.room.is_some());
        self.field("Service.dedup", spec.dedup.is_some());
        self.field("Service.poison", spec.poison.is_some());
        self.field("Service.strain", spec.strain.is_some());
        self.field("Service.scaling", spec.scaling.is_some());
        self.field("Service.pauses", spec.pauses.is_some());
        self.field("Service.deploy", spec.deploy.is_some());
        self.field("Service.registered", !spec.registered.is_empty());
        self.steps(&spec.steps);
        spec.routes.values().for_each(|steps| self.steps(steps));
    }

    fn service(&mut self, service: &Service) {
        service.users.calls.iter().for_each(|edge| self.edge(edge));
        service.services.values().for_each(|spec| self.spec(spec));
        for subscription in service.topics.values().flat_map(|topic| &topic.subscriptions) {
            self.edge(&subscription.deliver);
            self.field("Subscription.attempts", subscription.attempts.is_some());
        }
    }
}

/// Policies with the scenarios that use them; those that are what a file gets by saying nothing are used by nearly all.
fn used() -> BTreeMap<String, Vec<&'static str>> {
    let mut used: BTreeMap<String, Vec<&'static str>> = BTreeMap::new();
    for name in scenarios::library::names() {
        let loaded = scenarios::load(name, &[]).unwrap_or_else(|error| panic!("{name}: {error}"));
        let mut uses = Uses::default();
        loaded.scenario.clients.iter().for_each(|clients| uses.clients(clients));
        match &loaded.scenario.model {
            ModelSpec::Service(service) => uses.service(service),
            ModelSpec::Contention(contention) => uses.backoff(&contention.backoff),
            _ => {}
        }
        uses.0.into_iter().for_each(|policy| used.entry(policy).or_default().push(name));
    }
    used
}

/// At most so many scenarios are named for each.
const NAMED: usize = 3;

fn table(all: &[String], used: &BTreeMap<String, Vec<&str>>) -> String {
    let mut text = String::from(
        "# Policies, and where they are used\n\nWhat a caller, a balancer, a queue or a cache can be told to do, and scenarios of the library that do it. \
         `squall explain NAME`\nsays what each is; a test fails when one is used nowhere, or when this table is not true.\n\n| policy | scenarios |\n|---|---|\n",
    );
    for policy in all {
        let list = &used[policy];
        let link = |name: &&str| format!("[{name}](library/{name}.md)");
        let names: Vec<String> = list.iter().take(NAMED).map(link).collect();
        text.push_str(&format!("| `{policy}` | {} |\n", names.join(", ")));
    }
    text
}

#[test]
fn every_policy_is_used_by_a_scenario_of_the_library() {
    let of_enums = ENUMS.iter().flat_map(|(name, source)| {
        variants(name, source).into_iter().map(move |variant| format!("{name}::{variant}"))
    });
    let all: Vec<String> = of_enums.chain(FIELDS.iter().map(|field| (*field).to_string())).collect();
    let used = used();
    let unused: Vec<&String> = all.iter().filter(|policy| !used.contains_key(*policy)).collect();
    assert!(unused.is_empty(), "no scenario of the library uses {unused:?}");
    let unknown: Vec<&String> = used.keys().filter(|policy| !all.contains(policy)).collect();
    assert!(unknown.is_empty(), "found in scenarios and in no list: {unknown:?}");
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../book/src/policies.md");
    let now = table(&all, &used);
    #[expect(clippy::disallowed_methods, reason = "a developer's switch, not a run's")]
    if std::env::var("SQUALL_UPDATE_GOLDEN").is_ok() {
        std::fs::write(&path, &now).expect("the table");
    }
    // Scenarios come and go; what the table says must be true, and it must say something of every policy.
    let page = std::fs::read_to_string(&path).unwrap_or_default();
    for policy in &all {
        let head = format!("| `{policy}` | ");
        let row = page.lines().find_map(|line| line.strip_prefix(&head));
        let row = row.unwrap_or_else(|| panic!("book/src/policies.md has no row for {policy}"));
        let named: Vec<&str> = row.split('[').skip(1).filter_map(|part| part.split(']').next()).collect();
        let wrong = named.iter().any(|name| !used[policy].contains(name));
        assert!(!named.is_empty() && !wrong, "book/src/policies.md names {named:?} for {policy}");
    }
}
