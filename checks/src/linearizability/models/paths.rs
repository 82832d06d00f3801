//! Lists that share their beginnings: a list is a node of a tree, its elements are those on the way from the root, so
//! adding and taking an element at the end cost the same however long the list is.
//!
//! Deliberately absent: taking from the front.

use indexmap::IndexMap;

use crate::linearizability::hash::Quick;

/// The empty list.
pub(crate) const EMPTY: u32 = 0;

/// All lists so far; equal lists have equal numbers.
#[derive(Debug)]
pub(crate) struct Paths {
    nodes: Vec<Node>,
    children: IndexMap<(u32, u32), u32, Quick>,
}

#[derive(Clone, Copy, Debug)]
struct Node {
    parent: u32,
    element: u32,
    length: u32,
    /// A beginning further back, so that any beginning is found in logarithmically many steps (Myers, "An applicative
    /// random-access stack", 1983).
    jump: u32,
}

impl Paths {
    pub(crate) fn new() -> Paths {
        let root = Node { parent: EMPTY, element: u32::MAX, length: 0, jump: EMPTY };
        Paths { nodes: vec![root], children: IndexMap::default() }
    }

    fn node(&self, list: u32) -> Node {
        self.nodes[list as usize]
    }

    /// The list with one more element.
    pub(crate) fn with(&mut self, list: u32, element: u32) -> u32 {
        let fresh = u32::try_from(self.nodes.len()).expect("fewer than 2^32 lists");
        let child = *self.children.entry((list, element)).or_insert(fresh);
        if child == fresh {
            let (parent, near) = (self.node(list), self.node(self.node(list).jump));
            let even = parent.length - near.length == near.length - self.node(near.jump).length;
            let jump = if even { near.jump } else { list };
            self.nodes.push(Node { parent: list, element, length: parent.length + 1, jump });
        }
        child
    }

    /// The list of these elements.
    pub(crate) fn of(&mut self, elements: impl IntoIterator<Item = u32>) -> u32 {
        elements.into_iter().fold(EMPTY, |list, element| self.with(list, element))
    }

    /// The last element, and the list without it.
    pub(crate) fn last(&self, list: u32) -> Option<(u32, u32)> {
        (list != EMPTY).then(|| (self.node(list).element, self.node(list).parent))
    }

    pub(crate) fn length(&self, list: u32) -> u32 {
        self.node(list).length
    }

    /// Whether the list begins with the other.
    pub(crate) fn begins_with(&self, mut list: u32, beginning: u32) -> bool {
        let wanted = self.length(beginning);
        while self.length(list) > wanted {
            let node = self.node(list);
            list = if self.length(node.jump) >= wanted { node.jump } else { node.parent };
        }
        list == beginning
    }

    /// Its elements, the first first.
    pub(crate) fn elements(&self, mut list: u32) -> Vec<u32> {
        let mut elements = Vec::with_capacity(self.length(list) as usize);
        while let Some((element, before)) = self.last(list) {
            elements.push(element);
            list = before;
        }
        elements.reverse();
        elements
    }

    /// About how many words of memory they take.
    pub(crate) fn weight(&self) -> u64 {
        6 * self.nodes.len() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::{EMPTY, Paths};
    use proptest::collection::vec;
    use proptest::{prop_assert_eq, proptest};

    proptest! {
        #[test]
        fn they_are_what_vectors_are(lists in vec(vec(0u32..3, 0..40), 1..12)) {
            let mut paths = Paths::new();
            let numbers: Vec<u32> = lists.iter().map(|list| paths.of(list.iter().copied())).collect();
            for (list, &number) in lists.iter().zip(&numbers) {
                prop_assert_eq!(&paths.elements(number), list);
                prop_assert_eq!(paths.length(number) as usize, list.len());
                prop_assert_eq!(number == EMPTY, list.is_empty());
                for (other, &its) in lists.iter().zip(&numbers) {
                    prop_assert_eq!(number == its, list == other);
                    prop_assert_eq!(paths.begins_with(number, its), list.starts_with(other));
                }
            }
        }
    }
}
