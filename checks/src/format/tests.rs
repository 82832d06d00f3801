//! What the formats mean, by hand-written files; every history written and read back; nothing panics.

use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::{prop_assert_eq, proptest};
use sim_core::history::{Answer, Entry, History, Outcome, Reason};
use sim_core::peer::Peer;
use sim_core::time::Time;
use sim_core::value::{Call, Key, Micro, Operation, Value};

use super::{
    Foreign, Format, KeyNames, NilReads, ReadOptions, operation_line, read_bytes, read_value,
    write_jepsen_edn, write_json_lines,
};

fn read(text: &str) -> Foreign {
    read_bytes("test", text.as_bytes(), &ReadOptions::default()).expect(text)
}

fn fault(text: &str) -> String {
    match read_bytes("test", text.as_bytes(), &ReadOptions::default()) {
        Ok(foreign) => panic!("read {foreign:?} from {text}"),
        Err(error) => error.to_string(),
    }
}

fn int(n: i64) -> Value {
    Value::Int(n)
}

#[test]
fn knossos_drops_failures_and_takes_nil_for_anything() {
    let foreign = read(
        "; a comment\n[{:process 4, :type :invoke, :f :cas, :value [2 4]}\n {:process :nemesis :type :info :f :stop}
         {:process 4, :type :fail, :f :cas, :value [2 4]}
         {:process 4 :type :invoke :f :read :value nil} {:process 4 :type :ok :f :read :value nil}
         {:process 4 :type :invoke :f :read :value nil} {:process 4 :type :ok :f :read :value 7}]",
    );
    assert_eq!((foreign.format, foreign.ours), (Format::JepsenEdn, false));
    assert_eq!(foreign.initial(), int(0));
    let outcomes: Vec<&Outcome> = foreign.history.entries.iter().map(|entry| &entry.outcome).collect();
    assert_eq!(
        outcomes,
        [
            &Outcome::Failed(Reason::Unstated),
            &Outcome::Unknown(Reason::Unstated),
            &Outcome::Ok(Answer::Value(int(7)))
        ]
    );
    let indexes: Vec<(u64, u64)> =
        foreign.history.entries.iter().map(|entry| (entry.invoked_index, entry.completed_index)).collect();
    assert_eq!(indexes, [(0, 1), (2, u64::MAX), (4, 5)]);
}

#[test]
fn a_failed_cas_of_the_etcd_log_is_an_observation() {
    let foreign = read(
        "INFO  jepsen.util - 4\t:invoke\t:cas\t[2 4]\nINFO  jepsen.util - 3   :invoke :read   nil
INFO  jepsen.util - 4\t:fail\t:cas\t[2 4]\nINFO  jepsen.util - 3 :fail :read :timed-out\n
INFO  jepsen.util - 5 :invoke :write 3\nINFO  jepsen.util - 5 :info :write :timed-out\n",
    );
    assert_eq!((foreign.format, foreign.initial()), (Format::PorcupineEtcd, Value::Nil));
    let outcomes: Vec<&Outcome> = foreign.history.entries.iter().map(|entry| &entry.outcome).collect();
    let timeout = &Outcome::Unknown(Reason::Timeout);
    assert_eq!(outcomes, [&Outcome::Ok(Answer::Value(Value::Bool(false))), timeout, timeout]);
}

