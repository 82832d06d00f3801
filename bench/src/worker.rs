//! One measurement in a process of its own: what it found goes to standard output as one line of JSON.

use std::time::Instant;

use serde::{Deserialize, Serialize};

/// What a worker measured.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub struct Measured {
    /// Events handled, or worlds run, in the time measured.
    pub events: u64,
    /// The time they took: of the processor, or of the wall where all cores worked.
    pub seconds: f64,
    /// The most memory the process ever had resident.
    #[serde(default)]
    pub peak_kib: u64,
}

impl Measured {
    /// Events over seconds; the peak is that of the process so far.
    #[must_use]
    pub fn new(events: u64, seconds: f64) -> Measured {
        Measured { events, seconds, peak_kib: peak_kib() }
    }

    /// Events (or worlds) a second.
    #[must_use]
    pub fn rate(&self) -> f64 {
        self.events as f64 / self.seconds
    }
}

/// The peak of this process' resident memory; 0 where the system does not tell.
#[must_use]
pub fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

/// The processor time of the main thread in seconds, which does the work; that of the wall where the system does not
/// tell. On a machine shared with others it is what the work took.
#[must_use]
pub fn cpu_s(start: Instant) -> f64 {
    let text = std::fs::read_to_string("/proc/self/schedstat").unwrap_or_default();
    let ns = text.split_whitespace().next().and_then(|ns| ns.parse::<f64>().ok());
    ns.map_or_else(|| start.elapsed().as_secs_f64(), |ns| ns / 1e9)
}

/// Simulated time in slices: a few to warm up, then as many as fit into the budget of wall time.
#[derive(Clone, Copy, Debug)]
pub struct Slices {
    /// Simulated nanoseconds before anything is measured.
    pub warm_up_ns: u64,
    /// Simulated nanoseconds of each slice.
    pub slice_ns: u64,
}

impl Slices {
    /// For H: timers of one second on average. A slice holds 10,000 events or more.
    #[must_use]
    pub fn hold(pending: u32) -> Slices {
        let slice_ns = 1_000_000_000 * 10_000 / u64::from(pending);
        let slice_ns = slice_ns.clamp(50_000_000, 10_000_000_000);
        Slices { warm_up_ns: slice_ns.max(1_000_000_000), slice_ns }
    }

    /// For P: messages of 5.5 ms on average. A slice holds 10,000 events or more.
    #[must_use]
    pub fn ping(nodes: u32) -> Slices {
        let slice_ns = 5_500_000 * 10_000 / u64::from(nodes);
        Slices { warm_up_ns: 20_000_000, slice_ns: slice_ns.max(1_000_000) }
    }

    /// Runs slices; `advance` runs one of a length and answers how many events it held.
    pub fn measure(self, budget_s: f64, mut advance: impl FnMut(u64) -> u64) -> Measured {
        advance(self.warm_up_ns);
        let (start, mut events) = (Instant::now(), 0);
        let cpu = cpu_s(start);
        loop {
            events += advance(self.slice_ns);
            if start.elapsed().as_secs_f64() >= budget_s {
                return Measured::new(events, cpu_s(start) - cpu);
            }
        }
    }
}

/// Runs worlds by seed until the budget is used; `world` answers its number of deliveries, which must be 5,000.
pub fn worlds(budget_s: f64, mut world: impl FnMut(u64) -> u64) -> Measured {
    assert_eq!(world(u64::MAX), 5_000);
    let (start, mut done) = (Instant::now(), 0);
    let cpu = cpu_s(start);
    loop {
        assert_eq!(world(done), 5_000);
        done += 1;
        if start.elapsed().as_secs_f64() >= budget_s {
            return Measured::new(done, cpu_s(start) - cpu);
        }
    }
}
