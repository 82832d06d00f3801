//! Long paths exchanged for short ones (Leitão, Pereira & Rodrigues, SRDS'07, §3.8).
//!
//! A tree is as short as it was for the first broadcast along it, and repairs make it longer. Whoever hears of a payload
//! over a shorter way before it comes takes that way from then on. Deliberately absent: announcements that come after the
//! payload, which were on a slower way.

use sim_core::peer::Peer;

use super::message::{Hops, Message};
use super::node::PlumtreeNode;
use super::port::Port;

impl PlumtreeNode {
    /// The link that brought a payload is exchanged for one over which it was announced before, if that would have been
    /// shorter by the threshold (§3.8).
    pub(super) fn shorten(&mut self, from: u32, hops: u16, announced: &[(u32, Hops)], ctx: &mut impl Port) {
        let Some(threshold) = self.shared.settings.tree.threshold else { return };
        let told = announced.iter().filter_map(|(by, told)| told.0.map(|told| (told, *by)));
        let Some((shortest, by)) = told.min() else { return };
        if shortest.saturating_add(threshold) > hops || by == from {
            return;
        }
        // Either may have left the view while its word was on its way.
        let known = &self.views().active;
        if !known.contains(&by) || !known.contains(&from) {
            return;
        }
        ctx.mark("path shortened");
        self.lazy.remove(&by);
        ctx.send(Peer::node(by), Message::Link);
        self.lazy.insert(from);
        ctx.send(Peer::node(from), Message::Prune);
    }
}

#[cfg(test)]
mod tests {
    use sim_core::peer::Peer;
    use sim_core::random::Rng;
    use sim_core::time::{Span, Time};

    use crate::gossip::plumtree::config::Tree;
    use crate::gossip::plumtree::message::{Hops, Message};
    use crate::gossip::plumtree::node::{PlumtreeNode, Timer};
    use crate::gossip::plumtree::port::Port;

    /// Keeps what node 0 sends.
    struct Desk {
        rng: Rng,
        sent: Vec<(u32, Message)>,
    }

    impl Port for Desk {
        fn me(&self) -> Peer {
            Peer::node(0)
        }
        fn now(&self) -> Time {
            Time::ZERO
        }
        fn rng(&mut self) -> &mut Rng {
            &mut self.rng
        }
        fn send(&mut self, to: Peer, message: Message) {
            self.sent.push((to.raw(), message));
        }
        fn arm(&mut self, _: Timer, _: Span) {}
        fn disarm(&mut self, _: Timer) {}
        fn mark(&mut self, _: &'static str) {}
        fn measure(&mut self, _: &'static str, _: i64) {}
    }

    /// Node 0 hears of a payload from these (who, hops) and then gets it from node 9; whom it links to, and whom it
    /// prunes.
    fn check(threshold: &str, announced: &[(u32, u16)], hops: u16, expected: &[(u32, &str)]) {
        let tree: Tree = ron::from_str(&format!(
            "(active: 9, passive: 9, walk_active: 3, walk_passive: 2, shuffle: \"1s\", shuffled: (1, 1), \
             join_gap: \"0s\", keepalive: \"1s\", detector: Timeout(\"3s\"), missing: \"1s\", refetch: \"1s\", \
             threshold: {threshold})"
        ))
        .expect("a tree");
        let mut desk = Desk { rng: Rng::from_key(1), sent: Vec::new() };
        let mut node = PlumtreeNode::start(&tree.shared(), &mut desk);
        for peer in 1..=9 {
            node.receive(Peer::node(peer), Message::Accept, &mut desk);
        }
        for (from, hops) in announced {
            node.receive(Peer::node(*from), Message::IHave(7, Hops(Some(*hops))), &mut desk);
        }
        node.receive(Peer::node(9), Message::Payload(7, hops, 0), &mut desk);
        let changes = desk.sent.iter().filter_map(|(to, message)| match message {
            Message::Link => Some((*to, "link")),
            Message::Prune => Some((*to, "prune")),
            _ => None,
        });
        assert_eq!(changes.collect::<Vec<_>>(), expected, "{threshold} {announced:?} {hops}");
    }

    #[test]
    fn a_link_is_exchanged_for_one_that_is_shorter_by_the_threshold() {
        let exchanged = |by| [(by, "link"), (9, "prune")];
        check("Some(2)", &[(3, 4)], 6, &exchanged(3));
        check("Some(2)", &[(3, 4)], 5, &[]);
        check("Some(1)", &[(3, 4)], 5, &exchanged(3));
        check("Some(2)", &[(3, 4), (5, 2), (4, 3)], 6, &exchanged(5));
        check("Some(2)", &[], 6, &[]);
        check("Some(2)", &[(3, 8)], 6, &[]);
        check("None", &[(3, 1)], 60, &[]);
    }

    #[test]
    fn a_new_link_gets_payloads_and_the_old_one_announcements() {
        let text = "(active: 9, passive: 9, walk_active: 3, walk_passive: 2, shuffle: \"1s\", shuffled: (1, 1), \
                    join_gap: \"0s\", keepalive: \"1s\", detector: Timeout(\"3s\"), missing: \"1s\", refetch: \"1s\", \
                    threshold: Some(2))";
        let tree: Tree = ron::from_str(text).expect("a tree");
        let mut desk = Desk { rng: Rng::from_key(1), sent: Vec::new() };
        let mut node = PlumtreeNode::start(&tree.shared(), &mut desk);
        for peer in [3, 9] {
            node.receive(Peer::node(peer), Message::Accept, &mut desk);
        }
        node.receive(Peer::node(3), Message::Prune, &mut desk);
        node.receive(Peer::node(3), Message::IHave(7, Hops(Some(1))), &mut desk);
        node.receive(Peer::node(9), Message::Payload(7, 6, 0), &mut desk);
        desk.sent.clear();
        node.broadcast(&mut desk);
        let to = |peer: u32| desk.sent.iter().find(|(to, _)| *to == peer).map(|(_, message)| message.kind());
        assert_eq!((to(3), to(9)), (Some("payload"), Some("ihave")));
        // Whoever is linked to sends payloads again.
        node.receive(Peer::node(9), Message::Link, &mut desk);
        desk.sent.clear();
        node.broadcast(&mut desk);
        assert!(desk.sent.iter().all(|(_, message)| message.kind() == "payload"));
        assert!(ron::from_str::<Tree>(&text.replace("refetch", "refetched")).is_err());
    }
}
