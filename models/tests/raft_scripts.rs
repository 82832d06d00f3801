//! Raft by scripts: what the paper and the dissertation show, told step by step. Each script is a file in `scripts/`,
//! what came of it a snapshot beside it; `INSTA_UPDATE=always` writes them anew, to be read in review.

mod common;

use common::script::play;

/// One test a script.
macro_rules! scripts {
    ($($name:ident),+ $(,)?) => {
        $(
            #[test]
            fn $name() {
                let told = play(include_str!(concat!("scripts/", stringify!($name), ".txt")));
                insta::assert_snapshot!(stringify!($name), told);
            }
        )+
    };
}

scripts!(
    add_server,
    add_server_given_up,
    add_server_too_slow,
    change_in_time,
    check_quorum,
    disruption,
    early_change,
    eligible,
    figure_7,
    figure_8,
    figure_8_by_counting,
    figure_8_overwritten,
    flexible_quorums,
    follower_read,
    follower_read_restarted,
    forgotten_vote,
    group_commit,
    joint_change,
    kept_vote,
    learner,
    learner_gone,
    lease_read,
    lease_after_transfer,
    loyalty,
    overwritten_request,
    pre_vote,
    priority,
    read_index,
    refusal_of_old_term,
    remove_leader,
    removed_server,
    removed_server_obeyed,
    reordered_appends,
    retried_write,
    retried_write_without_session,
    snapshot,
    snapshot_of_old_term,
    snapshot_with_membership,
    stale_read,
    torn_log,
    torn_log_unchecked,
    transfer,
    transfer_given_up,
);
