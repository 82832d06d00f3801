//! The log under scripted crashes and damage: what was promised is there or is refused, what was not may go.

mod driven;

use std::collections::VecDeque;
use std::rc::Rc;

use sim_core::disk::{SyncId, SyncResult};
use sim_core::lone::{Effects, Lone};
use sim_core::node::{Context, Effect, Node};
use sim_core::peer::Peer;
use sim_core::random::Rng;

use super::{Record, Recovery, Wal, frame};

/// A text that is written when somebody looks.
#[derive(Debug)]
struct Text(&'static str);

impl Record for Text {
    fn size(&self) -> usize {
        self.0.len()
    }
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.0.as_bytes());
    }
}

/// Keeps texts in a log; a text that starts with `!` is a checkpoint with only itself in it, what follows `=` is written when
/// somebody looks.
struct Keeper {
    wal: Wal<Text>,
    recovery: Recovery,
    texts: Vec<String>,
}

impl Node for Keeper {
    /// Whether records carry checksums.
    type Config = bool;
    type Message = &'static str;
    type Timer = ();

    fn boot(checksums: &bool, ctx: &mut Context<'_, &'static str, ()>) -> Keeper {
        let opened = Wal::open([3, 4], *checksums, ctx);
        let bytes = ctx.read(opened.wal.file());
        let text = |range: &std::ops::Range<usize>| String::from_utf8_lossy(&bytes[range.clone()]).into();
        let texts = opened.records.iter().map(text).collect();
        Keeper { wal: opened.wal, recovery: opened.recovery, texts }
    }
    fn on_message(&mut self, _: Peer, text: &'static str, ctx: &mut Context<'_, &'static str, ()>) {
        if let Some(later) = text.strip_prefix('=') {
            self.wal.append_record(ctx, &Rc::new(Text(later)));
            self.texts.push(later.into());
            return self.wal.sync(ctx);
        }
        let anew = text.starts_with('!');
        if anew {
            self.wal.checkpoint(ctx);
            self.texts.clear();
        }
        self.wal.append(ctx, |out| out.extend_from_slice(text.as_bytes()));
        if anew {
            self.wal.complete(ctx);
        }
        self.texts.push(text.into());
        self.wal.sync(ctx);
    }
    fn on_timer(&mut self, (): (), ctx: &mut Context<'_, &'static str, ()>) {
        self.wal.mark(ctx);
    }
    fn on_synced(&mut self, sync: SyncId, result: SyncResult, ctx: &mut Context<'_, &'static str, ()>) {
        if !self.wal.synced(sync, result, ctx) {
            ctx.halt("disk failed");
        }
    }
}

type Script = Lone<Keeper>;

fn sync_of(effects: &Effects<Keeper>) -> Option<SyncId> {
    effects.iter().find_map(|effect| if let Effect::Sync(sync) = effect { Some(*sync) } else { None })
}

/// Syncs until nothing more is asked for.
fn settle(node: &mut Script, effects: &Effects<Keeper>) {
    let mut next = sync_of(effects);
    while let Some(sync) = next {
        next = sync_of(&node.synced(sync, SyncResult::Durable));
    }
}

