//! `squall explain path`: the fields that `--set` and `--vary` reach, with type, unit and default.

use std::process::ExitCode;

use scenarios::catalogue;
use scenarios::load;
use scenarios::paths::{self, FieldPath};

use crate::cli::ExplainArgs;
use crate::output::{self, Trouble, cannot};

/// Lists fields: those of a scenario with `--of`, else those that every scenario may have.
pub fn explain_path(args: &ExplainArgs) -> Result<ExitCode, Trouble> {
    let prefix = args.prefix.as_deref().unwrap_or("");
    let fields = match &args.of {
        Some(name) => paths::of_scenario(&load(name, &[])?, prefix, true)?,
        None => paths::of_any(prefix),
    };
    if fields.is_empty() {
        let near = match &args.of {
            Some(name) => paths::near(&load(name, &[])?, prefix)?,
            None => catalogue::explain(prefix).err().and_then(|near| near.into_iter().next()),
        };
        let hint = near.map_or(String::new(), |near| format!("; did you mean \"{near}\"?"));
        return Err(cannot(format!("no field begins with \"{prefix}\"{hint}")));
    }
    if args.json {
        output::print_json(&serde_json::json!({ "schema": 1, "of": args.of, "fields": fields }))?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut text: String = fields.iter().map(|field| lines(field, args.of.is_some())).collect();
    if args.of.is_none() {
        text.push_str(
            "\n`squall explain path --of SCENARIO` lists a scenario's own, with values and defaults.\n",
        );
    }
    output::print(&text)?;
    Ok(ExitCode::SUCCESS)
}

fn lines(field: &FieldPath, of_scenario: bool) -> String {
    let rest = match (of_scenario, &field.default) {
        (true, None) => format!("{}; now {}", field.of, field.value),
        (true, Some(default)) => format!("{}; now {}; if left out {default}", field.of, field.value),
        (false, None) => field.of.clone(),
        (false, Some(_)) => format!("{}; may be left out", field.of),
    };
    let about = if field.about.is_empty() { String::new() } else { format!("\n    {}", field.about) };
    format!("{}\n    {rest}{about}\n", field.path)
}
