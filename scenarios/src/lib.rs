//! Squall's scenarios: the file format, the library of files, and what runs them.

pub use checks;
