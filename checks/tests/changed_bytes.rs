//! Files of every format with bytes changed, cut, repeated and brought in: read or refused with file, line and reason,
//! and judged by every checker without a panic.

use std::io::Write;

use checks::foreign::{Bounds, Question, Words};
use checks::format::{Foreign, FormatError, ReadOptions, read_bytes, write_jepsen_edn, write_json_lines};
use proptest::prelude::{ProptestConfig, any, prop};
use proptest::proptest;

const EDN: &str = "{:process 0, :type :invoke, :f :write, :value 1}\n{:process 1 :type :invoke :f :read :value nil}
{:process 0, :type :ok, :f :write, :value 1}\n{:process 1 :type :ok :f :read :value 1}
{:process 1 :type :invoke :f :cas :value [1 2]}\n{:process 1 :type :info :f :cas :value [1 2] :error :timeout}\n";
const TXNS: &str =
    "[{:process 0 :type :invoke :f :txn :value [[:append :x 1] [:r \"y\" nil]] :time 3 :index 0}
{:process 0 :type :ok :f :txn :value [[:append :x 1] [:r \"y\" [1 2]]] :time 4 :index 1}
{:process 1 :type :ok :f :txn :value [[:w 1 -9223372036854775808] [:r 2 {}]] :index 2}]";
const QUEUE: &str = "{\"process\":0,\"type\":\"invoke\",\"f\":\"enqueue\",\"value\":1}\n{\"process\":0,\"type\":\"ok\",\"f\":\"enqueue\",\"value\":1}
{\"process\":1,\"type\":\"invoke\",\"f\":\"dequeue\",\"value\":null}\n{\"process\":1,\"type\":\"ok\",\"f\":\"dequeue\",\"value\":1}\n";
const ETCD: &str = "INFO  jepsen.util - 4\t:invoke\t:cas\t[2 4]\nINFO  jepsen.util - 3\t:invoke\t:read\tnil
INFO  jepsen.util - 4\t:fail\t:cas\t[2 4]\nINFO  jepsen.util - 3\t:fail\t:read\t:timed-out\n";
const KV: &str = "{:process 0, :type :invoke, :f :append, :key \"a\", :value \"x\"}\n{:process 0, :type :ok, :f :append, :key \"a\", :value \"x\"}
{:process 0, :type :invoke, :f :get, :key \"a\", :value nil}\n{:process 0, :type :ok, :f :get, :key \"a\", :value \"x\"}\n";
const SET: &str = "{:process 0 :type :invoke :f :add :value 1}{:process 0 :type :ok :f :add :value 1}
{:process 0 :type :invoke :f :read}{:process 0 :type :ok :f :read :value #{1 2}}";

const MODELS: [&str; 20] = [
    "register",
    "multi-register",
    "key-value",
    "set",
    "queue",
    "stack",
    "priority-queue",
    "counter",
    "mutex",
    "log",
    "list-append",
    "rw-register",
    "set-full",
    "bank",
    "counter-bounds",
    "long-fork",
    "write-skew",
    "convergence",
    "durability",
    "staleness",
];

/// What may be put in.
const PIECES: [&[u8]; 24] = [
    b"[",
    b"]",
    b"{",
    b"}",
    b"(",
    b")",
    b"\"",
    b"\\u",
    b"\\",
    b"#",
    b"#_",
    b";",
    b":",
    b",",
    b"\n",
    b"nil",
    b"null",
    b"9223372036854775807",
    b"-9223372036854775808",
    b"99999999999999999999",
    b"\xff\xfe",
    b"\0",
    b":index 0 ",
    b":type :ok ",
];

/// The seeds, and those that can be read as files of our own.
fn seeds() -> Vec<Vec<u8>> {
    let mut all: Vec<Vec<u8>> =
        [EDN, TXNS, QUEUE, ETCD, KV, SET].iter().map(|text| text.as_bytes().to_vec()).collect();
    for text in [EDN, TXNS, QUEUE, SET] {
        let foreign = read_bytes("seed", text.as_bytes(), &ReadOptions::default()).expect(text);
        let (mut edn, mut json) = (Vec::new(), Vec::new());
        write_jepsen_edn(&foreign.history, &foreign.keys, &mut edn).expect("a vector takes everything");
        write_json_lines(&foreign.history, &foreign.keys, &mut json).expect("a vector takes everything");
        all.extend([edn, json]);
    }
    all
}

fn change(bytes: &mut Vec<u8>, (kind, at, other): (u8, u16, u16)) {
    let at = usize::from(at) % (bytes.len() + 1);
    let to = (at + usize::from(other) % 40).min(bytes.len());
    match kind % 5 {
        0 => bytes.truncate(at),
        1 => drop(bytes.drain(at..to)),
        2 => {
            let copy = bytes[at..to].to_vec();
            bytes.splice(at..at, copy);
        }
        3 => drop(bytes.splice(at..at, PIECES[usize::from(other) % PIECES.len()].iter().copied())),
        _ => {
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= other as u8;
            }
        }
    }
}

fn judge(foreign: &Foreign) {
    for model in MODELS {
        let bounds = Bounds { versions: (model == "staleness").then_some(1), ..Bounds::default() };
        let question = Question::new(&Words { model, bounds, ..Words::default() }).expect(model);
        let answer = question.giving_up_after(1000).ask(foreign).answer();
        assert!(!answer.verdict.is_fail() || !answer.to_string().is_empty());
    }
}

/// Reads and judges; a refusal names file, line and reason.
fn take(bytes: &[u8]) {
    match read_bytes("some.edn", bytes, &ReadOptions::default()) {
        Ok(foreign) => judge(&foreign),
        Err(error @ FormatError::Malformed { line, .. }) => {
            let lines = bytes.iter().filter(|byte| **byte == b'\n').count() + 1;
            assert!((1..=lines).contains(&line), "{error}");
            assert!(
                error.to_string().starts_with(&format!("some.edn:{line}: ")) && error.to_string().len() > 20
            );
        }
        Err(error) => assert!(error.to_string().starts_with("some.edn: "), "{error}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn changed_files_are_read_or_refused(
        seed in any::<prop::sample::Index>(),
        changes in prop::collection::vec(any::<(u8, u16, u16)>(), 0..5),
    ) {
        let seeds = seeds();
        let mut bytes = seeds[seed.index(seeds.len())].clone();
        changes.into_iter().for_each(|one| change(&mut bytes, one));
        take(&bytes);
    }
}

#[test]
fn odd_files_are_read_or_refused() {
    for bytes in [
        &b""[..],
        b"\n",
        b"\x1f\x8b",
        b"\x1f\x8b\x08\0",
        b"\xff\xff\xff",
        b"{",
        b"{\"",
        b"#",
        b"\xef\xbb\xbf",
    ] {
        take(bytes);
    }
    for open in [
        "[",
        "(",
        "{:value ",
        "{\"value\":[",
        "[{:type :ok :f :txn :value [",
        "{:value #a ",
        "{:value '",
        "#_",
    ] {
        for depth in [10, 63, 64, 65, 100_000] {
            take(open.repeat(depth).as_bytes());
            let inside = format!("{{:process 0 :type :invoke :f :write :value {}", open.repeat(depth));
            take(inside.as_bytes());
        }
    }
}

#[test]
fn a_truncated_gzip_is_refused() {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packed.write_all(EDN.as_bytes()).expect("a vector takes everything");
    let packed = packed.finish().expect("a vector takes everything");
    assert!(read_bytes("whole", &packed, &ReadOptions::default()).is_ok());
    for length in 2..packed.len() {
        assert!(read_bytes("cut", &packed[..length], &ReadOptions::default()).is_err(), "{length}");
    }
}
