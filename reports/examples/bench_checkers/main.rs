//! Times the checkers on one thread. `claims` prints what is claimed of their speed, each beside what is asked or what
//! others take; `growth` measures every checker on histories of growing length, whose times show whether the cost grows
//! as its algorithm promises; `draw` makes the picture of that.
//!
//! ```sh
//! cargo run --release -p reports --example bench_checkers -- claims [WORD…]
//! cargo run --release -p reports --example bench_checkers -- growth book/src/measured/checkers.csv
//! cargo run --release -p reports --example bench_checkers -- draw book/src/measured/checkers.csv checkers.svg
//! ```
//!
//! With words, `claims` takes only the lines that hold one of them. Verdicts do not depend on the machine, the
//! milliseconds do. Deliberately absent: more than one thread.

mod claims;
mod growth;
mod objects;
mod picture;
mod transactions;

use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

/// Below so many milliseconds the clock on the wall is used: a processor's is not fine enough.
const SHORT_MS: f64 = 20.0;

/// Milliseconds that the work takes, the best of some runs, and what came of it, which is given up outside of them: of
/// this thread on a processor where the system tells, so that other work beside it counts as little as it can, else by
/// the clock on the wall.
#[expect(clippy::disallowed_methods, reason = "a benchmark reads the clock; nothing else depends on it")]
fn millis<T>(runs: usize, mut work: impl FnMut() -> T) -> (f64, T) {
    let mut best = f64::INFINITY;
    let mut result = None;
    for _ in 0..runs {
        drop(result.take());
        let (start, on_processor) = (Instant::now(), processor_ms());
        result = Some(work());
        let mut took = start.elapsed().as_secs_f64() * 1e3;
        if let (true, Some(before), Some(after)) = (took > SHORT_MS, on_processor, processor_ms()) {
            took = took.min(after - before);
        }
        best = best.min(took);
    }
    (best, result.expect("at least one run"))
}

/// How long this thread has been on a processor, as Linux tells it.
fn processor_ms() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split_whitespace().next()?.parse().ok().map(|ns: f64| ns / 1e6)
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        ["claims", only @ ..] => {
            claims::print(only);
            Ok(())
        }
        ["growth", csv, only @ ..] => growth::measure(Path::new(csv), only),
        ["draw", csv, svg] => picture::draw(Path::new(csv), Path::new(svg)),
        _ => Err("claims [WORD…] | growth FILE.csv [WORD…] | draw FILE.csv FILE.svg".into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("bench_checkers: {reason}");
            ExitCode::FAILURE
        }
    }
}
