//! Squall's pictures and pages: what a run left, made visible.
//!
//! A [`input::Run`] (a record, what the checks said of it, its metrics) becomes `timeline.svg`, `throughput.svg`,
//! `latency.svg`, a `witness.svg` for each violation, and `report.html`, which holds them all; [`input::Distributions`]
//! become `distributions.svg` and a page. [`entry::write_run`] and [`entry::write_exploration`] write them. Equal inputs
//! give equal bytes. A plot is a file in [`plots`] and a line in its registry; [`style`] is the look they share,
//! [`canvas`] the sheet they draw on.
//!
//! Deliberately absent: PNG (its fonts would change the SVGs' bytes too), scripts, anything fetched from elsewhere,
//! and any knowledge of a protocol beyond the words that roles are usually given.

pub mod arrow;
pub mod axis;
pub mod canvas;
pub mod case;
pub mod chart;
pub mod comparison;
pub mod entry;
pub mod evidence;
pub mod faults;
pub mod heading;
pub mod input;
pub mod labels;
pub mod lane_paint;
pub mod lanes;
pub mod news;
pub mod number;
pub mod operations;
pub mod page;
pub mod pen;
pub mod plots;
pub mod stability;
pub mod study;
pub mod style;
pub mod sweep;
pub mod text;
pub mod write;

pub use crate::case::Case;
pub use crate::comparison::{ComparedMetric, ComparedPolicy, Comparison, write_comparison};
pub use crate::entry::{run_pictures, write_exploration, write_run, write_violation};
pub use crate::input::{Distributions, Failure, Finding, MetricOverSeeds, Run};
pub use crate::stability::{LoadPoint, Stability, Tipping, write_stability};
pub use crate::study::{Study, Table, write_study};
pub use crate::sweep::{Parameter as SweepParameter, Point as SweepPoint, Sensitivity, Sweep, write_sweep};
pub use crate::write::ReportError;
