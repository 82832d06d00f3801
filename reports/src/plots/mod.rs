//! One plot a file, and the list of them. A new plot is a file, a line here and a snapshot.

mod crowd;
pub mod latency;
mod operation_strip;
pub mod throughput;
pub mod timeline;
mod violations;

use crate::input::Run;

/// A picture of a run: its file name, and what draws it; `None` where it has nothing to show.
pub type RunPlot = (&'static str, fn(&Run<'_>) -> Option<String>);

/// The pictures of a run, in the order in which a page shows them.
pub const RUN_PLOTS: &[RunPlot] = &[
    ("timeline.svg", |run| Some(timeline::timeline(run))),
    ("throughput.svg", throughput::throughput),
    ("latency.svg", latency::latency),
];
