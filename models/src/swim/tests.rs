//! Members and updates by hand.

use super::members::{Outbox, Status, Update};

fn update(member: u32, status: Status, incarnation: u32) -> Update {
    Update { member, status, incarnation, from: 0 }
}

/// What is said, what is believed, and whether the former is news.
#[test]
fn worse_news_and_later_incarnations_win() {
    use Status::{Alive, Dead, Suspect};
    for (said, believed, news) in [
        ((Suspect, 0), (Alive, 0), true),
        ((Alive, 0), (Suspect, 0), false),
        ((Alive, 1), (Suspect, 0), true),
        ((Suspect, 0), (Alive, 1), false),
        ((Dead, 0), (Suspect, 0), true),
        ((Dead, 0), (Suspect, 1), false),
        ((Alive, 1), (Dead, 0), true),
        ((Alive, 0), (Alive, 0), false),
    ] {
        assert_eq!(update(1, said.0, said.1).beats(believed.0, believed.1), news, "{said:?} {believed:?}");
    }
}

#[test]
fn updates_go_out_least_sent_first_and_a_limited_number_of_times() {
    let mut outbox = Outbox::default();
    outbox.add(update(1, Status::Suspect, 0));
    outbox.add(update(2, Status::Suspect, 0));
    let members = |updates: Vec<Update>| updates.iter().map(|update| update.member).collect::<Vec<_>>();
    assert_eq!(members(outbox.take(1, 2)), [2]);
    assert_eq!(members(outbox.take(1, 2)), [1]);
    outbox.add(update(2, Status::Alive, 1));
    assert_eq!(members(outbox.take(3, 2)), [2, 1]);
    assert_eq!(members(outbox.take(3, 2)), [2]);
    assert!(outbox.is_empty());
}
