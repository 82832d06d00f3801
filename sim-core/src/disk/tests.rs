//! What a crash leaves of files, and how they are damaged.

use std::cell::RefCell;
use std::rc::Rc;

use super::{Disk, FileId, Owed, SECTOR, SyncId};
use crate::random::Rng;

#[test]
fn a_crash_keeps_what_was_synced_and_nothing_else() {
    let mut disk = Disk::default();
    disk.append(0, b"one ");
    let first = disk.begin_sync();
    disk.append(0, b"two ");
    disk.append(1, b"other");
    assert_eq!(disk.dirty_bytes(first), 4);
    let second = disk.begin_sync();
    assert_eq!(disk.dirty_bytes(second), 9);
    disk.complete_sync(first);
    assert_eq!((disk.read(0), disk.read_durable(0)), (&b"one two "[..], &b"one "[..]));
    let mut later = disk.clone();
    disk.crash();
    assert_eq!((disk.read(0), disk.read(1)), (&b"one "[..], &b""[..]));
    later.complete_sync(second);
    later.crash();
    assert_eq!((later.read(0), later.read(1)), (&b"one two "[..], &b"other"[..]));
    assert_eq!(later.files().collect::<Vec<_>>(), [0, 1]);
}

#[test]
fn a_torn_write_leaves_whole_sectors_in_any_order() {
    let mut seen = std::collections::BTreeSet::new();
    for key in 0..200 {
        let mut disk = Disk::default();
        disk.append(0, &[1; 300]);
        let sync = disk.begin_sync();
        disk.complete_sync(sync);
        disk.append(0, &[2; 1_000]);
        disk.tear(&mut Rng::from_key(key));
        assert_eq!((disk.read(0).len(), &disk.read(0)[..300]), (1_300, &[1; 300][..]));
        // The write touches three sectors: bytes 300 to 511, 512 to 1023, 1024 to 1299.
        let sectors = [300..512, 512..1_024, 1_024..1_300].map(|range| {
            let bytes = &disk.read(0)[range];
            assert!(bytes.iter().all(|byte| *byte == bytes[0]));
            bytes[0]
        });
        seen.insert(sectors);
    }
    assert_eq!(seen.len(), 8, "each subset of the three: {seen:?}");
}

#[test]
fn flipped_bits_show_at_the_next_boot() {
    let mut disk = Disk::default();
    disk.append(3, &[0; 64]);
    let sync = disk.begin_sync();
    disk.complete_sync(sync);
    disk.flip(1, &mut Rng::from_key(1));
    assert!(disk.read(3).iter().all(|byte| *byte == 0));
    disk.crash();
    assert_eq!(disk.read(3).iter().map(|byte| byte.count_ones()).sum::<u32>(), 1);
    Disk::default().flip(5, &mut Rng::from_key(1));
}

#[test]
fn writes_overlap_grow_and_are_cut_in_order() {
    let mut disk = Disk::default();
    disk.write(7, 2, b"abcd");
    disk.write(7, 4, b"XYZ");
    disk.truncate(7, 6);
    disk.truncate(7, 100);
    assert_eq!(disk.read(7), b"\0\0abXY");
    let sync = disk.begin_sync();
    disk.complete_sync(sync);
    disk.crash();
    assert_eq!(disk.read(7), b"\0\0abXY");
}

#[test]
fn numbers_of_a_dead_life_start_again_and_wiping_leaves_nothing() {
    let mut disk = Disk::default();
    disk.append(0, b"x");
    assert_eq!(disk.begin_sync(), SyncId(1));
    disk.flush();
    assert_eq!(disk.read(0), b"x");
    assert_eq!(disk.begin_sync(), SyncId(1));
    disk.wipe();
    assert_eq!(disk.read(0), b"");
}

/// The dumb twin: everything is kept twice.
#[derive(Clone, Default)]
struct Twin {
    seen: Vec<(FileId, Vec<u8>)>,
    durable: Vec<(FileId, Vec<u8>)>,
    unsynced: Vec<(FileId, Edit, u32)>,
    syncs: u32,
}

#[derive(Clone)]
enum Edit {
    Write(usize, Vec<u8>),
    Truncate(usize),
}

fn edit(files: &mut Vec<(FileId, Vec<u8>)>, file: FileId, edit: &Edit) {
    if !files.iter().any(|(id, _)| *id == file) {
        files.push((file, Vec::new()));
    }
    let (_, bytes) = files.iter_mut().find(|(id, _)| *id == file).expect("it is there");
    match edit {
        Edit::Write(offset, new) => {
            bytes.resize(bytes.len().max(offset + new.len()), 0);
            bytes[*offset..offset + new.len()].copy_from_slice(new);
        }
        Edit::Truncate(len) => bytes.truncate(*len),
    }
}

