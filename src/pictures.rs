//! The files of `--out`: the record, the pictures and the page of a run; the distributions of an exploration.
