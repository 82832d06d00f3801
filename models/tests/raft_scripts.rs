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

scripts!(figure_7, figure_8, figure_8_by_counting, figure_8_overwritten,);
