//! Brute-force twins on small random histories, a plain search on changed ones, and tables of hand-written ones.

mod brute;
mod chains;
mod mutated;
mod pending;
mod plain;
mod sequential;
mod tables;
mod told;
