//! Rumor mongering: semantics by hand.
