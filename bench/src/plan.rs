//! What is measured: engines, workloads, sizes, and how each worker is started.

use std::path::{Path, PathBuf};

/// A workload at a size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Case {
    /// `H`, `P`, `P-link`, `S`, `S*` (on all cores) or `R`.
    pub workload: &'static str,
    /// Pending timers, nodes; five for S; the keys for R.
    pub size: u32,
}

impl Case {
    /// The workload and its size in one word.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{}{}", self.workload, self.size)
    }
}

/// All engines by their names: those of [`inside`] and [`outside`].
pub const ENGINES: [&str; 10] = [
    "squall",
    "bare-heap",
    "bare-radix",
    "bare-calendar",
    "nexosim",
    "turmoil",
    "madsim",
    "simpy",
    "ns-3",
    "SimGrid",
];

/// All cases, in the order of the table. The peers have nothing to set beside R.
pub const CASES: [Case; 12] = [
    Case { workload: "H", size: 100 },
    Case { workload: "H", size: 10_000 },
    Case { workload: "H", size: 1_000_000 },
    Case { workload: "P", size: 10 },
    Case { workload: "P", size: 1_000 },
    Case { workload: "P-link", size: 1_000 },
    Case { workload: "P", size: 100_000 },
    Case { workload: "P", size: 1_000_000 },
    Case { workload: "S", size: 5 },
    Case { workload: "S*", size: 5 },
    Case { workload: "R", size: 100 },
    Case { workload: "R", size: 1_000 },
];

/// Who is measured.
#[derive(Clone, Debug)]
pub struct Engine {
    /// Its name in the table.
    pub name: &'static str,
    /// What its worker is started with before the workload, the size and the budget.
    pub command: Vec<String>,
    /// The workloads it is measured on, each with the largest size by default and the largest at all.
    pub workloads: &'static [(&'static str, u32, u32)],
    /// Whether it is one of the bare loops, which are the limit rather than peers.
    pub bare: bool,
}

impl Engine {
    /// Whether it is measured on a case.
    #[must_use]
    pub fn takes(&self, case: Case, full: bool) -> bool {
        let within = |&(workload, usual, most): &(&str, u32, u32)| {
            workload == case.workload && case.size <= if full { most } else { usual }
        };
        self.workloads.iter().any(within)
    }
}

const ALL: u32 = u32::MAX;

/// The engines inside this program: Squall, the bare loops, and the peers that are libraries of Rust.
#[must_use]
pub fn inside(program: &Path) -> Vec<Engine> {
    let engine = |name: &'static str, workloads, bare| Engine {
        name,
        command: vec![program.display().to_string(), "worker".into(), name.into()],
        workloads,
        bare,
    };
    const BARE: &[(&str, u32, u32)] = &[("H", ALL, ALL), ("P", ALL, ALL), ("S", ALL, ALL)];
    vec![
        engine(
            "squall",
            &[
                ("H", ALL, ALL),
                ("P", ALL, ALL),
                ("P-link", ALL, ALL),
                ("S", ALL, ALL),
                ("S*", ALL, ALL),
                ("R", ALL, ALL),
            ],
            false,
        ),
        engine("bare-heap", BARE, true),
        engine("bare-radix", BARE, true),
        engine("bare-calendar", BARE, true),
        engine("nexosim", &[("H", ALL, ALL), ("P", 100_000, ALL), ("S", ALL, ALL)], false),
        engine("turmoil", &[("H", 1_000_000, ALL), ("P", 10, 1_000), ("S", ALL, ALL)], false),
    ]
}

/// The engines outside, if they could be built: their programs, by name.
#[must_use]
pub fn outside(programs: Vec<(&'static str, Vec<PathBuf>)>) -> Vec<Engine> {
    let workloads = |name: &str| -> &'static [(&'static str, u32, u32)] {
        match name {
            "madsim" => &[("H", ALL, ALL), ("P", 1_000, ALL), ("S", ALL, ALL)],
            "simpy" => &[("H", 10_000, ALL), ("P", 10_000, ALL), ("S", ALL, ALL)],
            "ns-3" => &[("H", ALL, ALL)],
            // Routes are its users' to give, a square of them.
            _ => &[("H", ALL, ALL), ("P", 1_000, 1_000)],
        }
    };
    let engine = |(name, command): (&'static str, Vec<PathBuf>)| Engine {
        name,
        command: command.iter().map(|part| part.display().to_string()).collect(),
        workloads: workloads(name),
        bare: false,
    };
    programs.into_iter().map(engine).collect()
}
