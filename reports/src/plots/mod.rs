//! One plot a file, and the list of them. A new plot is a file, a line here and a snapshot.

pub mod amplification;
pub mod breakers;
pub mod candidates;
mod crowd;
pub mod cycle;
pub mod distributions;
pub mod effect;
pub mod goodput;
mod heat_rows;
pub mod heatmap;
pub mod hops;
pub mod infection;
pub mod latency;
mod operation_strip;
pub mod over_time;
pub mod pareto;
pub mod percentiles;
pub mod phases;
pub mod queues;
pub mod replicas;
pub mod sensitivity;
pub mod service_graph;
pub mod stability;
pub mod staleness;
pub mod suspicions;
pub mod throughput;
pub mod timeline;
mod violations;
pub mod visibility;
pub mod waterfall;
pub mod who_heard;
pub mod witness;

use checks::verdict::Witness;

use crate::case::Case;
use crate::input::Run;

/// A picture of a run: its file name, and what draws it; `None` where it has nothing to show.
pub type RunPlot = (&'static str, fn(&Run<'_>) -> Option<String>);

/// The pictures of a run, in the order in which a page shows them.
pub const RUN_PLOTS: &[RunPlot] = &[
    ("timeline.svg", |run| Some(timeline::timeline(run))),
    ("who-heard.svg", who_heard::who_heard),
    ("hops.svg", hops::hops),
    ("suspicions.svg", suspicions::suspicions_over_time),
    ("throughput.svg", throughput::throughput),
    ("latency.svg", latency::latency),
    ("percentiles.svg", percentiles::percentiles),
    ("staleness.svg", staleness::staleness),
    ("visibility.svg", visibility::visibility),
    ("replicas.svg", replicas::behind),
    ("siblings.svg", replicas::siblings),
    ("service-graph.svg", service_graph::service_graph),
    ("goodput.svg", goodput::goodput),
    ("queues.svg", queues::queues),
    ("amplification.svg", amplification::amplification),
    ("breakers.svg", breakers::breakers),
    ("waterfall.svg", waterfall::waterfall),
];

/// A picture of a violation's witness: the stem of its file name, and what draws it from the check's name.
pub type WitnessPlot = (&'static str, fn(&str, &Witness, &Case<'_>) -> Option<String>);

/// The pictures of a witness, in the order in which a page shows them.
pub const WITNESS_PLOTS: &[WitnessPlot] = &[("witness", witness::witness), ("cycle", cycle::cycle_graph)];
