//! The search for a linearization, for any object: Wing & Gong's, with Lowe's memory of configurations already tried
//! ("Testing for linearizability", 2017, §2–3), driven by the ends of operations in their order (ibid. §4).
//!
//! A configuration is: the next end to satisfy, which of the operations open there have taken effect, the object's
//! state, and which pending operations were used. Five things keep it small. An operation that only
//! observes takes effect as soon as it can, for it is in nobody's way. A pending operation is used only for an
//! effect that the next operation sees. Equal pending operations are used in the order of their invocation, equal open
//! ones in the order of their ends. And a
//! configuration is given up if one like it, which had used fewer pending operations, was tried before. What pending
//! operations are good for, the object says: a pending push, say, happens just before the pop that needs it.
//!
//! Deliberately absent: time limits. A budget counts configurations, so that a verdict is a function of the history.

mod plan;

use super::memory::Memory;
use super::problem::{Deed, Solved, Spec};
use plan::{NONE, Plan, Required, plan};

/// How many configurations the first, short search may try, and four for each operation beside.
const SHORT: u64 = 20_000;

/// How many words of memory one object's states and configurations may take: 1 GiB.
const WEIGHT_MAX: u64 = 1 << 27;

/// One decision on the way, to be taken back.
struct Frame {
    /// How much of the trail stood before it.
    trail: usize,
    end: u32,
    state: u32,
    /// The state before the pending operation just used, if one was.
    shadow: u32,
    /// Where among the candidates the next one is sought.
    cursor: Cursor,
    /// The pending operation used to come here.
    used: u32,
}

/// Candidates in their order: the operation whose end is next, the others open, the pending ones.
#[derive(Clone, Copy)]
enum Cursor {
    Target,
    Open(u32),
    Pending(u32),
}

/// The search under way.
struct Search<'s, S: Spec> {
    spec: &'s mut S,
    plan: Plan<S::Action>,
    /// Links over the required operations that have not taken effect, in the order of invocation; the last place is
    /// the head.
    next: Vec<u32>,
    previous: Vec<u32>,
    done: Vec<bool>,
    used: Vec<bool>,
    /// Whether pending operations may happen again and again.
    generous: bool,
    /// The states at the end, if all of them are wanted.
    finals: Option<Vec<u32>>,
    /// The required operations that took effect, in order, to be taken back; an advance past an end is `NONE`.
    trail: Vec<u32>,
    memory: Memory,
    end: u32,
    furthest: u32,
    steps: u64,
}