impl Twin {
    fn change(&mut self, file: FileId, change: Edit) {
        edit(&mut self.seen, file, &change);
        self.unsynced.push((file, change, self.syncs + 1));
    }
    fn complete(&mut self, sync: u32) {
        for (file, change, _) in self.unsynced.iter().filter(|(.., of)| *of <= sync) {
            edit(&mut self.durable, *file, change);
        }
        self.unsynced.retain(|(.., of)| *of > sync);
    }
    fn crash(&mut self) {
        self.unsynced.clear();
        self.syncs = 0;
        self.seen.clone_from(&self.durable);
    }
    /// Each sector of what was not synced reaches the platter or does not.
    fn tear(&mut self, rng: &mut Rng) {
        let share = rng.unit();
        for (file, change, _) in std::mem::take(&mut self.unsynced) {
            edit(&mut self.durable, file, &Edit::Write(0, Vec::new()));
            match change {
                Edit::Write(offset, bytes) => {
                    let (_, durable) =
                        self.durable.iter_mut().find(|(id, _)| *id == file).expect("it is there");
                    durable.resize(durable.len().max(offset + bytes.len()), 0);
                    let mut from = 0;
                    while from < bytes.len() {
                        let to = bytes.len().min(((offset + from) / SECTOR + 1) * SECTOR - offset);
                        if rng.chance(share) {
                            durable[offset + from..offset + to].copy_from_slice(&bytes[from..to]);
                        }
                        from = to;
                    }
                }
                Edit::Truncate(len) if rng.chance(share) => {
                    edit(&mut self.durable, file, &Edit::Truncate(len));
                }
                Edit::Truncate(_) => {}
            }
        }
        self.crash();
    }
    fn flip(&mut self, rng: &mut Rng) {
        let total: u64 = self.durable.iter().map(|(_, bytes)| bytes.len() as u64).sum();
        let (place, bit) = (rng.below(total.max(1)), rng.below(8));
        if let Some(byte) = self.durable.iter_mut().flat_map(|(_, bytes)| bytes).nth(place as usize) {
            *byte ^= 1 << bit;
        }
    }
}

/// Bytes that are made when somebody looks.
#[derive(Debug, Default)]
struct Later(RefCell<Vec<u8>>);

impl Owed for Later {
    fn pay(&self, file: &mut Vec<u8>) {
        file.extend_from_slice(&self.0.take());
    }
}

#[test]
fn what_is_owed_is_made_when_somebody_looks_and_not_before() {
    let (mut disk, later) = (Disk::default(), Rc::new(Later::default()));
    for text in ["one ", "two "] {
        later.0.borrow_mut().extend_from_slice(text.as_bytes());
        disk.append_owed(0, &later, text.len());
        let sync = disk.begin_sync();
        disk.complete_sync(sync);
    }
    assert_eq!((disk.len(0), later.0.borrow().len()), (8, 8));
    let copy = disk.clone();
    assert_eq!((disk.read(0), later.0.borrow().len()), (&b"one two "[..], 0));
    later.0.borrow_mut().push(b'3');
    disk.append_owed(0, &later, 1);
    assert_eq!((disk.len(0), disk.read_durable(0), disk.read(0)), (9, &b"one two "[..], &b"one two 3"[..]));
    assert_eq!(copy.read(0), b"one two ");
    // Who has another make the rest has the first make its own before.
    let other = Rc::new(Later(RefCell::new(b"4".to_vec())));
    later.0.borrow_mut().push(b'5');
    disk.append_owed(0, &later, 1);
    disk.append_owed(0, &other, 1);
    assert_eq!(disk.read(0), b"one two 354");
}

/// What a file is owed, and how often it had to be paid into a copy or another place.
#[derive(Debug, Default)]
struct Moved {
    owed: RefCell<usize>,
    last: RefCell<*const u8>,
    times: RefCell<u32>,
}

impl Owed for Moved {
    fn pay(&self, file: &mut Vec<u8>) {
        let owed = self.owed.take();
        file.resize(file.len() + owed, 7);
        if self.last.replace(file.as_ptr()) != file.as_ptr() {
            *self.times.borrow_mut() += 1;
        }
    }
}

