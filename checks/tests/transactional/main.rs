//! Transactions, weak consistency and workloads: Elle's table, histories written by hand, slow twins, broken stores.

mod elle_corpora;
mod reads_twins;
mod session_twins;
mod support;
mod transactions_tables;
mod transactions_twins;
mod unordered_twins;
mod weak_ends;
mod weak_twins;
mod workload_tables;
mod workload_twins;
