//! `squall report`: the pictures of a run anew, from the record it left.

use std::process::ExitCode;

use crate::cli::ReportArgs;
use crate::output::{self, Trouble};
use crate::pictures;

/// Makes the pictures anew.
pub fn report(args: &ReportArgs) -> Result<ExitCode, Trouble> {
    let written = pictures::show_again(&args.dir)?;
    let names: Vec<String> = written.iter().map(|path| format!("{}\n", path.display())).collect();
    output::print(&names.concat())?;
    Ok(ExitCode::SUCCESS)
}
