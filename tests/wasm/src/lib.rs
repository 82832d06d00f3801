//! The library's scenarios run on WebAssembly: `fingerprint` gives one 32-bit quarter of a run's fingerprint.

use std::cell::RefCell;

use scenarios::run::{RunOptions, run};

thread_local! {
    /// The run asked for last, (scenario, seed), and its fingerprint.
    static LAST: RefCell<Option<((u32, u32), [u64; 2])>> = const { RefCell::new(None) };
}

/// How many scenarios there are.
#[unsafe(no_mangle)]
pub extern "C" fn count() -> u32 {
    scenarios::library::names().len() as u32
}

/// The `quarter`-th 32 bits, most significant first, of the fingerprint of the `index`-th scenario's run with a seed.
#[unsafe(no_mangle)]
pub extern "C" fn fingerprint(index: u32, seed: u32, quarter: u32) -> u32 {
    let words = LAST.with_borrow_mut(|last| match last {
        Some((of, words)) if *of == (index, seed) => *words,
        _ => {
            let name = scenarios::library::names()[index as usize];
            let loaded = scenarios::load(name, &[]).expect("a library scenario loads");
            let words = run(&loaded, u64::from(seed), &RunOptions::default()).record.fingerprint.words();
            *last = Some(((index, seed), words));
            words
        }
    });
    (words[quarter as usize / 2] >> (32 * (1 - quarter % 2))) as u32
}
