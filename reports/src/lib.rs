//! Pictures.
pub mod axis;
pub mod canvas;
pub mod chart;
pub mod faults;
pub mod heading;
pub mod input;
pub mod lane_paint;
pub mod lanes;
pub mod number;
pub mod operations;
pub mod pen;
pub mod plots;
pub mod style;
pub mod text;
