//! Histories written by hand, as EDN: which model takes them and which does not, and what a violation is called.

use crate::format::{NilReads, ReadOptions, read_bytes};
use crate::linearizability::{Model, Options, check};
use crate::verdict::Verdict;

/// `p < f v` invokes, `p > f v` ends ok, `p ! f v` fails, `p ? f v` ends unknown; separated by commas.
fn history(text: &str) -> String {
    let mut edn = String::new();
    for event in text.split(';').map(str::trim).filter(|event| !event.is_empty()) {
        let mut words = event.splitn(4, ' ');
        let (process, kind) = (words.next().expect("process"), words.next().expect("kind"));
        let (f, value) = (words.next().expect("function"), words.next().unwrap_or("nil"));
        let kind = match kind {
            "<" => "invoke",
            ">" => "ok",
            "!" => "fail",
            _ => "info",
        };
        edn.push_str(&format!("{{:process {process} :type :{kind} :f :{f} :value {value}}}\n"));
    }
    edn
}

/// The name of the anomaly, or `pass`.
fn judge(model: Model, text: &str) -> String {
    let options = ReadOptions { nil_reads: NilReads::Absent, ..ReadOptions::default() };
    let foreign = read_bytes("table", history(text).as_bytes(), &options).expect(text);
    let options = Options { names: foreign.keys.clone(), ..Options::default() };
    let slow = Options { fast_paths: false, ..options.clone() };
    let verdict = check(&foreign.history, model, &options);
    assert_eq!(verdict.word(), check(&foreign.history, model, &slow).word(), "{text}");
    match verdict {
        Verdict::Fail(witness) => witness.anomaly,
        other => other.word().to_owned(),
    }
}

fn table(model: Model, rows: &[(&str, &str)]) {
    for (text, expected) in rows {
        assert_eq!(judge(model, text), *expected, "{model}: {text}");
    }
}

#[test]
fn registers() {
    table(
        Model::Register,
        &[
            ("", "pass"),
            ("0 < read; 0 > read nil", "pass"),
            ("0 < write 1; 0 > write 1; 0 < read; 0 > read 1", "pass"),
            ("0 < write 1; 1 < read; 1 > read 1; 2 < read; 2 > read 1; 0 > write 1", "pass"),
            ("0 < write 1; 1 < read; 1 > read 1; 2 < read; 2 > read nil; 0 > write 1", "stale read"),
            ("0 < write 1; 0 > write 1; 0 < write 2; 0 > write 2; 1 < read; 1 > read 1", "stale read"),
            ("0 < read; 0 > read 5", "phantom value"),
            ("0 < read; 0 > read 5; 0 < write 5; 0 > write 5", "value from the future"),
            ("0 < write 5; 0 ! write 5; 1 < read; 1 > read 5", "aborted value"),
            ("0 < write 5; 0 ? write 5; 1 < read; 1 > read nil; 1 < read; 1 > read 5", "pass"),
            ("0 < write 5; 0 ? write 5; 1 < read; 1 > read 5; 1 < read; 1 > read nil", "stale read"),
            ("0 < cas [nil 1]; 1 < cas [nil 2]; 0 > cas [nil 1]; 1 > cas [nil 2]", "lost update"),
            ("0 < cas [nil 1]; 1 < cas [1 2]; 0 > cas [nil 1]; 1 > cas [1 2]", "pass"),
            ("0 < cas [nil 1]; 0 ? cas [nil 1]; 1 < cas [1 2]; 1 > cas [1 2]; 2 < read; 2 > read 2", "pass"),
            ("0 < cas [3 1]; 0 ? cas [3 1]; 2 < read; 2 > read 1", "not linearizable"),
        ],
    );
}

#[test]
fn maps() {
    table(
        Model::KeyValue,
        &[
            ("0 < write [:x 1]; 0 > write [:x 1]; 1 < read [:y nil]; 1 > read [:y nil]", "pass"),
            ("0 < write [:x 1]; 0 > write [:x 1]; 1 < read [:x nil]; 1 > read [:x nil]", "stale read"),
            ("0 < append [1 \"a\"]; 0 > append [1 \"a\"]; 1 < read [1 nil]; 1 > read [1 \"a\"]", "pass"),
            (
                "0 < append [1 \"a\"]; 1 < append [1 \"b\"]; 0 > append [1 \"a\"]; 1 > append [1 \"b\"]; 1 < read [1 nil]; 1 > read [1 \"ba\"]",
                "pass",
            ),
            (
                "0 < append [1 \"a\"]; 0 > append [1 \"a\"]; 1 < append [1 \"b\"]; 1 > append [1 \"b\"]; 1 < read [1 nil]; 1 > read [1 \"b\"]",
                "stale read",
            ),
        ],
    );
}

