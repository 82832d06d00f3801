//! The same fingerprints on wasm32, run with node. Skipped, saying so, where the target or node is not installed.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The first seed of each scenario whose golden run is short enough to run on WebAssembly.
const EVENTS_MAX: u64 = 100_000;

fn output(command: &mut Command) -> Option<String> {
    let output = command.output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_string())
}

fn missing() -> Option<&'static str> {
    let libraries = output(Command::new("rustc").args([
        "--print",
        "target-libdir",
        "--target",
        "wasm32-unknown-unknown",
    ]));
    if !libraries.is_some_and(|dir| Path::new(&dir).exists()) {
        return Some("the target wasm32-unknown-unknown is not installed");
    }
    if output(Command::new("node").arg("--version")).is_none() {
        return Some("node is not installed");
    }
    None
}

/// (index in the library, golden fingerprint) of each scenario, for seed 1.
fn golden() -> Vec<(usize, String)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let mut list = Vec::new();
    for (index, name) in scenarios::library::names().into_iter().enumerate() {
        let text = std::fs::read_to_string(folder.join(format!("{name}.txt"))).unwrap_or_default();
        let mut words = text.lines().next().unwrap_or("").split(' ').skip(1);
        let (Some(fingerprint), Some(events)) = (words.next(), words.next()) else { continue };
        if events.parse::<u64>().is_ok_and(|events| events <= EVENTS_MAX) {
            list.push((index, fingerprint.to_string()));
        }
    }
    list
}

#[test]
fn fingerprints_are_equal_on_wasm32() {
    if let Some(why) = missing() {
        println!("skipped: {why}");
        return;
    }
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let target = root.join("target/wasm");
    let built = Command::new(env!("CARGO"))
        .args(["build", "--release", "--quiet", "--target", "wasm32-unknown-unknown", "--manifest-path"])
        .arg(root.join("tests/wasm/Cargo.toml"))
        .arg("--target-dir")
        .arg(&target)
        .status()
        .expect("cargo runs");
    assert!(built.success(), "the library builds for wasm32");
    let module = target.join("wasm32-unknown-unknown/release/squall_wasm.wasm");
    let golden = golden();
    assert!(!golden.is_empty(), "there is something to compare");
    let indices: Vec<String> = golden.iter().map(|(index, _)| index.to_string()).collect();
    let script = format!(
        "const m = new WebAssembly.Module(require('fs').readFileSync({module:?}));
         const e = new WebAssembly.Instance(m, {{}}).exports;
         for (const i of [{}]) {{
           console.log([0, 1, 2, 3].map(q => (e.fingerprint(i, 1, q) >>> 0).toString(16).padStart(8, '0')).join(''));
         }}",
        indices.join(",")
    );
    let run = Command::new("node").arg("-e").arg(&script).output().expect("node starts");
    assert!(run.status.success(), "node runs the module:\n{}", String::from_utf8_lossy(&run.stderr));
    let told = String::from_utf8_lossy(&run.stdout);
    let expected: Vec<&str> = golden.iter().map(|(_, fingerprint)| fingerprint.as_str()).collect();
    assert_eq!(told.lines().collect::<Vec<_>>(), expected);
}
