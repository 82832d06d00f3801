//! The progress of an exploration on standard error: how many, how fast, how long still; on a terminal only.

use std::io::{IsTerminal, Write};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Counts runs and shows them now and then.
pub struct Meter {
    what: &'static str,
    total: AtomicU64,
    done: AtomicU64,
    failed: AtomicU64,
    started: Instant,
    shown: Option<Mutex<Instant>>,
}

const PAUSE: Duration = Duration::from_millis(200);

impl Meter {
    /// A meter for runs of this name, none of which is planned yet.
    pub fn new(what: &'static str) -> Meter {
        let now = now();
        let shown = std::io::stderr().is_terminal().then(|| Mutex::new(now));
        Meter {
            what,
            total: AtomicU64::new(0),
            done: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            started: now,
            shown,
        }
    }

    /// This many more are planned.
    pub fn add(&self, runs: u64) {
        self.total.fetch_add(runs, Ordering::Relaxed);
    }

    /// Another run has ended.
    pub fn tick(&self, failed: bool) {
        let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        let bad = self.failed.fetch_add(u64::from(failed), Ordering::Relaxed) + u64::from(failed);
        let Some(Ok(mut last)) = self.shown.as_ref().map(Mutex::lock) else { return };
        if last.elapsed() < PAUSE {
            return;
        }
        *last = now();
        let rate = done as f64 / self.started.elapsed().as_secs_f64().max(1e-9);
        let total = self.total.load(Ordering::Relaxed).max(done);
        let left = (total - done) as f64 / rate;
        let line = format!("{done}/{total} {}, {bad} failed, {rate:.0}/s, {left:.0} s left", self.what);
        // A terminal that cannot be written to is no reason to stop.
        let _ = write!(std::io::stderr(), "\r\u{1b}[K{line}");
    }

    /// Clears the line and tells the whole time.
    pub fn end(&self) {
        let done = self.done.load(Ordering::Relaxed);
        let took = self.started.elapsed().as_secs_f64();
        let clear = if self.shown.is_some() { "\r\u{1b}[K" } else { "" };
        say!(
            "{clear}squall: {done} {} in {took:.2} s ({:.0} a second)",
            self.what,
            done as f64 / took.max(1e-9)
        );
    }
}

#[expect(clippy::disallowed_methods, reason = "wall-clock figures go to standard error only")]
fn now() -> Instant {
    Instant::now()
}
