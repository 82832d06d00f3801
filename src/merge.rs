//! `squall merge`: the parts of a job done on several machines, to the bytes that one machine would have given.

use std::process::ExitCode;

use scenarios::shard::{self, Merged};

use crate::cli::MergeArgs;
use crate::output::{self, Trouble};
use crate::{compare, explore, pictures, sweep};

/// Merges directories of shards.
pub fn merge(args: &MergeArgs) -> Result<ExitCode, Trouble> {
    let merged = shard::merge(&args.dirs)?;
    if let Some(dir) = &args.out {
        output::make_dir(dir)?;
        match &merged {
            Merged::Exploration(loaded, found) => {
                explore::write_runs(loaded, (&Default::default(), ""), found, dir)?;
                explore::write_result(dir, found)?;
                pictures::write_exploration(loaded, found, dir)?;
            }
            Merged::Comparison(found, log) => {
                output::write_whole(&dir.join(shard::WORLDS), log.as_bytes())?;
                compare::write_result(dir, found)?;
            }
            Merged::Sweep(plan, found, log) => {
                output::write_whole(&dir.join(shard::WORLDS), log.as_bytes())?;
                sweep::write_result(dir, plan, found)?;
            }
        }
    }
    let as_expected = match merged {
        Merged::Exploration(loaded, found) => {
            explore::print(&loaded, &found, args.out.as_deref(), args.json)?;
            found.as_expected
        }
        Merged::Comparison(found, _) => {
            compare::print(&found, args.json)?;
            found.is_as_expected()
        }
        Merged::Sweep(plan, found, _) => {
            sweep::print(&plan, &found, args.json)?;
            return Ok(sweep::code(&found));
        }
    };
    Ok(if as_expected { ExitCode::SUCCESS } else { ExitCode::from(1) })
}