#[test]
fn porcupine_kv_names_its_keys() {
    let foreign = read(
        "{:process 0, :type :invoke, :f :append, :key \"a\", :value \"x\"}\n{:process 0, :type :ok, :f :append, :key \"a\", :value \"x\"}
{:process 0, :type :invoke, :f :get, :key \"7\", :value nil}\n{:process 0, :type :ok, :f :get, :key \"7\", :value \"\"}\n",
    );
    assert_eq!((foreign.format, foreign.initial()), (Format::PorcupineKv, "".into()));
    let entries = &foreign.history.entries;
    assert_eq!(entries[0].operation, Operation { key: Some(Key(0)), call: Call::Append("x".into()) });
    assert_eq!(entries[1].operation.key.map(|key| foreign.keys.name(key)), Some("7".to_owned()));
    assert_eq!(entries[1].value(), Some(&"".into()));
}

#[test]
fn independent_tuples_become_keys() {
    let foreign = read(
        "{:process 0 :type :invoke :f :read :value [:x nil]}{:process 1 :type :invoke :f :cas :value [:y [1 2]]}
         {:process 0 :type :ok :f :read :value [:x 3]}{:process 1 :type :ok :f :cas :value [:y [1 2]]}",
    );
    let entries = &foreign.history.entries;
    assert_eq!(entries[0].operation, Operation { key: Some(Key(0)), call: Call::Read });
    assert_eq!(entries[0].value(), Some(&int(3)));
    assert_eq!(entries[1].operation.call, Call::Cas { from: int(1), to: int(2) });
    assert_eq!(foreign.keys.name(Key(1)), "y");
    let unkeyed = read("{:process 1 :type :invoke :f :cas :value [1 2]}");
    assert_eq!(unkeyed.history.entries[0].operation.key, None);
}

#[test]
fn transactions_of_elle_and_of_knossos() {
    let foreign = read(
        "{:index 0 :process 0 :type :invoke :value ([:r :x nil] [:append :y 1])}
         {:index 1 :process 0 :type :invoke, :value [[:append :z 2]]}
         {:index 2 :process 0 :type :ok, :value [[:append :z 2]]}
         {:index 3 :process 0 :type :ok, :value [[:r :x [5 6]] [:append :y 1]]}
         {:process 1 :type :fail :value [[:append :x 9]]}
         {:process 1 :type :ok :f :txn :value [[:r :x] [:read :y nil] [:write :y 3]]}",
    );
    let (x, y, z) = (Key(0), Key(1), Key(2));
    let entries = &foreign.history.entries;
    assert_eq!(entries.len(), 4);
    assert_eq!(entries[0].outcome, Outcome::Failed(Reason::Unstated));
    assert_eq!((entries[0].invoked_index, entries[1].invoked_index), (0, 1));
    let steps = vec![Micro::Read(x, Some(Value::Nil)), Micro::Read(y, None), Micro::Write(y, int(3))];
    assert_eq!(entries[1].outcome, Outcome::Ok(Answer::Txn(steps)));
    assert_eq!(entries[2].operation.call, Call::Txn(vec![Micro::Read(x, None), Micro::Append(y, int(1))]));
    let list = Value::List(vec![int(5), int(6)]);
    let steps = vec![Micro::Read(x, Some(list)), Micro::Append(y, int(1))];
    assert_eq!(entries[2].outcome, Outcome::Ok(Answer::Txn(steps)));
    assert_eq!(entries[3].outcome, Outcome::Ok(Answer::Txn(vec![Micro::Append(z, int(2))])));
}

#[test]
fn json_lines_are_the_same_events() {
    let foreign = read(
        "{\"process\":0,\"type\":\"invoke\",\"f\":\"txn\",\"value\":[[\"append\",3,1],[\"r\",4,null]]}
{\"process\":0,\"type\":\"ok\",\"f\":\"txn\",\"value\":[[\"append\",3,1],[\"r\",4,[1,2]]]}\n",
    );
    assert_eq!(foreign.format, Format::JsonLines);
    let list = Value::List(vec![int(1), int(2)]);
    let steps = vec![Micro::Append(Key(3), int(1)), Micro::Read(Key(4), Some(list))];
    assert_eq!(foreign.history.entries[0].outcome, Outcome::Ok(Answer::Txn(steps)));
}

#[test]
fn a_set_is_known_by_its_reads() {
    let foreign = read(
        "{:process 0 :type :invoke :f :add :value 1}{:process 0 :type :ok :f :add :value 1}
         {:process 0 :type :invoke :f :read :value nil}{:process 0 :type :ok :f :read :value #{1}}",
    );
    assert_eq!(foreign.history.entries[0].operation.call, Call::Insert(int(1)));
}

#[test]
fn a_process_that_invokes_again_has_lost_an_end() {
    let write = |kind: &str, n: i64| format!("{{:process 0 :type :{kind} :f :write :value {n}}}\n");
    let foreign = read(&[write("invoke", 1), write("invoke", 2), write("ok", 2)].concat());
    let ends: Vec<bool> = foreign.history.entries.iter().map(sim_core::history::Entry::is_ok).collect();
    assert_eq!(ends, [false, true]);
}

#[test]
fn processes_may_have_names() {
    let event =
        |process: &str, kind: &str| format!("{{:process {process} :type :{kind} :f :read :value 7}}\n");
    let events =
        [("\"1\"", "invoke"), (":nemesis", "info"), ("\"b\"", "invoke"), ("\"b\"", "ok"), ("1", "ok")];
    let foreign = read(&events.map(|(process, kind)| event(process, kind)).concat());
    assert_eq!(foreign.history.entries.iter().filter(|entry| entry.is_ok()).count(), 2);
    assert_eq!(foreign.history.entries[0].process, 1);
}

#[test]
fn a_malformed_line_is_told_with_its_number_and_reason() {
    for (text, wanted) in [
        ("{:process 0 :type :invoke :f :read}\n{:process 0 :type :done}", "test:2: expected a type"),
        ("\n\n{:process 0 :type :invoke :f :frob}", "test:3: no operation is called :frob"),
        ("{:process 0 :type :invoke :f :cas :value 3}", "expected a pair [from to]"),
        ("[{:process 0 :type :invoke :f :read}", "expected the end of the vector"),
        ("{:process 0 :type :invoke :f :write :value \"a", "this string is not closed"),
        ("{:process 0 :type :invoke :f :txn :value [[:append 1]]}", "this :append has no value"),
        ("INFO jepsen.util - :type :invoke :read nil", "or :nemesis, found \":type\""),
        ("{\"process\":0,\"type\":\"invoke\"\n", "test:2: expected a comma or }"),
        ("INFO jepsen.util - x :invoke :read nil", "test:1: expected the number of a process"),
        ("hello", "test:1: expected a map"),
        ("{:process 0 :type :invoke :f :txn :value [[:r 1 nil] [:frob 2 3]]}", "no step is called :frob"),
        (&"[".repeat(100_000), "expected a map"),
        (&format!("{{:value {}", "[#_".repeat(100_000)), "nested deeper"),
    ] {
        let told = fault(text);
        assert!(told.contains(wanted), "{told:?} lacks {wanted:?}");
    }
}

#[test]
fn values_of_the_command_line() {
    assert_eq!(read_value(" nil "), Ok(Value::Nil));
    assert_eq!(read_value("[1 \"a\\n\"]"), Ok(Value::List(vec![int(1), "a\n".into()])));
    assert!(read_value("1 2").is_err());
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Nil),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::Int),
        "[a-z\"\\\\\n :\u{e9}\u{7}]{0,4}".prop_map(|text| Value::Text(text.into())),
    ];
    leaf.prop_recursive(2, 8, 3, |inner| vec(inner, 0..3).prop_map(Value::List))
}

