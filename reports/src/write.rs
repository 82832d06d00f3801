//! Files written whole or not at all: a temporary file in the same folder, then a rename over the old one.
//!
//! Deliberately absent: what is in them.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// A picture or page could not be written.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The folder for the output could not be made.
    #[error("cannot make the folder {}: {source}", path.display())]
    Folder {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file could not be written; what was there before still is.
    #[error("cannot write {}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Makes the folder, if it is not there, and what it lies in.
///
/// # Errors
/// [`ReportError::Folder`].
pub fn make_folder(path: &Path) -> Result<(), ReportError> {
    fs::create_dir_all(path).map_err(|source| ReportError::Folder { path: path.to_path_buf(), source })
}

/// Writes a file of this name into a folder, whole or not at all; answers its path.
///
/// # Errors
/// [`ReportError::File`]; no temporary file is left behind.
pub fn write_file(folder: &Path, name: &str, content: &str) -> Result<PathBuf, ReportError> {
    let path = folder.join(name);
    // One name for all who write it: what a killed process left is written over and renamed by the next.
    let temporary = folder.join(format!(".{name}.part"));
    let written = fs::File::create(&temporary)
        .and_then(|mut file| file.write_all(content.as_bytes()).and_then(|()| file.sync_all()))
        .and_then(|()| fs::rename(&temporary, &path));
    match written {
        Ok(()) => Ok(path),
        Err(source) => {
            // The first failure is the one to report; there may be no file to remove.
            let _ = fs::remove_file(&temporary);
            Err(ReportError::File { path, source })
        }
    }
}

/// Removes a file of an earlier report, if it is there, so that no stale picture stays beside fresh ones.
///
/// # Errors
/// [`ReportError::File`].
pub fn remove_stale(folder: &Path, name: &str) -> Result<(), ReportError> {
    let path = folder.join(name);
    match fs::remove_file(&path) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(source) => Err(ReportError::File { path, source }),
    }
}
