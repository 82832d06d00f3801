//! The peers outside this program: each is built if what it needs is there, and left out, saying so, if not.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Serialize;

/// A peer's name, and how it is started.
pub type Built = (&'static str, Vec<PathBuf>);

/// A peer that could not be built.
#[derive(Clone, Debug, Serialize)]
pub struct LeftOut {
    /// Who.
    pub engine: &'static str,
    /// Why.
    pub why: String,
}

/// How one of them is built, and then started.
type Build<'a> = (&'static str, &'a dyn Fn() -> Result<Vec<PathBuf>, String>);

/// Builds those that are wanted; answers how each that could be built is started, and why the others could not.
#[must_use]
pub fn build(home: &Path, wanted: impl Fn(&str) -> bool) -> (Vec<Built>, Vec<LeftOut>) {
    let out = home.join("target/peers");
    let folder = std::fs::create_dir_all(&out).map_err(|error| format!("{}: {error}", out.display()));
    let peers: [Build<'_>; 4] = [
        ("madsim", &|| madsim(home)),
        ("simpy", &|| simpy(home, &out)),
        ("ns-3", &|| compile(&home.join("peers/ns3.cc"), &out.join("ns3"), &ns3_flags())),
        ("SimGrid", &|| compile(&home.join("peers/simgrid.cc"), &out.join("simgrid"), &["-lsimgrid".into()])),
    ];
    let (mut built, mut left_out) = (Vec::new(), Vec::new());
    for (engine, build) in peers.into_iter().filter(|(name, _)| wanted(name)) {
        match folder.clone().and_then(|()| build()) {
            Ok(command) => built.push((engine, command)),
            Err(why) => {
                eprintln!("{engine} is left out: {why}");
                left_out.push(LeftOut { engine, why });
            }
        }
    }
    (built, left_out)
}

fn run(command: &mut Command) -> Result<(), String> {
    let output = command.output().map_err(|error| format!("{:?}: {error}", command.get_program()))?;
    if output.status.success() {
        return Ok(());
    }
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    // A linker's own words stand before what it comes to.
    let mut lines = text.lines().filter(|line| !line.trim().is_empty());
    let before = text.lines().take_while(|line| !line.starts_with("collect2")).last();
    let said = lines.find(|line| line.contains("rror") && !line.starts_with("collect2")).or(before);
    Err(said.unwrap_or("it does not build").trim().to_string())
}

/// madsim replaces the system's clock in whatever it is linked into, so it has a program of its own.
fn madsim(home: &Path) -> Result<Vec<PathBuf>, String> {
    let folder = home.join("peers/madsim");
    eprintln!("building madsim …");
    run(Command::new("cargo")
        .args(["build", "--release", "--quiet"])
        .env("RUSTFLAGS", "--cfg madsim")
        .current_dir(&folder))?;
    Ok(vec![folder.join("target/release/madsim-worker")])
}

/// simpy comes from PyPI into a virtual environment.
fn simpy(home: &Path, out: &Path) -> Result<Vec<PathBuf>, String> {
    let python = out.join("venv/bin/python");
    let import = |python: &Path| run(Command::new(python).args(["-c", "import simpy"]));
    if import(&python).is_err() {
        run(Command::new("python3").args(["-m", "venv"]).arg(out.join("venv")))?;
        run(Command::new(&python).args(["-m", "pip", "install", "--quiet", "simpy"]))?;
        import(&python)?;
    }
    Ok(vec![python, home.join("peers/simpy_worker.py")])
}

/// Debian names the library after its version.
fn ns3_flags() -> Vec<String> {
    let folders = ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib"];
    let names = folders.iter().filter_map(|folder| std::fs::read_dir(folder).ok()).flatten();
    let mut names = names.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let library = names.find_map(|name| {
        Some(name.strip_prefix("lib")?.strip_suffix(".so")?.to_string()).filter(|name| is_core(name))
    });
    let library = library.unwrap_or_else(|| "ns3-core".into());
    let version = library.split('-').next().unwrap_or("ns3").to_string();
    let mut flags = vec![format!("-l{library}")];
    // `ns3` itself must not be searched: it has a `string.h`.
    if Path::new("/usr/include").join(&version).join("ns3").is_dir() {
        flags.push(format!("-I/usr/include/{version}"));
    }
    flags
}

fn is_core(name: &str) -> bool {
    name.starts_with("ns3") && name.contains("-core")
}

fn compile(source: &Path, program: &Path, flags: &[String]) -> Result<Vec<PathBuf>, String> {
    let mut command = Command::new("g++");
    run(command.args(["-O3", "-std=c++17", "-o"]).arg(program).arg(source).args(flags))?;
    Ok(vec![program.to_path_buf()])
}
