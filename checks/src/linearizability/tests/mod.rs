//! Brute-force twins on small random histories, and tables of hand-written ones.

mod brute;
mod tables;