fn micro(ended: bool) -> impl Strategy<Value = Micro> {
    (0..3, 0..3u64, value()).prop_map(move |(kind, key, value)| match kind {
        0 => Micro::Append(Key(key), value),
        1 => Micro::Write(Key(key), value),
        _ => Micro::Read(Key(key), ended.then_some(value)),
    })
}

fn call() -> impl Strategy<Value = Call> {
    prop_oneof![
        Just(Call::Read),
        Just(Call::Delete),
        Just(Call::Dequeue),
        Just(Call::Release),
        value().prop_map(Call::Write),
        (value(), value()).prop_map(|(from, to)| Call::Cas { from, to }),
        value().prop_map(Call::Insert),
        value().prop_map(Call::Contains),
        value().prop_map(Call::Append),
        any::<i64>().prop_map(Call::Add),
        vec(micro(false), 0..3).prop_map(Call::Txn),
        (any::<u32>(), value()).prop_map(|(method, payload)| Call::Invoke { method, payload }),
    ]
}

fn reason() -> impl Strategy<Value = Reason> {
    prop_oneof![
        Just(Reason::Timeout),
        Just(Reason::EndOfRun),
        Just(Reason::Rejected),
        Just(Reason::Unreachable),
        Just(Reason::Aborted),
        Just(Reason::Unstated)
    ]
}