/// Whether these operations on one object have a linearization.
///
/// A short search settles most. Where it does not, what can be refuted without one is, and where operations are
/// pending the question is first put as if each of them could happen again and again: that is far quicker, and if
/// there is no linearization even so, there is none.
pub(crate) fn solve<S: Spec>(spec: &mut S, deeds: &[Deed<'_>], budget: u64) -> Solved {
    let plan = match plan(spec, deeds) {
        Ok(plan) => plan,
        Err(reason) => return Solved::Unfit(reason),
    };
    let state = spec.initial();
    let short = budget.min(SHORT + 4 * deeds.len() as u64);
    let solved = Search::new(spec, plan.clone(), false).run(state, short);
    if solved != Solved::Spent || short == budget {
        return solved;
    }
    if let Some(position) = spec.refute(deeds) {
        return Solved::No(position);
    }
    if !plan.optional.is_empty() && spec.is_finite() {
        let generous = Search::new(spec, plan.clone(), true).run(state, budget);
        if matches!(generous, Solved::No(_)) {
            return generous;
        }
    }
    Search::new(spec, plan, false).run(state, budget)
}

/// The states that the object can be in once all that must take effect has, as if pending operations could happen
/// again and again; `None` if they are too many to find.
pub(crate) fn finals<S: Spec>(spec: &mut S, deeds: &[Deed<'_>], budget: u64) -> Option<Vec<u32>> {
    let plan = plan(spec, deeds).ok()?;
    let state = spec.initial();
    if plan.required.is_empty() {
        return plan.optional.is_empty().then(|| vec![state]);
    }
    let mut search = Search::new(spec, plan, true);
    search.finals = Some(Vec::new());
    matches!(search.run(state, budget), Solved::No(_)).then_some(search.finals?)
}

impl<'s, S: Spec> Search<'s, S> {
    fn new(spec: &'s mut S, mut plan: Plan<S::Action>, generous: bool) -> Search<'s, S> {
        if generous {
            plan.optional.retain(|operation| operation.twin == NONE);
        }
        let count = plan.required.len() as u32;
        let next = (0..=count).map(|index| if index == count { 0 } else { index + 1 }).collect();
        let previous = (0..=count).map(|index| if index == 0 { count } else { index - 1 }).collect();
        let memory = Memory::new(plan.slots, plan.optional.len() as u32);
        let (done, used) = (vec![false; count as usize], vec![false; plan.optional.len()]);
        Search {
            spec,
            plan,
            next,
            previous,
            done,
            used,
            generous,
            finals: None,
            trail: Vec::new(),
            memory,
            end: 0,
            furthest: 0,
            steps: 0,
        }
    }

    fn run(&mut self, initial: u32, budget: u64) -> Solved {
        let mut frames: Vec<Frame> = Vec::new();
        let mut arrival = Some((initial, NONE, NONE, 0));
        loop {
            if let Some((state, mut shadow, used, trail)) = arrival.take() {
                self.steps += 1;
                if self.steps > budget
                    || self.steps.is_multiple_of(1024)
                        && self.spec.weight() + self.memory.weight() > WEIGHT_MAX
                {
                    return Solved::Spent;
                }
                let open = self.settle(state, &mut shadow);
                if self.end as usize == self.plan.ends.len() {
                    let Some(finals) = &mut self.finals else { return Solved::Yes };
                    if !finals.contains(&state) {
                        finals.push(state);
                    }
                    self.take_back(trail);
                    continue;
                }
                let cursor = if open && self.memory.is_new(self.end, state) {
                    Cursor::Target
                } else {
                    Cursor::Pending(self.plan.optional.len() as u32)
                };
                frames.push(Frame { trail, end: self.end, state, shadow, cursor, used });
            }
            let Some(frame) = frames.last_mut() else {
                return Solved::No(self.plan.positions[self.furthest as usize]);
            };
            let (state, mut cursor) = (frame.state, frame.cursor);
            let before = (frame.shadow != NONE).then_some((frame.shadow, frame.used));
            self.end = frame.end;
            let trail = self.trail.len();
            let found = self.candidate(state, before, &mut cursor);
            frame.cursor = cursor;
            match found {
                Some(Choice::Required(index, state)) => {
                    self.lift(index);
                    arrival = Some((state, NONE, NONE, trail));
                }
                Some(Choice::Optional(index, after)) => {
                    self.use_pending(index);
                    arrival = Some((after, state, index, trail));
                }
                None => {
                    let (trail, used) = (frame.trail, frame.used);
                    frames.pop();
                    self.take_back(trail);
                    if used != NONE {
                        self.unuse(used);
                    }
                }
            }
        }
    }

    /// Lets everything take effect that may at once, and passes the ends that are satisfied. Whether the
    /// configuration may still lead anywhere. `shadow` goes once something saw what the pending operation did.
    fn settle(&mut self, state: u32, shadow: &mut u32) -> bool {
        loop {
            while let Some(&index) = self.plan.ends.get(self.end as usize)
                && self.done[index as usize]
            {
                self.memory.flip(self.plan.required[index as usize].slot);
                self.trail.push(NONE);
                self.end += 1;
            }
            let Some(&position) = self.plan.positions.get(self.end as usize) else { return true };
            self.furthest = self.furthest.max(self.end);
            let mut index = self.next[self.head()];
            while (index as usize) < self.head() && self.plan.required[index as usize].invoked < position {
                let action = self.plan.required[index as usize].action;
                let mut following = self.next[index as usize];
                if S::is_observation(action) && self.spec.step(state, action).is_some() {
                    self.lift(index);
                    if *shadow != NONE {
                        *shadow = NONE;
                        following = self.next[self.head()];
                    }
                }
                index = following;
            }
            let target = self.plan.ends[self.end as usize];
            if !self.done[target as usize] {
                return !S::FORESEES || self.foresee(state);
            }
        }
    }

    /// Whether the next operations that see the whole state still can, unless a reset may come before them.
    fn foresee(&self, state: u32) -> bool {
        let reset = self.plan.resets[self.end as usize];
        let mut observer = self.plan.observers[self.end as usize];
        while observer != NONE && self.plan.positions[observer as usize] < reset {
            let index = self.plan.ends[observer as usize] as usize;
            if !self.done[index] {
                return self.spec.leads_to(state, self.plan.required[index].action);
            }
            observer = self.plan.observers[observer as usize + 1];
        }
        true
    }

    /// The next operation that may take effect, and the state it leaves. `before` is the state before the pending
    /// operation just used, and that operation, if one was.
    fn candidate(&mut self, state: u32, before: Option<(u32, u32)>, cursor: &mut Cursor) -> Option<Choice> {
        let position = self.plan.positions[self.end as usize];
        let target = self.plan.ends[self.end as usize];
        loop {
            match *cursor {
                Cursor::Target => {
                    *cursor = Cursor::Open(self.next[self.head()]);
                    let action = self.plan.required[target as usize].action;
                    if let Some(after) = self.effect(state, before, action, false) {
                        return Some(Choice::Required(target, after));
                    }
                }
                Cursor::Open(index) => {
                    if index as usize >= self.head() || self.plan.required[index as usize].invoked >= position
                    {
                        *cursor = Cursor::Pending(0);
                        continue;
                    }
                    *cursor = Cursor::Open(self.next[index as usize]);
                    let action = self.plan.required[index as usize].action;
                    if index != target
                        && !self.has_earlier_twin(index, position)
                        && let Some(after) = self.effect(state, before, action, false)
                    {
                        return Some(Choice::Required(index, after));
                    }
                }
                Cursor::Pending(index) => {
                    let operation = *self.plan.optional.get(index as usize)?;
                    if operation.invoked >= position {
                        return None;
                    }
                    *cursor = Cursor::Pending(index + 1);
                    let in_turn = operation.twin == NONE || self.used[operation.twin as usize];
                    if self.used[index as usize] || !in_turn {
                        continue;
                    }
                    if let Some(after) = self.effect(state, before, operation.action, true)
                        && after != state
                    {
                        return Some(Choice::Optional(index, after));
                    }
                }
            }
        }
    }

    /// Whether an equal operation is open whose end comes first: then that one may as well take effect instead.
    fn has_earlier_twin(&self, index: u32, position: u64) -> bool {
        let Required { end, action, .. } = self.plan.required[index as usize];
        let mut other = self.next[self.head()];
        while (other as usize) < self.head() {
            let it = &self.plan.required[other as usize];
            if it.invoked >= position {
                return false;
            }
            if it.end < end && it.action == action {
                return true;
            }
            other = self.next[other as usize];
        }
        false
    }

    /// The state after this action, unless it is impossible, or the pending operation before it was of no use to it.
    #[inline]
    fn effect(
        &mut self,
        state: u32,
        before: Option<(u32, u32)>,
        action: S::Action,
        pends: bool,
    ) -> Option<u32> {
        let after = self.spec.step(state, action)?;
        if let Some((shadow, used)) = before {
            let pending = self.plan.optional[used as usize].action;
            if self.spec.step(shadow, action) == Some(after)
                || self.spec.may_wait(shadow, pending, action, pends)
            {
                return None;
            }
        }
        Some(after)
    }

    fn head(&self) -> usize {
        self.plan.required.len()
    }

    /// A required operation takes effect.
    fn lift(&mut self, index: u32) {
        let (before, after) = (self.previous[index as usize], self.next[index as usize]);
        self.next[before as usize] = after;
        self.previous[after as usize] = before;
        self.done[index as usize] = true;
        self.memory.flip(self.plan.required[index as usize].slot);
        self.trail.push(index);
    }

    /// Takes everything back until the trail is this long.
    fn take_back(&mut self, length: usize) {
        while self.trail.len() > length {
            match self.trail.pop() {
                Some(NONE) => {
                    self.end -= 1;
                    let index = self.plan.ends[self.end as usize];
                    self.memory.flip(self.plan.required[index as usize].slot);
                }
                Some(index) => {
                    let (before, after) = (self.previous[index as usize], self.next[index as usize]);
                    self.next[before as usize] = index;
                    self.previous[after as usize] = index;
                    self.done[index as usize] = false;
                    self.memory.flip(self.plan.required[index as usize].slot);
                }
                None => return,
            }
        }
    }

    fn use_pending(&mut self, index: u32) {
        if self.generous {
            return;
        }
        self.used[index as usize] = true;
        self.memory.flip_used(index);
    }

    fn unuse(&mut self, index: u32) {
        if self.generous {
            return;
        }
        self.used[index as usize] = false;
        self.memory.flip_used(index);
    }
}

/// What is tried next.
enum Choice {
    Required(u32, u32),
    Optional(u32, u32),
}
