//! The name that was probably meant.
//!
//! Deliberately absent: the names themselves.

/// `; did you mean "register"?`, if one of the names is near; else nothing.
pub(super) fn hint<'n>(name: &str, known: impl IntoIterator<Item = &'n str>) -> String {
    let lower = name.to_lowercase();
    let near = known
        .into_iter()
        .map(|other| (strsim::damerau_levenshtein(&lower, &other.to_lowercase()), other))
        .min_by_key(|(distance, _)| *distance)
        .filter(|(distance, other)| *distance <= (other.len().max(name.len()) / 3).max(1));
    near.map_or_else(String::new, |(_, near)| format!("; did you mean \"{near}\"?"))
}