/// A node that has written these texts, each made durable before the next, and then stopped.
fn wrote(texts: &[&'static str]) -> Script {
    let mut node = Lone::new(Peer::node(0), 1);
    let effects = node.boot(&true);
    settle(&mut node, &effects);
    for text in texts {
        let effects = node.message(Peer::node(0), text);
        settle(&mut node, &effects);
    }
    node
}

fn reboot(node: &mut Script) -> (Recovery, Vec<String>) {
    node.crash();
    let effects = node.boot(&true);
    settle(node, &effects);
    let keeper = node.node().expect("it is up");
    (keeper.recovery, keeper.texts.clone())
}

#[test]
fn what_was_synced_is_there_and_the_rest_is_not() {
    let mut node = wrote(&["one", "two"]);
    node.message(Peer::node(0), "never synced");
    assert_eq!(reboot(&mut node), (Recovery::Clean, vec!["one".into(), "two".into()]));
    let effects = node.message(Peer::node(0), "three");
    settle(&mut node, &effects);
    assert_eq!(reboot(&mut node).1, ["one", "two", "three"]);
    assert_eq!(reboot(&mut Lone::new(Peer::node(0), 1)).0, Recovery::Fresh);
}

#[test]
fn one_sync_covers_what_was_written_meanwhile() {
    let mut node = wrote(&[]);
    let first = sync_of(&node.message(Peer::node(0), "a")).expect("the first asks for a sync");
    assert_eq!(sync_of(&node.message(Peer::node(0), "b")), None);
    assert_eq!(sync_of(&node.message(Peer::node(0), "c")), None);
    let wal = &node.node().expect("up").wal;
    assert!(wal.under_way() < wal.ticket());
    let second = sync_of(&node.synced(first, SyncResult::Durable)).expect("the others wait for the next");
    let wal = &node.node().expect("up").wal;
    assert!(wal.durable() < wal.ticket());
    assert_eq!(sync_of(&node.synced(second, SyncResult::Durable)), None);
    let wal = &node.node().expect("up").wal;
    assert_eq!(wal.durable(), wal.ticket());
}

#[test]
fn a_torn_tail_is_cut_off_wherever_it_tore() {
    let whole = wrote(&["one", "two"]).disk().expect("written").read_durable(3).len();
    let start = wrote(&["one"]).disk().expect("written").read_durable(3).len();
    for len in start + 1..whole {
        let mut node = wrote(&["one", "two"]);
        node.crash();
        node.damage(3, |bytes| bytes.truncate(len));
        assert_eq!(reboot(&mut node), (Recovery::Repaired(len - start), vec!["one".into()]), "{len}");
        let effects = node.message(Peer::node(0), "three");
        settle(&mut node, &effects);
        assert_eq!(reboot(&mut node), (Recovery::Clean, vec!["one".into(), "three".into()]));
    }
}

#[test]
fn damage_to_what_was_promised_is_refused_wherever_it_is() {
    // "three" follows and says that what precedes it is durable.
    let end = wrote(&["one", "two"]).disk().expect("written").read_durable(3).len();
    for at in 0..end {
        let mut node = wrote(&["one", "two", "three"]);
        node.crash();
        node.damage(3, |bytes| bytes[at] ^= 0x10);
        let (recovery, texts) = reboot(&mut node);
        assert_eq!((recovery, texts.len()), (Recovery::Refused, 0), "byte {at}");
    }
}

/// The twin of a record that is written when somebody looks is the same one written at once: the same is on both disks, whenever
/// somebody looks and whatever happens.
#[test]
fn a_record_that_is_written_later_is_on_disk_what_any_other_is() {
    let mut found = [0; 4];
    for key in 0..400 {
        let mut rng = Rng::from_key(key);
        let mut nodes: [Script; 2] = [Lone::new(Peer::node(0), key), Lone::new(Peer::node(0), key)];
        let mut syncs: VecDeque<SyncId> = VecDeque::new();
        for step in 0..rng.below(60) {
            let what = if step == 0 { 12 } else { rng.below(14) };
            let text = "=abcdefghijklmnopqrstuvwxyz".get(..1 + rng.below(26) as usize).unwrap_or("=");
            let texts = if what == 0 { ["!anew"; 2] } else { [text, &text[1..]] };
            let sync = if what < 3 { syncs.pop_front() } else { None };
            let asked = [0, 1].map(|i| {
                let node = &mut nodes[i];
                let effects = match (what, sync) {
                    (1 | 2, Some(sync)) => node.synced(sync, SyncResult::Durable),
                    (3, _) => node.timer(()),
                    (12, _) => {
                        node.crash();
                        node.boot(&true)
                    }
                    (13, _) => {
                        node.crash_torn(key + step);
                        node.boot(&true)
                    }
                    _ => node.message(Peer::node(0), texts[i]),
                };
                sync_of(&effects)
            });
            assert_eq!(asked[0], asked[1]);
            if what >= 12 {
                syncs.clear();
            }
            syncs.extend(asked[0]);
            let [lazy, twin] = [0, 1].map(|i| nodes[i].node().expect("up"));
            assert_eq!(
                (lazy.recovery, &lazy.texts, lazy.wal.len()),
                (twin.recovery, &twin.texts, twin.wal.len())
            );
            found[match lazy.recovery {
                Recovery::Fresh => 0,
                Recovery::Clean => 1,
                Recovery::Repaired(_) => 2,
                Recovery::Refused => 3,
            }] += 1;
            if rng.chance(0.1) {
                assert_eq!(files(&nodes[0]), files(&nodes[1]), "key {key}, step {step}");
            }
        }
        assert_eq!(files(&nodes[0]), files(&nodes[1]), "key {key}");
    }
    assert!(found[..3].iter().all(|times| *times > 100), "{found:?}");
}

/// However many nobody has looked at.
#[test]
fn many_records_wait_to_be_written() {
    let texts = ["one", "two", "three"].iter().cycle().take(2_000);
    let later: Vec<&'static str> = texts.clone().map(|text| &*format!("={text}").leak()).collect();
    let plain: Vec<&'static str> = texts.copied().collect();
    assert_eq!(files(&wrote(&later)), files(&wrote(&plain)));
}

/// What a node sees of its two files, and what of them is durable.
fn files(node: &Script) -> Vec<[Vec<u8>; 2]> {
    let disk = node.disk();
    let of = |file| disk.map(|disk| [disk.read(file).to_vec(), disk.read_durable(file).to_vec()]);
    [3, 4].into_iter().filter_map(of).collect()
}

/// Whoever goes on with a log that was refused writes behind what is sound of it, whatever damage follows there.
#[test]
fn what_is_written_after_a_refusal_is_readable_where_it_stands() {
    ["uno", "=uno"].into_iter().for_each(refused_and_written);
}

/// A node that has gone on with a log that was refused, since the first of its three records was damaged.
fn refused() -> Script {
    let sound = wrote(&[]).disk().expect("written").read(3).len();
    let mut node = wrote(&["one", "two", "three"]);
    node.crash();
    node.damage(3, |bytes| bytes[sound + 3] ^= 0x10);
    assert_eq!(reboot(&mut node).0, Recovery::Refused);
    node
}

fn refused_and_written(uno: &'static str) {
    let mut node = refused();
    let whole = node.disk().expect("written").read(3).len();
    let effects = node.message(Peer::node(0), uno);
    settle(&mut node, &effects);
    assert_eq!(node.disk().expect("written").read(3).len(), whole);
    let (recovery, texts) = reboot(&mut node);
    assert_eq!((recovery, texts), (Recovery::Clean, vec!["uno".into(), "two".into(), "three".into()]));
}

/// A mark likewise is written where the log ends, not where the file does.
#[test]
fn a_mark_after_a_refusal_is_written_over_what_follows() {
    let mut node = refused();
    let whole = node.disk().expect("written").read(3).to_vec();
    for asked in [false, true] {
        let effects = if asked { node.timer(()) } else { node.message(Peer::node(0), "=uno") };
        settle(&mut node, &effects);
    }
    let len = node.node().expect("up").wal.len() as usize;
    let bytes = node.disk().expect("written").read(3);
    assert_eq!((bytes.len(), &bytes[len..]), (whole.len(), &whole[len..]));
    assert_ne!(bytes[len - frame::HEAD..len], whole[len - frame::HEAD..len], "the mark is there");
}

#[test]
fn a_mark_guards_what_was_made_durable_last() {
    let mut node = wrote(&["one", "two"]);
    let len = node.disk().expect("written").read_durable(3).len();
    let effects = node.timer(());
    assert!(sync_of(&effects).is_some());
    settle(&mut node, &effects);
    assert!(sync_of(&node.timer(())).is_none(), "there is nothing new to mark");
    node.crash();
    node.damage(3, |bytes| bytes[len - 1] ^= 1);
    assert_eq!(reboot(&mut node).0, Recovery::Refused);
}

#[test]
fn a_checkpoint_takes_over_once_it_is_durable() {
    let mut node = wrote(&["one", "two"]);
    let effects = node.message(Peer::node(0), "!all");
    assert_eq!(reboot(&mut node), (Recovery::Clean, vec!["one".into(), "two".into()]), "{effects:?}");
    let effects = node.message(Peer::node(0), "!all");
    settle(&mut node, &effects);
    let effects = node.message(Peer::node(0), "more");
    settle(&mut node, &effects);
    assert!(node.disk().expect("written").read_durable(3).is_empty());
    assert_eq!(reboot(&mut node), (Recovery::Clean, vec!["!all".into(), "more".into()]));
    let effects = node.message(Peer::node(0), "!again");
    settle(&mut node, &effects);
    assert_eq!(reboot(&mut node), (Recovery::Clean, vec!["!again".into()]));
}

#[test]
fn a_checkpoint_that_is_half_written_is_passed_over() {
    let mut node = wrote(&["one"]);
    let effects = node.message(Peer::node(0), "!all");
    // The crash tears it: the new file got its first 40 bytes, the old one is whole.
    let new = node.disk().expect("written").read(4)[..40].to_vec();
    drop(effects);
    node.crash();
    node.damage(4, |bytes| *bytes = new);
    assert_eq!(reboot(&mut node), (Recovery::Clean, vec!["one".into()]));
}

#[test]
fn checkpoints_faster_than_syncs_never_write_over_the_last_that_is_durable() {
    for key in 0..200 {
        let mut node = wrote(&["one", "two"]);
        let first = sync_of(&node.message(Peer::node(0), "!all")).expect("a sync");
        node.message(Peer::node(0), "!again");
        if key % 2 == 1 {
            // What was promised by now is "!all"; the next checkpoint must not harm it either.
            node.synced(first, SyncResult::Durable);
            node.message(Peer::node(0), "!third");
        }
        node.crash_torn(key);
        let (recovery, texts) = reboot(&mut node);
        assert_ne!(recovery, Recovery::Refused, "{key}");
        let sound = [vec!["one", "two"], vec!["!all"], vec!["!again"], vec!["!third"]];
        assert!(sound[(key % 2) as usize..].iter().any(|sound| *sound == texts), "{key}: {texts:?}");
    }
}

#[test]
fn what_a_dead_life_left_behind_a_torn_tail_never_comes_back() {
    // "two" is lost and "tre" is there behind it. "new" takes the place of "two", and is as long.
    let start = wrote(&["one"]).disk().expect("written").read_durable(3).len();
    let mut node: Script = wrote(&["one"]);
    node.message(Peer::node(0), "two");
    node.message(Peer::node(0), "tre");
    let unsynced = node.disk().expect("written").read(3).to_vec();
    let half = start + (unsynced.len() - start) / 2;
    node.crash();
    node.damage(3, |bytes| {
        *bytes = unsynced;
        bytes[start..half].fill(0);
    });
    assert_eq!(reboot(&mut node), (Recovery::Repaired(half * 2 - start * 2), vec!["one".into()]));
    let effects = node.message(Peer::node(0), "new");
    settle(&mut node, &effects);
    for key in 0..50 {
        node.crash_torn(key);
        assert_eq!(reboot(&mut node).1, ["one", "new"]);
    }
}

#[test]
fn without_checksums_damage_goes_unseen() {
    let mut node = Lone::new(Peer::node(0), 1);
    let effects = node.boot(&false);
    settle(&mut node, &effects);
    for text in ["one", "two"] {
        let effects = node.message(Peer::node(0), text);
        settle(&mut node, &effects);
    }
    node.crash();
    node.damage(3, |bytes| *bytes.last_mut().expect("a byte") ^= 1);
    node.boot(&false);
    let keeper: &Keeper = node.node().expect("up");
    assert_eq!((keeper.recovery, keeper.texts.clone()), (Recovery::Clean, vec!["one".into(), "twn".into()]));
}