fn entry() -> impl Strategy<Value = Entry> {
    let node = prop_oneof![Just(None), (0..5u32).prop_map(|n| Some(Peer::node(n)))];
    (call(), 0..3, reason(), value(), vec(micro(true), 0..3), 0..3u32, node, 0..4u64).prop_map(
        |(call, end, reason, value, steps, attempts, answered_by, key)| {
            let outcome = match (end, &call) {
                (0, Call::Txn(asked)) => {
                    Outcome::Ok(Answer::Txn(if asked.is_empty() { Vec::new() } else { steps }))
                }
                (0, _) => Outcome::Ok(Answer::Value(value)),
                (1, _) => Outcome::Failed(reason),
                _ => Outcome::Unknown(reason),
            };
            let key = (key > 0 && !matches!(call, Call::Txn(_))).then_some(Key(key));
            Entry {
                process: 0,
                operation: Operation { key, call },
                invoked: Time::ZERO,
                invoked_index: 0,
                completed: Time::NEVER,
                completed_index: u64::MAX,
                outcome,
                attempts,
                answered_by,
            }
        },
    )
}

/// Operations that overlap, each of a process of its own.
fn history() -> impl Strategy<Value = History> {
    vec((entry(), 0..5u64), 0..8).prop_map(|parts| {
        let mut entries = Vec::new();
        let mut at = 0;
        for (process, (mut entry, length)) in (0u32..).zip(parts) {
            entry.process = process;
            entry.invoked_index = at;
            entry.invoked = Time(at * 1000);
            if !matches!(entry.outcome, Outcome::Unknown(_)) {
                entry.completed_index = at + 10 * length + 5;
                entry.completed = Time(entry.completed_index * 1000);
            }
            at += 10;
            entries.push(entry);
        }
        History { entries }
    })
}

proptest! {
    #[test]
    fn a_history_written_reads_back_equal(history in history()) {
        let (mut edn, mut json) = (Vec::new(), Vec::new());
        write_jepsen_edn(&history, &KeyNames::default(), &mut edn).expect("memory takes all");
        write_json_lines(&history, &KeyNames::default(), &mut json).expect("memory takes all");
        let edn = String::from_utf8(edn).expect("text");
        let json = String::from_utf8(json).expect("text");
        prop_assert_eq!(&read(&edn).history, &history, "{}", edn);
        prop_assert_eq!(&read(&json).history, &history, "{}", json);
    }

    #[test]
    fn nothing_panics(bytes in vec(any::<u8>(), 0..200), text in "[\\[\\](){}:;#_\"\\\\ a-c0-3,\n-]{0,60}") {
        for format in Format::ALL {
            let options = ReadOptions { format: Some(format), ..ReadOptions::default() };
            let _ = read_bytes("bytes", &bytes, &options);
            let _ = read_bytes("text", text.as_bytes(), &options);
            let near = format!("{{:process 0 :type :invoke :f :txn :value {text}}}");
            let _ = read_bytes("near", near.as_bytes(), &options);
        }
    }
}

#[test]
fn equal_numbers_are_equal_however_they_are_written() {
    let value = |text: &str| super::read_value(text).expect(text);
    let big = "99999999999999999999";
    for (a, b) in
        [("1.0", "1.00"), ("0.5", "5e-1"), (big, "99999999999999999999N"), ("1.50M", "1.5"), ("0.0", "-0.0")]
    {
        assert_eq!(value(a), value(b), "{a} {b}");
    }
    for (a, b) in
        [("1.0", "1"), ("1.5", "-1.5"), (big, "99999999999999999998"), ("0.1", "0.01"), ("1e9", "1e8")]
    {
        assert_ne!(value(a), value(b), "{a} {b}");
    }
    let line = |number: &str| {
        let text = format!("{{\"process\":0,\"type\":\"ok\",\"f\":\"read\",\"value\":{number}}}");
        read_bytes("test", text.as_bytes(), &ReadOptions::default()).expect(number).history
    };
    assert_eq!(line("1.0"), line("1"));
    assert_eq!(line("1e20"), line("100000000000000000000"));
    assert_ne!(line("1e20"), line("1e21"));
}

