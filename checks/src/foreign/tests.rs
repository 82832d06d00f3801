//! Names that are known and names that are not, and files of small histories through the whole way.

use super::{Bounds, Question, Span, Words};
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
fn keys_are_called_what_the_file_calls_them() {
    let skew = "{:process 0 :type :ok :f :txn :value [[:append \"acct/x\" 1] [:r \"acct/y\" [1]]]}
        {:process 1 :type :ok :f :txn :value [[:append \"acct/y\" 1] [:r \"acct/x\" [1]]]}";
    let stale = "{:process 0 :type :ok :f :txn :value [[:w \"acct/x\" 1] [:w \"acct/y\" 1]]}
        {:process 1 :type :ok :f :txn :value [[:w \"acct/x\" 2] [:w \"acct/y\" 2]]}
        {:process 2 :type :ok :f :txn :value [[:r \"acct/x\" 1] [:r \"acct/y\" 2]]}";
    let numbered = "{:process 0 :type :ok :f :read :key 4 :value 9}";
    let cases =
        [(skew, "list-append"), (stale, "read-atomic"), (stale, "multi-register"), (numbered, "key-value")];
    for (text, model) in cases {
        let foreign = read_bytes("test", text.as_bytes(), &ReadOptions::default()).expect(text);
        let question = Question::new(&Words { model, ..Words::default() }).expect("a question");
        let told = question.ask(&foreign).answer().to_string();
        let name = if model == "key-value" { "key 4" } else { "\"acct/x\"" };
        assert!(told.contains(name), "{model}: {told}");
        let strange = ["x4", "[:r 0", "[:w 0", "[:append 0", "key 0", "x0"];
        assert!(!strange.iter().any(|other| told.contains(other)), "{model}: {told}");
    }
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

#[test]
fn workloads_are_asked_by_name_with_their_bounds() {
    let plain = Bounds::default();
    let second = Some(Span::secs(1));
    let bank = "{:process 0 :type :invoke :f :transfer :value {:from 0 :to 1 :amount 5}}
        {:process 0 :type :ok :f :transfer :value {:from 0 :to 1 :amount 5}}
        {:process 1 :type :invoke :f :read}{:process 1 :type :ok :f :read :value {0 5, 1 15}}
        {:process 1 :type :invoke :f :read}{:process 1 :type :ok :f :read :value {0 5, 1 10}}";
    let counter = "{:process 0 :type :invoke :f :add :value 2}{:process 0 :type :ok :f :add :value 2}
        {:process 1 :type :invoke :f :read}{:process 1 :type :ok :f :read :value 1}";
    let fork =
        "{:process 0 :type :ok :f :txn :value [[:w 1 1]]}{:process 0 :type :ok :f :txn :value [[:w 2 1]]}
        {:process 1 :type :ok :f :txn :value [[:r 1 1] [:r 2 nil]]}
        {:process 2 :type :ok :f :txn :value [[:r 1 nil] [:r 2 1]]}";
    let skew = "{:process 0 :type :ok :f :txn :value [[:r 1 nil] [:r 2 nil] [:w 1 1]]}
        {:process 1 :type :ok :f :txn :value [[:r 1 nil] [:r 2 nil] [:w 2 2]]}";
    let late = "{:process 0 :type :invoke :f :write :value 1 :time 0}{:process 0 :type :ok :f :write :value 1 :time 5}
        {:process 0 :type :invoke :f :write :value 2 :time 10}{:process 0 :type :ok :f :write :value 2 :time 15}
        {:process 0 :type :invoke :f :read :time 20}{:process 0 :type :ok :f :read :value 2 :time 25}
        {:process 1 :type :invoke :f :read :time 30}{:process 1 :type :ok :f :read :value 1 :time 35}";
    for (model, text, bounds, expected) in [
        ("bank", bank, plain, "fail"),
        ("bank", bank, Bounds { total: Some(15), ..plain }, "fail"),
        ("counter-bounds", counter, plain, "fail"),
        ("long-fork", fork, plain, "fail"),
        ("write-skew", skew, plain, "fail"),
        ("convergence", late, plain, "fail"),
        ("convergence", late, Bounds { settle: second, ..plain }, "unknown"),
        ("durability", late, plain, "fail"),
        ("updates", late, plain, "pass"),
        ("staleness", late, Bounds { versions: Some(1), ..plain }, "pass"),
        ("staleness", late, Bounds { versions: Some(0), ..plain }, "fail"),
        ("staleness", late, Bounds { age: second, ..plain }, "pass"),
    ] {
        assert_eq!(ask(text, &Words { model, bounds, ..Words::default() }), expected, "{model}");
    }
    for (model, bounds) in [
        ("register", Bounds { total: Some(1), ..plain }),
        ("bank", Bounds { settle: second, ..plain }),
        ("staleness", plain),
    ] {
        assert!(Question::new(&Words { model, bounds, ..Words::default() }).is_err(), "{model}");
    }
}

#[test]
fn the_name_that_was_meant_is_told() {
    let one = |name: &str| [name.to_owned()];
    let (serialisable, g2, linearisable) = (one("serialisable"), one("G2-items"), one("linearisable"));
    for (words, wanted) in [
        (Words { model: "registr", ..Words::default() }, "\"register\""),
        (Words { model: "lst-append", ..Words::default() }, "\"list-append\""),
        (Words { model: "list-append", consistency: &serialisable, ..Words::default() }, "\"serializable\""),
        (Words { model: "list-append", anomalies: &g2, ..Words::default() }, "\"G2-item\""),
        (Words { model: "register", consistency: &linearisable, ..Words::default() }, "\"linearizable\""),
    ] {
        let error = Question::new(&words).expect_err("no such name");
        assert!(error.contains(&format!("did you mean {wanted}")), "{error}");
    }
}

#[test]
fn a_history_of_something_else_is_no_doubt_but_a_misfit() {
    let write = "{:process 0 :type :ok :f :write :value 1}";
    let txn = "{:process 0 :type :ok :f :txn :value [[:w 0 1]]}";
    for (text, model, wanted) in [
        (write, "mutex", Some("a mutex has no operation \"write\"; it has acquire")),
        (txn, "list-append", Some("list-append has no such step")),
        (write, "bank", None),
        (write, "counter-bounds", Some("counter-bounds has no operation \"write\"")),
        (txn, "rw-register", None),
        (write, "register", None),
    ] {
        let foreign = read_bytes("test", text.as_bytes(), &ReadOptions::default()).expect(text);
        let question = Question::new(&Words { model, ..Words::default() }).expect("a question");
        let told = question.misfit(&foreign).map(|misfit| misfit.reason);
        match wanted {
            Some(wanted) => assert!(told.as_ref().is_some_and(|told| told.starts_with(wanted)), "{told:?}"),
            None => assert_eq!(told, None),
        }
    }
}

#[test]
fn a_value_that_nobody_wrote_is_not_durable() {
    let with = |value: &str| {
        format!("{{:process 0 :type :ok :f :write :value 1}}{{:process 1 :type :ok :f :read :value {value}}}")
    };
    let words = Words { model: "durability", ..Words::default() };
    assert_eq!(ask(&with("7"), &words), "fail");
    assert_eq!(ask(&with("1"), &words), "pass");
}

#[test]
fn an_element_appended_twice_is_judged_without_guessing_whose_it_was() {
    let line = |process: usize, kind: &str, steps: &str| {
        format!("{{:process {process} :type :{kind} :f :txn :value [{steps}]}}")
    };
    let told = |lines: &[String]| {
        let words = Words { model: "list-append", ..Words::default() };
        let foreign =
            read_bytes("test", lines.concat().as_bytes(), &ReadOptions::default()).expect("a history");
        let answer = Question::new(&words).expect("a question").ask(&foreign).answer();
        (answer.verdict.word(), answer.anomalies.first().map(|(name, _)| name.clone()))
    };
    let append = "[:append 0 1]";
    let retried = [line(0, "fail", append), line(0, "ok", append), line(1, "ok", "[:r 0 [1]]")];
    assert_eq!(told(&retried), ("pass", None));
    let aborted = [line(0, "fail", append), line(0, "fail", append), line(1, "ok", "[:r 0 [1]]")];
    assert_eq!(told(&aborted), ("fail", Some("G1a".to_owned())));
    // A failed transaction went on after it, the one that counts did not.
    let half =
        [line(0, "fail", "[:append 0 1] [:append 0 2]"), line(0, "ok", append), line(1, "ok", "[:r 0 [1]]")];
    assert_eq!(told(&half), ("pass", None));
    let twice = [line(0, "ok", append), line(1, "ok", append), line(2, "ok", "[:r 0 [1 1]]")];
    assert_eq!(told(&twice), ("pass", None));
    let thrice = [line(0, "ok", append), line(1, "ok", append), line(2, "ok", "[:r 0 [1 1 1]]")];
    assert_eq!(told(&thrice), ("fail", Some("duplicate-elements".to_owned())));
    // Process 1 read what process 0 appended, before its own append of the same.
    let own =
        [line(0, "ok", append), line(1, "ok", "[:r 0 [1]] [:append 0 1]"), line(2, "ok", "[:r 0 [1 1]]")];
    assert_eq!(told(&own), ("pass", None));
    // What is certain beside it is still found.
    let skew = [
        line(0, "ok", append),
        line(1, "ok", append),
        line(2, "ok", "[:r 1 []] [:append 2 5]"),
        line(3, "ok", "[:r 2 []] [:append 1 5]"),
        line(4, "ok", "[:r 0 [1 1]] [:r 1 [5]] [:r 2 [5]]"),
    ];
    assert_eq!(told(&skew), ("fail", Some("G2-item".to_owned())));
}

#[test]
fn registers_without_a_known_order_are_searched_where_they_are_few() {
    let line =
        |process: usize, steps: &str| format!("{{:process {process} :type :ok :f :txn :value [{steps}]}}\n");
    let told = |lines: &[String], consistency: &str| {
        let consistency = [consistency.to_owned()];
        let words = Words { model: "rw-register", consistency: &consistency, ..Words::default() };
        let foreign =
            read_bytes("test", lines.concat().as_bytes(), &ReadOptions::default()).expect("a history");
        let answer = Question::new(&words).expect("a question").ask(&foreign).answer();
        (answer.verdict.word(), answer.not.clone(), answer.notes.join("; "))
    };
    // Two write both keys; one reader saw the first's x and the second's y, another the other way round.
    let mixed = [
        line(0, "[:w :x 1] [:w :y 1]"),
        line(1, "[:w :x 2] [:w :y 2]"),
        line(2, "[:r :x 1] [:r :y 2]"),
        line(3, "[:r :x 2] [:r :y 1]"),
    ];
    for model in ["serializable", "snapshot-isolation"] {
        assert_eq!(told(&mixed, model).0, "fail");
        assert_eq!(told(&mixed, model).1, [model]);
        let plain = [&mixed[..2], &[line(2, "[:r :x 1] [:r :y 1]")]].concat();
        let (verdict, _, notes) = told(&plain, model);
        assert!(verdict == "pass" && notes.contains("shows that"), "{verdict} {notes}");
    }
    assert_eq!(told(&mixed, "read-committed"), ("pass", Vec::new(), String::new()));
    // Unless it is asked for by name, what Elle infers is the answer, with a note.
    let foreign = read_bytes("test", mixed.concat().as_bytes(), &ReadOptions::default()).expect("a history");
    let question = Question::new(&Words { model: "rw-register", ..Words::default() }).expect("a question");
    let told_by_default = question.ask(&foreign).answer();
    assert_eq!(told_by_default.verdict.word(), "pass");
    assert!(told_by_default.notes[0].contains("--consistency strict-serializable"));
    let unread = [line(0, "[:w :x 1]"), line(1, "[:r :x 1] [:r :y 7]"), line(2, "[:r :x 1]")];
    let (verdict, _, notes) = told(&unread, "serializable");
    assert!(verdict == "pass" && notes.contains("not decided"), "{verdict} {notes}");
    let many: Vec<String> = (0..3_000).map(|n| line(0, &format!("[:w {n} 1] [:r {n} 1]"))).collect();
    let joined = [many.concat(), line(1, "[:r 0 1]")];
    let (verdict, _, notes) = told(&joined, "serializable");
    assert!(verdict == "pass" && notes.contains("not decided"), "{verdict} {notes}");
}
