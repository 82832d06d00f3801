//! Room for lists that grow to the end of a run: logs, files, histories. Growing twofold copies about as much as is kept in the
//! end; a list that is long already grows fourfold, which copies a third of that. Where memory is the system's to give, what is never
//! written takes none. For models' lists too.
//!
//! Deliberately absent: lists that come and go, for which twice is right.

/// From so many bytes on a list is long.
const LONG: usize = 1 << 14;

/// Makes room for `more` at the end of a list.
#[inline]
pub fn make<T>(list: &mut Vec<T>, more: usize) {
    if list.capacity() - list.len() < more {
        grow(list, more);
    }
}

/// Adds a value at the end. It is made once there is room for it, so that its parts are written where they stay.
#[inline(always)]
pub fn push<T>(list: &mut Vec<T>, value: impl FnOnce() -> T) {
    if list.len() == list.capacity() {
        return push_after_all(list, value());
    }
    list.push(value());
}

#[cold]
#[inline(never)]
fn push_after_all<T>(list: &mut Vec<T>, value: T) {
    grow(list, 1);
    list.push(value);
}

#[cold]
fn grow<T>(list: &mut Vec<T>, more: usize) {
    let long = std::mem::size_of_val(list.as_slice()) >= LONG;
    list.reserve(if long { more.max(3 * list.len()) } else { more });
}

#[cfg(test)]
mod tests {
    use super::{LONG, make};

    #[test]
    fn long_lists_grow_fourfold_and_short_ones_as_ever() {
        let mut list = vec![0u8; LONG - 1];
        list.shrink_to_fit();
        make(&mut list, 1);
        assert!((LONG..3 * LONG).contains(&list.capacity()));
        list.resize(LONG, 0);
        list.shrink_to_fit();
        make(&mut list, 1);
        assert!(list.capacity() >= 4 * LONG);
        let before = list.capacity();
        make(&mut list, 1);
        assert_eq!(list.capacity(), before);
        make(&mut list, 10 * LONG);
        assert!(list.capacity() >= 11 * LONG);
    }
}
