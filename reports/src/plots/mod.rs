//! One plot a file, and the list of them. A new plot is a file, a line here and a snapshot.

mod crowd;
pub mod cycle;
pub mod distributions;
pub mod latency;
mod operation_strip;
pub mod phases;
pub mod throughput;
pub mod timeline;
mod violations;
pub mod witness;

use checks::verdict::Witness;

use crate::case::Case;
use crate::input::Run;

/// A picture of a run: its file name, and what draws it; `None` where it has nothing to show.
pub type RunPlot = (&'static str, fn(&Run<'_>) -> Option<String>);

/// The pictures of a run, in the order in which a page shows them.
pub const RUN_PLOTS: &[RunPlot] = &[
    ("timeline.svg", |run| Some(timeline::timeline(run))),
    ("throughput.svg", throughput::throughput),
    ("latency.svg", latency::latency),
];

/// A picture of a violation's witness: the stem of its file name, and what draws it from the check's name.
pub type WitnessPlot = (&'static str, fn(&str, &Witness, &Case<'_>) -> Option<String>);

/// The pictures of a witness, in the order in which a page shows them.
pub const WITNESS_PLOTS: &[WitnessPlot] = &[("witness", witness::witness), ("cycle", cycle::cycle_graph)];
