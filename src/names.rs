//! The commands that answer what there is: `list`, `show`, `explain`, `new`, `completions`, `man`.

use std::process::ExitCode;

use clap::CommandFactory;
use scenarios::catalogue::{self, Kind};
use scenarios::{ScenarioError, library};

use crate::cli::{Cli, CompletionsArgs, ExplainArgs, ListArgs, Listing, NewArgs, ShowArgs};
use crate::explain_path;
use crate::output::{self, Trouble, cannot};

/// Lists the things of a kind.
pub fn list(args: &ListArgs) -> Result<ExitCode, Trouble> {
    let kind = match args.what {
        Listing::Models => Kind::Models,
        Listing::Faults => Kind::Faults,
        Listing::Checks => Kind::Checks,
        Listing::Scenarios => Kind::Scenarios,
        Listing::Comparisons => Kind::Comparisons,
        Listing::Metrics => Kind::Metrics,
        Listing::Fields => Kind::Fields,
    };
    let items = catalogue::list(kind);
    if args.json {
        let items: Vec<serde_json::Value> =
            items.iter().map(|item| serde_json::json!({ "name": item.name, "about": item.about })).collect();
        output::print_json(&serde_json::json!({ "schema": 1, "items": items }))?;
    } else {
        let pairs: Vec<(String, String)> = items.into_iter().map(|item| (item.name, item.about)).collect();
        output::print(&output::rows("", &pairs))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Prints a library scenario's file.
pub fn show(args: &ShowArgs) -> Result<ExitCode, Trouble> {
    output::print(library_text(&args.name)?)?;
    Ok(ExitCode::SUCCESS)
}

fn library_text(name: &str) -> Result<&'static str, Trouble> {
    library::either(name).ok_or_else(|| ScenarioError::not_in_library(name).into())
}

/// Explains a thing by its name.
pub fn explain(args: &ExplainArgs) -> Result<ExitCode, Trouble> {
    if args.name == "path" {
        return explain_path::explain_path(args);
    }
    if args.prefix.is_some() || args.of.is_some() || args.json {
        return Err(cannot("a prefix, --of and --json go with `squall explain path`"));
    }
    match catalogue::explain(&args.name) {
        Ok(text) => output::print(&format!("{}\n", text.trim_end()))?,
        Err(nearest) if nearest.is_empty() => {
            return Err(cannot(format!("there is nothing called \"{}\"; see `squall list`", args.name)));
        }
        Err(nearest) => {
            let nearest = nearest.join("\", \"");
            return Err(cannot(format!(
                "there is nothing called \"{}\"; did you mean \"{nearest}\"?",
                args.name
            )));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Writes a scenario file to start from. Never over a file that is there.
pub fn new(args: &NewArgs) -> Result<ExitCode, Trouble> {
    let path = if args.name.extension().is_some_and(|ending| ending == "ron") {
        args.name.clone()
    } else {
        let mut name = args.name.clone().into_os_string();
        name.push(".ron");
        name.into()
    };
    let text = library_text(&args.from)?;
    if path.exists() {
        return Err(cannot(format!("{}: there is such a file already", path.display())));
    }
    if let Some(dir) = path.parent().filter(|dir| !dir.as_os_str().is_empty()) {
        output::make_dir(dir)?;
    }
    output::write_whole(&path, text.as_bytes())?;
    let command = if library::comparison(&args.from).is_some() { "compare" } else { "run" };
    output::print(&format!(
        "{} is a copy of {}; change it and run\n  squall {command} {}\n",
        path.display(),
        args.from,
        path.display()
    ))?;
    Ok(ExitCode::SUCCESS)
}

/// Prints a completion script: it asks squall itself, so that it knows scenarios and their fields.
pub fn completions(args: &CompletionsArgs) -> Result<ExitCode, Trouble> {
    let mut script = Vec::new();
    let name = args.shell.to_string();
    let shells = clap_complete::env::Shells::builtins();
    let shell = shells.completer(&name).ok_or_else(|| cannot(format!("no completion for {name}")))?;
    let written = shell.write_registration("COMPLETE", "squall", "squall", "squall", &mut script);
    written.map_err(|why| cannot(format!("the completion script: {why}")))?;
    output::print(&String::from_utf8_lossy(&script))?;
    Ok(ExitCode::SUCCESS)
}

/// Prints the manual page, with every subcommand after the first part.
pub fn man() -> Result<ExitCode, Trouble> {
    let mut page = Vec::new();
    let command = Cli::command();
    let render = |command: clap::Command, page: &mut Vec<u8>| {
        clap_mangen::Man::new(command).render(page).map_err(|why| cannot(format!("the manual: {why}")))
    };
    render(command.clone(), &mut page)?;
    for sub in command.get_subcommands() {
        let name = format!("squall-{}", sub.get_name());
        render(sub.clone().name(name), &mut page)?;
    }
    output::print(&String::from_utf8_lossy(&page))?;
    Ok(ExitCode::SUCCESS)
}