/// Where what is durable has bytes of its own each sync reads what it covers: that must not copy the file each time.
#[test]
fn a_damaged_or_cut_file_is_not_copied_at_every_sync() {
    for damaged in [true, false] {
        let (mut disk, mut moved) = (Disk::default(), Rc::new(Moved::default()));
        let append = |disk: &mut Disk, moved: &Rc<Moved>| {
            *moved.owed.borrow_mut() += 40;
            disk.append_owed(0, moved, 40);
        };
        append(&mut disk, &moved);
        let mut under_way = disk.begin_sync();
        disk.complete_sync(under_way);
        if damaged {
            disk.flip(1, &mut Rng::from_key(1));
        } else {
            append(&mut disk, &moved);
            under_way = disk.begin_sync();
            disk.truncate(0, 0);
            moved = Rc::default();
        }
        for _ in 0..2_000 {
            append(&mut disk, &moved);
            let next = disk.begin_sync();
            disk.complete_sync(under_way);
            under_way = next;
        }
        assert!(*moved.times.borrow() < 30, "{damaged}: {moved:?}");
        assert_eq!(disk.len(0), 40 * (2_000 + usize::from(damaged)));
        assert!(disk.read(0).iter().all(|byte| *byte == 7));
    }
}

/// A disk, its twin, and what the disk's two files are owed.
#[derive(Default)]
struct Pair {
    disk: Disk,
    twin: Twin,
    later: [Rc<Later>; 2],
}

impl Pair {
    /// Writes of some kind, and syncs.
    fn write(&mut self, (what, file, at, byte): (u8, u32, usize, u8)) {
        let (disk, twin, bytes) = (&mut self.disk, &mut self.twin, vec![byte; at % 7]);
        let (end, later) = (disk.len(file), &mut self.later[file as usize]);
        match what {
            0 | 1 => {
                disk.append(file, &bytes);
                twin.change(file, Edit::Write(end, bytes));
            }
            2 => {
                disk.write(file, at as u64, &bytes);
                twin.change(file, Edit::Write(at, bytes));
            }
            3 => {
                disk.truncate(file, at as u64);
                twin.change(file, Edit::Truncate(at));
                // What stays behind of it may still be owed by this one.
                *later = Rc::default();
            }
            4 => {
                disk.begin_sync();
                twin.syncs += 1;
            }
            5 => {
                let sync = twin.syncs.saturating_sub(at as u32 % 3);
                disk.complete_sync(SyncId(sync));
                twin.complete(sync);
            }
            _ => {
                if at % 13 == 0 {
                    *later = Rc::default();
                }
                later.0.borrow_mut().extend_from_slice(&bytes);
                disk.append_owed(file, later, bytes.len());
                twin.change(file, Edit::Write(end, bytes));
            }
        }
    }

    /// Damage, and ends of a life.
    fn suffer(&mut self, (what, file, at, byte): (u8, u32, usize, u8)) {
        let (disk, twin, bytes) = (&mut self.disk, &mut self.twin, vec![byte; at % 7]);
        match what {
            0 => {
                disk.flip(1, &mut Rng::from_key(at as u64));
                return twin.flip(&mut Rng::from_key(at as u64));
            }
            1 => {
                // Within one sector and over two.
                let far = SECTOR - 3 + at % 5;
                disk.write(file, far as u64, &bytes);
                twin.change(file, Edit::Write(far, bytes));
                let (mut rng, mut same) = (Rng::from_key(at as u64), Rng::from_key(at as u64));
                disk.tear(&mut rng);
                twin.tear(&mut same);
                assert_eq!(rng, same, "as many draws");
            }
            2 => {
                disk.flush();
                twin.complete(u32::MAX);
                twin.crash();
            }
            _ => {
                disk.crash();
                twin.crash();
            }
        }
        // What was not looked at may be gone with its file.
        self.later = Default::default();
    }

    fn agree_on_files(&self) {
        assert!(self.disk.files().eq(self.twin.seen.iter().map(|(id, _)| *id)));
    }

    fn agree_on_bytes(&self) {
        for file in 0..2 {
            let of = |files: &[(FileId, Vec<u8>)]| {
                files.iter().find(|(id, _)| *id == file).map_or(Vec::new(), |(_, bytes)| bytes.clone())
            };
            assert_eq!(self.disk.len(file), of(&self.twin.seen).len());
            assert_eq!(self.disk.read(file), of(&self.twin.seen));
            assert_eq!(self.disk.read_durable(file), of(&self.twin.durable));
        }
    }
}

proptest::proptest! {
    #[test]
    fn it_does_what_a_disk_does_that_keeps_everything_twice(
        steps in proptest::collection::vec((0u8..14, 0u32..2, 0usize..40, 0u8..250), 0..60),
    ) {
        let mut pair = Pair::default();
        for (what, file, at, byte) in steps {
            match what {
                10.. => pair.suffer((what - 10, file, at, byte)),
                _ => pair.write((what, file, at, byte)),
            }
            pair.agree_on_files();
            // Mostly nobody looks.
            if byte % 4 == 0 {
                pair.agree_on_bytes();
            }
        }
        pair.agree_on_bytes();
    }
}