#[test]
fn the_line_of_an_operation_is_found_again() {
    let line =
        |text: &str, operation: usize| operation_line(text.as_bytes(), &ReadOptions::default(), operation);
    let edn = "; a comment\n{:process 0, :type :invoke, :f :read, :value nil}\n\n{:process :nemesis :type :info :f :x}
{:process 1, :type :invoke, :f :write, :value 1}\n{:process 0, :type :ok, :f :read, :value nil}\n";
    assert_eq!([0, 1, 2].map(|operation| line(edn, operation)), [Some(2), Some(5), None]);
    // An end without an invocation is an operation that comes first.
    let orphan = format!("{edn}{{:process 9, :type :ok, :f :write, :value 7}}\n");
    assert_eq!([0, 1, 2].map(|operation| line(&orphan, operation)), [Some(7), Some(2), Some(5)]);
    let json = "\n{\"process\":0,\"type\":\"invoke\",\"f\":\"read\"}\n";
    assert_eq!(line(json, 0), Some(2));
    let etcd = "INFO  jepsen.util - 3 :invoke :read nil\nINFO  jepsen.util - 4 :invoke :write 2\n";
    assert_eq!(line(etcd, 1), Some(2));
}

#[test]
fn the_usual_spelling_means_what_any_other_does() {
    let usual =
        "{:process 4, :type :invoke, :f :cas, :value [2 4]}\n{:process 4, :type :ok, :f :cas, :value [2 4]}
{:process 12, :type :invoke, :f :read, :value nil}\n{:process 12, :type :ok, :f :read, :value 3}
{:process 5, :type :invoke, :f :write, :value 3}\n{:process 5, :type :info, :f :write, :value 3}
{:process 6, :type :invoke, :f :write, :value 3}\n{:process 6, :type :fail, :f :write, :value 3}\n";
    let history = read(usual).history;
    assert_eq!(history.entries.len(), 4);
    for (from, to) in [(", ", " "), (":type", " :type"), ("[2 4]", "(2, 4)"), ("{", "{ "), ("}", " ; so\n}")]
    {
        assert_eq!(read(&usual.replace(from, to)).history, history, "{from:?} as {to:?}");
    }
    for (from, to) in [(":cas", ":case"), (":invoke", ":invoked"), ("[2 4]", "[2 4] 5")] {
        fault(&usual.replacen(from, to, 1));
    }
}

#[test]
fn json_may_be_an_array_over_any_lines() {
    let lines = r#"{"process":0,"type":"invoke","f":"write","value":1}
{"process":1,"type":"invoke","f":"cas","value":[1,2]}
{"process":0,"type":"ok","f":"write","value":1}
{"process":1,"type":"ok","f":"cas","value":[1,2]}
"#;
    let expected = read(lines);
    let objects: Vec<&str> = lines.lines().collect();
    for (open, between, close) in
        [("[", ",", "]"), ("[\n  ", ",\n  ", "\n]\n"), (" \n[ ", " , ", " ]"), ("[", "]\n[", "]")]
    {
        let array = format!("{open}{}{close}", objects.join(between));
        assert_eq!(read(&array), expected, "{array}");
        let spread = array.replace('{', "{\n    ").replace(",\"", ",\n    \"").replace(':', ": ");
        assert_eq!(read(&spread), expected, "{spread}");
    }
    let none = ReadOptions { format: Some(Format::JsonLines), ..ReadOptions::default() };
    assert!(read_bytes("test", b"[\n]", &none).expect("no event").history.entries.is_empty());
    let place = format!("[\n{}\n]", objects.join(",\n"));
    assert_eq!(operation_line(place.as_bytes(), &ReadOptions::default(), 1), Some(3));
}

