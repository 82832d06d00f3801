//! The process' memory between runs.
//!
//! A run of a few seconds takes some megabytes, and the next run the same again. glibc hands freed memory back to the
//! system, so that every run pays anew for each page it touches, a tenth of its time; once it has seen a large block
//! freed, it keeps what is smaller. Deliberately absent: any effect on what a run does, or on other systems.

use std::hint::black_box;

/// Freed memory of up to twice as much stays with the process.
const BLOCK_BYTES: usize = 16 << 20;

/// Keeps freed memory for the runs that follow. For whatever runs many worlds one after another.
pub fn keep_freed() {
    drop(black_box(Vec::<u8>::with_capacity(BLOCK_BYTES)));
}
