//! `squall replay`: a run told event by event.

use std::io::Write;
use std::process::ExitCode;

use scenarios::capsule::Capsule;
use scenarios::replay::{Form, TellOptions, tell};
use scenarios::time::{Span, Time};

use crate::cli::ReplayArgs;
use crate::output::{Trouble, cannot, trouble_of};

/// Tells a run.
pub fn replay(args: &ReplayArgs) -> Result<ExitCode, Trouble> {
    let capsule = open(args)?;
    let seed = args.seed.unwrap_or(capsule.seed);
    say!("squall: {} with seed {seed}", capsule.loaded.name);
    if let Some(at) = &args.at {
        let seen = scenarios::inspect::inspect(&capsule.loaded, seed, instant(at)?);
        if args.json {
            crate::output::print_json(&seen.json())?;
        } else {
            crate::output::print(&seen.to_string())?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let options = TellOptions {
        form: if args.json { Form::JsonLines } else { Form::Text },
        from: args.from.as_deref().map_or(Ok(Time::ZERO), instant)?,
        until: args.until.as_deref().map_or(Ok(Time::NEVER), instant)?,
    };
    let outcome = tell(&capsule.loaded, seed, &options, &mut out).map_err(trouble_of)?;
    out.flush().map_err(trouble_of)?;
    if args.until.is_some() {
        return Ok(ExitCode::SUCCESS);
    }
    for check in outcome.checks.iter().filter(|check| check.verdict.is_fail()) {
        say!("squall: {}: {}", check.name, check.detail);
    }
    if let Some(expected) = capsule.fingerprint.filter(|_| seed == capsule.seed)
        && expected != outcome.record.fingerprint
    {
        let got = outcome.record.fingerprint;
        say!("squall: the capsule was made of a run with fingerprint {expected}; this one has {got}");
        return Ok(ExitCode::from(3));
    }
    Ok(if outcome.as_expected { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

/// A capsule's file, or a scenario made into one.
fn open(args: &ReplayArgs) -> Result<Capsule, Trouble> {
    if let Ok(text) = std::fs::read_to_string(&args.scenario)
        && Capsule::is_capsule(&text)
    {
        if !args.set.is_empty() {
            return Err(cannot("a capsule is one fixed run: --set does not go with it"));
        }
        return Ok(Capsule::parse(&text, &args.scenario)?);
    }
    let loaded = scenarios::load(&args.scenario, &args.set)?;
    Ok(Capsule { seed: loaded.seed(), loaded, fingerprint: None, check: None })
}

fn instant(text: &str) -> Result<Time, Trouble> {
    let span: Span = text.parse().map_err(cannot)?;
    Ok(Time::ZERO + span)
}
