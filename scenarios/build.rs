//! Lists the library's files, so that a scenario, or a comparison, is one file and no Rust; and hashes the sources that
//! decide what a run is, so that what one build has finished is never taken for another's.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    embed("library")?;
    embed("comparisons")?;
    println!("cargo::rustc-env=SQUALL_SOURCES={:016x}", sources()?);
    Ok(())
}

/// FNV-1a over the paths and contents of the engine, the models, the checkers, this crate, and the versions of what they
/// depend on. What is not there (a crate on its own, outside its workspace) is left out. Line ends do not count, so that
/// a checkout on Windows is the same build.
fn sources() -> io::Result<u64> {
    let here = PathBuf::from(variable("CARGO_MANIFEST_DIR"));
    let root = here.parent().unwrap_or(&here);
    let mut files = Vec::new();
    for folder in ["sim-core/src", "models/src", "checks/src", "scenarios/src"] {
        let folder = root.join(folder);
        if folder.is_dir() {
            collect(&folder, "rs", &mut files)?;
        }
    }
    let lock = root.join("Cargo.lock");
    if lock.is_file() {
        println!("cargo::rerun-if-changed={}", lock.display());
        files.push(lock);
    }
    files.sort();
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut absorb = |bytes: &[u8]| {
        for &byte in bytes.iter().filter(|&&byte| byte != b'\r') {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    };
    for file in &files {
        let name = file.strip_prefix(root).unwrap_or(file).to_string_lossy().replace('\\', "/");
        absorb(name.as_bytes());
        absorb(&[0]);
        absorb(&fs::read(file)?);
        absorb(&[0]);
    }
    Ok(hash)
}

/// Writes the list of a folder's files, as code.
fn embed(folder: &str) -> io::Result<()> {
    let root = PathBuf::from(variable("CARGO_MANIFEST_DIR")).join(folder);
    println!("cargo::rerun-if-changed={}", root.display());
    let mut files = Vec::new();
    collect(&root, "ron", &mut files)?;
    files.sort();
    let mut code = String::from("&[\n");
    for file in &files {
        let name = file.strip_prefix(&root).unwrap_or(file).with_extension("");
        let name = name.to_string_lossy().replace('\\', "/");
        writeln!(code, "    ({name:?}, include_str!({:?})),", file.display().to_string())
            .map_err(io::Error::other)?;
    }
    code.push(']');
    fs::write(PathBuf::from(variable("OUT_DIR")).join(format!("{folder}.rs")), code)
}

#[expect(
    clippy::disallowed_methods,
    reason = "cargo tells a build script where it is by the environment alone"
)]
fn variable(name: &str) -> String {
    env::var(name).unwrap_or_default()
}

fn collect(folder: &Path, ending: &str, files: &mut Vec<PathBuf>) -> io::Result<()> {
    println!("cargo::rerun-if-changed={}", folder.display());
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, ending, files)?;
        } else if path.extension().is_some_and(|extension| extension == ending) {
            println!("cargo::rerun-if-changed={}", path.display());
            files.push(path);
        }
    }
    Ok(())
}