#[test]
fn queues_stacks_and_priority_queues() {
    let two = "0 < enqueue 1; 0 > enqueue 1; 0 < enqueue 2; 0 > enqueue 2; ";
    table(
        Model::Queue,
        &[
            (&format!("{two} 1 < dequeue; 1 > dequeue 1; 1 < dequeue; 1 > dequeue 2"), "pass"),
            (&format!("{two} 1 < dequeue; 1 > dequeue 2; 1 < dequeue; 1 > dequeue 1"), "out of order"),
            (&format!("{two} 1 < dequeue; 1 > dequeue nil"), "lost value"),
            (&format!("{two} 1 < dequeue; 1 > dequeue 1; 1 < dequeue; 1 > dequeue 1"), "taken twice"),
            (&format!("{two} 1 < dequeue; 1 ? dequeue; 2 < dequeue; 2 > dequeue 2"), "pass"),
            (&format!("{two} 1 < dequeue; 1 > dequeue 7"), "phantom value"),
        ],
    );
    let two = "0 < push 1; 0 > push 1; 0 < push 2; 0 > push 2; ";
    table(
        Model::Stack,
        &[
            (&format!("{two} 1 < pop; 1 > pop 2; 1 < pop; 1 > pop 1; 1 < pop; 1 > pop nil"), "pass"),
            (&format!("{two} 1 < pop; 1 > pop 1; 1 < pop; 1 > pop 2"), "out of order"),
            (&format!("{two} 1 < pop; 2 < pop; 1 > pop 1; 2 > pop 2"), "pass"),
        ],
    );
    let two = "0 < enqueue 5; 0 > enqueue 5; 0 < enqueue 2; 0 > enqueue 2; ";
    table(
        Model::PriorityQueue,
        &[
            (&format!("{two} 1 < dequeue; 1 > dequeue 2; 1 < dequeue; 1 > dequeue 5"), "pass"),
            (&format!("{two} 1 < dequeue; 1 > dequeue 5; 1 < dequeue; 1 > dequeue 2"), "out of order"),
        ],
    );
}

#[test]
fn sets_counters_locks_and_logs() {
    table(
        Model::Set,
        &[
            (
                "0 < insert 1; 0 > insert 1; 0 < read; 0 > read [1]; 0 < remove 1; 0 > remove 1; 0 < read; 0 > read []",
                "pass",
            ),
            ("0 < insert 1; 0 > insert 1; 0 < read; 0 > read []", "stale read"),
            ("0 < insert 1; 0 > insert true; 1 < insert 1; 1 > insert true", "not linearizable"),
            (
                "0 < insert 1; 1 < contains 1; 1 > contains true; 2 < contains 1; 2 > contains false; 0 > insert 1",
                "not linearizable",
            ),
        ],
    );
    table(
        Model::Counter,
        &[
            (
                "0 < add 2; 1 < add 3; 0 > add 2; 2 < read; 2 > read 2; 1 > add 3; 2 < read; 2 > read 5",
                "pass",
            ),
            ("0 < add 2; 0 > add 2; 2 < read; 2 > read 0", "not linearizable"),
            ("0 < add 2; 0 ? add 2; 2 < read; 2 > read 0; 2 < read; 2 > read 2", "pass"),
        ],
    );
    table(
        Model::Mutex,
        &[
            ("0 < acquire; 0 > acquire; 1 < acquire; 0 < release; 1 > acquire; 0 > release", "pass"),
            ("0 < acquire; 0 > acquire; 1 < acquire; 1 > acquire", "lock held twice"),
            ("0 < release; 0 > release", "not linearizable"),
            ("0 < acquire; 0 ? acquire; 1 < acquire; 1 > acquire", "pass"),
        ],
    );
    table(
        Model::Log,
        &[
            ("0 < append 7; 1 < append 8; 1 > append 8; 0 > append 7; 0 < read; 0 > read [8 7]", "pass"),
            (
                "0 < append 7; 0 > append 7; 1 < append 8; 1 > append 8; 0 < read; 0 > read [8 7]",
                "not linearizable",
            ),
            ("0 < append 7; 0 > append 7; 0 < read; 0 > read []", "stale read"),
        ],
    );
}

#[test]
fn transactions_on_several_registers() {
    table(
        Model::MultiRegister,
        &[
            (
                "0 < txn [[:write :x 1] [:write :y 1]]; 1 < txn [[:read :x nil] [:read :y nil]]; 0 > txn [[:write :x 1] [:write :y 1]]; 1 > txn [[:read :x 1] [:read :y 1]]",
                "pass",
            ),
            (
                "0 < txn [[:w :x 1] [:w :y 1]]; 1 < txn [[:r :x nil] [:r :y nil]]; 0 > txn [[:w :x 1] [:w :y 1]]; 1 > txn [[:r :x 1] [:r :y nil]]",
                "not linearizable",
            ),
        ],
    );
}

#[test]
fn what_a_model_has_not_is_unknown() {
    assert_eq!(judge(Model::Queue, "0 < read; 0 > read 1"), "unknown");
    assert_eq!(judge(Model::Mutex, "0 < write 1; 0 > write 1"), "unknown");
}