#[test]
fn what_is_wrong_with_an_array_is_told_with_its_line() {
    let one = r#"{"process":0,"type":"invoke","f":"read"}"#;
    for (text, expected) in [
        (format!("[{one}\n\n{one}]"), "test:3: expected a comma or ], found \"{\"process"),
        (format!("[\n{one},\n]"), "test:3: expected an object {…} with an event, found \"]\""),
        (format!("[{one},\n[{one}]]"), "test:2: expected an object {…} with an event, found \"[{"),
        (format!("[{one},\n 7]"), "test:2: expected an object {…} with an event, found \"7]\""),
        (format!("{one}\n[\n{one}\n"), "the array that begins on line 2 is not closed"),
        (format!("[\n{one},\n"), "the array that begins on line 1 is not closed"),
        (format!("[{one}]\n]"), "test:2: expected an object {…} with an event, found \"]\""),
        (format!("[{one},\n{{\"process\":0,\n\"type\" \"ok\"}}]"), "test:3: expected a colon behind"),
        (format!("[{one},\n\n{{\"process\":0,\n\"f\":\"read\"}}]"), "test:3: this event has no :type"),
    ] {
        let told = fault(&text);
        assert!(told.contains(expected), "{text}\n{told}");
    }
}

#[test]
fn a_map_may_name_the_namespace_of_its_keys() {
    let plain =
        "{:process 0, :type :invoke, :f :write, :value 1}\n{:process 0, :type :ok, :f :write, :value 1}";
    let expected = read(plain);
    for (from, to) in [
        ("{", "#:jepsen{"),
        ("{", "#:a.b {\n"),
        ("{:process", "#:op{:_/process"),
        ("{", "#:op{:other/f :x, "),
    ] {
        assert_eq!(read(&plain.replace(from, to)).history, expected.history, "{from:?} as {to:?}");
        assert_eq!(read(&format!("[{}]", plain.replace(from, to))).history, expected.history, "{to:?}");
    }
    let value = |text: &str| super::read_value(text).expect(text);
    assert_eq!(value("#:a{:x 1, :b/y 2, :_/z 3, \"t\" 4}"), value("{:a/x 1, :b/y 2, :z 3, \"t\" 4}"));
    assert_ne!(value("#:a{:x 1}"), value("{:x 1}"));
    for (text, expected) in [
        (
            "\n#:{:process 0}",
            "test:2: expected a namespace and a map, such as #:jepsen{…}, found \"#:{:process",
        ),
        ("\n\n#::a{:process 0}", "test:3: expected a namespace and a map"),
        ("[\n#:a [1]]", "test:2: expected the map {…} of the namespace #:a, found \"[1]]\""),
        (
            "{:process 0, :type :ok, :f :write,\n:value #:a 7}",
            "test:2: expected the map {…} of the namespace #:a",
        ),
        ("\n#:a{:process 0, :type :ok\n", "test:3: expected a keyword such as :process, or the map's end }"),
        ("#:a", "test:1: expected the map {…} of the namespace #:a, found the end of the file"),
    ] {
        let told = fault(text);
        assert!(told.contains(expected), "{text}\n{told}");
    }
}

/// Events of few processes in the usual spelling, ends that belong to nothing among them.
fn usual_events() -> impl Strategy<Value = String> {
    let value = prop_oneof![
        Just("nil".to_owned()),
        (0..4u8).prop_map(|n| n.to_string()),
        (0..4u8, 0..4u8).prop_map(|(a, b)| format!("[{a} {b}]")),
    ];
    let kind = prop_oneof![Just("invoke"), Just("invoke"), Just("ok"), Just("fail"), Just("info")];
    let function = prop_oneof![Just("read"), Just("write"), Just("cas"), Just("txn")];
    let event = (0..4u8, kind, function, value).prop_map(|(process, kind, function, value)| {
        format!("{{:process {process}, :type :{kind}, :f :{function}, :value {value}}}\n")
    });
    vec(event, 0..12).prop_map(|events| events.concat())
}

proptest! {
    #[test]
    fn usual_events_read_as_if_they_were_unusual(text in usual_events(), nil_reads in 0..3usize) {
        let nil_reads = [NilReads::AsTheFormat, NilReads::Anything, NilReads::Absent][nil_reads];
        let unusual = text.replace("{:process", "{ :process");
        for format in Format::ALL {
            let options = ReadOptions { format: Some(format), nil_reads };
            let read = |text: &str| read_bytes("test", text.as_bytes(), &options).map_err(|error| error.to_string());
            prop_assert_eq!(read(&text), read(&unusual));
            for operation in 0..4 {
                let line = |text: &str| operation_line(text.as_bytes(), &options, operation);
                prop_assert_eq!(line(&text), line(&unusual));
            }
        }
    }
}
