//! Ctrl-C: the first ends with what is finished, the second at once.

use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::output::{Trouble, cannot};

static STOP: AtomicBool = AtomicBool::new(false);

/// Listens for Ctrl-C from now on; answers the flag that it sets.
pub fn on_ctrl_c() -> Result<&'static AtomicBool, Trouble> {
    ctrlc::set_handler(|| {
        if STOP.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
        say!("squall: stopping after the runs under way; once more to stop at once");
    })
    .map_err(|why| cannot(format!("cannot listen for Ctrl-C: {why}")))?;
    Ok(&STOP)
}

/// The exit code of what was stopped before its end: what was wanted did not come.
pub fn stopped_code() -> ExitCode {
    say!("squall: stopped early; with --out the same command goes on from here");
    ExitCode::from(1)
}

/// The exit code of a shard. A finding is success: a scheduler must not take it for a failure of the machine and try again.
/// A shard that was stopped before its end is none, and is to be tried again.
pub fn shard_code(stopped: bool) -> ExitCode {
    if stopped { stopped_code() } else { ExitCode::SUCCESS }
}

/// Runs something in which a panic is a result, not a message to the terminal.
pub fn quietly<T>(work: impl FnOnce() -> T) -> T {
    let loud = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let result = work();
    std::panic::set_hook(loud);
    result
}
