//! Names that are known and names that are not, and files of small histories through the whole way.

use super::{Question, Words};
use crate::format::{ReadOptions, read_bytes, read_value};

fn ask(text: &str, words: &Words<'_>) -> String {
    let foreign = read_bytes("test", text.as_bytes(), &ReadOptions::default()).expect(text);
    Question::new(words).expect("a question").ask(&foreign).answer().verdict.word().to_owned()
}

const STALE: &str = "[{:process 0 :type :invoke :f :write :value 1}{:process 0 :type :ok :f :write :value 1}
    {:process 1 :type :invoke :f :read :value nil}{:process 1 :type :ok :f :read :value 0}]";

#[test]
fn a_stale_read_is_not_linearizable_but_sequential() {
    let words = Words { model: "register", ..Words::default() };
    assert_eq!(ask(STALE, &words), "fail");
    let sequential = ["sequential".to_owned()];
    assert_eq!(ask(STALE, &Words { consistency: &sequential, ..words.clone() }), "pass");
    let both = ["sequential".to_owned(), "linearizable".to_owned()];
    assert_eq!(ask(STALE, &Words { consistency: &both, ..words }), "fail");
}

#[test]
fn the_initial_value_is_the_formats_or_the_askers() {
    let text = "{:process 1 :type :invoke :f :read :value nil}{:process 1 :type :ok :f :read :value 7}";
    let words = Words { model: "cas-register", ..Words::default() };
    assert_eq!(ask(text, &words), "fail");
    let initial = Some(read_value("7").expect("a value"));
    assert_eq!(ask(text, &Words { initial, ..words }), "pass");
}

#[test]
fn transactions_go_to_their_checker() {
    let text = "{:process 0 :type :ok :f :txn :value [[:append :x 1] [:r :y [1]]]}
        {:process 1 :type :ok :f :txn :value [[:append :y 1] [:r :x [1]]]}";
    let words = Words { model: "list-append", ..Words::default() };
    assert_eq!(ask(text, &words), "fail");
}

#[test]
fn unknown_names_are_refused_with_those_there_are() {
    let odd = ["frob".to_owned()];
    for words in [
        Words { model: "frob", ..Words::default() },
        Words { model: "register", consistency: &odd, ..Words::default() },
        Words { model: "list-append", consistency: &odd, ..Words::default() },
        Words { model: "list-append", anomalies: &odd, ..Words::default() },
        Words { model: "rw-register", assume: &odd, ..Words::default() },
        Words { model: "register", anomalies: &odd, ..Words::default() },
    ] {
        let error = Question::new(&words).expect_err("no such name");
        assert!(error.contains("frob"), "{error}");
    }
}
