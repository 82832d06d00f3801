//! Policies composed: a call goes in through the layers in the order written, each may hold it, repeat it, double it
//! or turn it away, and its end comes out through them again.
//!
//! A pure state machine: it is told of calls, ends of attempts and wake-ups, and answers with [`Act`]s. What a layer
//! gives up (a timeout, a hedge that lost) is torn down below it without being counted by the layers inside: a breaker
//! inside a timeout sees a cancellation, not a failure. Write the breaker before the timeout to have it counted.
//! Deliberately absent: whom an attempt goes to, and the timers themselves.

use crate::random::Rng;
use crate::time::Time;

use super::breaker::State as BreakerState;
use super::stack_acts::{Act, Acts, Call, Twin, Why};
use super::stack_frames::{Frame, Frames, NONE, Token};
use super::stack_layers::{Running, passes_in, turned};
use super::{Layer, Outcome};

/// Layers at work, and the calls that are inside them.
#[derive(Clone, Debug)]
pub struct Stack {
    layers: Vec<Running>,
    frames: Frames,
    /// Frames that have ended by themselves, with their outcomes.
    over: Vec<(Token, Outcome)>,
    /// Frames that may go on inwards.
    going: Vec<Token>,
    /// Whether a bulkhead has a free place.
    vacancy: bool,
    /// The layer of tied copies, if there is one.
    tied: Option<u8>,
}

impl Stack {
    /// These layers, the first one outermost. None at all passes every call on as one attempt.
    #[must_use]
    pub fn new(layers: &[Layer]) -> Stack {
        let ties = |layer: &Layer| matches!(layer, Layer::Hedge(hedge) if hedge.tied);
        let tied = layers.iter().position(ties).map(|layer| layer as u8);
        let layers = layers.iter().map(Running::new).collect();
        let (frames, over, going) = (Frames::default(), Vec::new(), Vec::new());
        Stack { layers, frames, over, going, vacancy: false, tied }
    }

    /// Whether there are no layers, so that a call is its one attempt.
    #[inline]
    #[must_use]
    pub fn is_plain(&self) -> bool {
        self.layers.is_empty()
    }

    /// Ends the one attempt of a call through no layers: the call's tag, if it is still waited for.
    #[inline]
    pub fn close(&mut self, attempt: Token) -> Option<u64> {
        let frame = self.frames.find(attempt)?;
        Some(self.frames.close(frame))
    }

    /// A call comes in; the token is for [`Stack::abandon`].
    #[inline]
    pub fn begin(&mut self, call: Call, now: Time, rng: &mut Rng, acts: &mut Acts) -> Token {
        if self.layers.is_empty() && call.deadline == Time::NEVER {
            let token = self.frames.plain(call.tag, now);
            let (deadline, twin) = (Time::NEVER, Twin::None);
            acts.push(Act::Send { attempt: token, tag: call.tag, number: 1, deadline, twin });
            return token;
        }
        self.begin_layered(call, now, rng, acts)
    }

    #[inline(never)]
    fn begin_layered(&mut self, call: Call, now: Time, rng: &mut Rng, acts: &mut Acts) -> Token {
        let frame = self.frames.root(call.tag, call.key, call.deadline, now);
        let token = self.frames.token(frame);
        if call.deadline <= now {
            // Nobody would have its answer: nothing is sent.
            self.over.push((token, Outcome::Timeout));
        } else {
            if call.deadline < Time::NEVER {
                acts.push(Act::Wake { at: call.deadline, token });
            }
            self.enter(frame, now, rng, acts);
        }
        self.settle(now, rng, acts);
        token
    }

    /// An attempt has ended; `false` if nobody waits for it any more.
    pub fn ended(
        &mut self,
        attempt: Token,
        outcome: Outcome,
        now: Time,
        rng: &mut Rng,
        acts: &mut Acts,
    ) -> bool {
        let Some(frame) = self.frames.find(attempt) else { return false };
        if self.layers.is_empty() {
            acts.push(Act::Done { tag: self.frames.close(frame), outcome });
            return true;
        }
        self.finish(frame, outcome, now, rng, acts);
        self.settle(now, rng, acts);
        true
    }

    /// The caller has lost interest in a call: it is torn down without an end.
    pub fn abandon(&mut self, call: Token, now: Time, rng: &mut Rng, acts: &mut Acts) {
        let Some(frame) = self.frames.find(call) else { return };
        self.tear_down(frame, Why::Left, acts);
        self.settle(now, rng, acts);
    }

    /// A wake-up that was asked for is due. One that has lost its reason is no error.
    pub fn wake(&mut self, token: Token, now: Time, rng: &mut Rng, acts: &mut Acts) {
        let Some(frame) = self.frames.find(token) else { return };
        let state = *self.frames.get(frame);
        if state.parent == NONE && now >= state.deadline {
            self.tear_down(frame, Why::Late, acts);
            acts.push(Act::Done { tag: state.tag, outcome: Outcome::Timeout });
            return self.settle(now, rng, acts);
        }
        let layer = state.layer as usize;
        match &mut self.layers[layer] {
            Running::Timeout(_) => {
                self.drop_inside(frame, Why::Late, acts);
                self.over.push((token, Outcome::Timeout));
            }
            Running::Retry(..) | Running::LeakyBucket(_) => self.inward(frame, now, rng, acts),
            // The first of two tied copies has begun: another would be called off.
            Running::Hedge(_) if self.frames.get(frame).held => {}
            Running::Hedge(hedge) => {
                let next = hedge.delay(self.frames.get(frame).tries + 1);
                self.inward(frame, now, rng, acts);
                acts.push(Act::Mark("hedged"));
                acts.extend(next.map(|delay| Act::Wake { at: now + delay, token }));
            }
            _ => {}
        }
        self.settle(now, rng, acts);
    }

    /// One of two tied copies has begun: no other is sent.
    pub fn begun(&mut self, attempt: Token) {
        if let (Some(layer), Some(frame)) = (self.tied, self.frames.find(attempt)) {
            let hedge = self.frames.ancestor(frame, layer);
            self.frames.get_mut(hedge).held = true;
        }
    }

    /// The tag of the call that something belongs to, while that lives.
    #[must_use]
    pub fn tag(&self, token: Token) -> Option<u64> {
        self.frames.find(token).map(|frame| self.frames.get(frame).tag)
    }

    /// Whether a wake-up still has a reason.
    #[must_use]
    pub fn is_live(&self, token: Token) -> bool {
        self.frames.find(token).is_some()
    }

    /// How many frames are alive; none when no call is under way.
    #[must_use]
    pub fn live(&self) -> usize {
        self.frames.live()
    }

    /// The first breaker's state if it were asked now, if there is a breaker.
    #[must_use]
    pub fn breaker(&self, now: Time) -> Option<BreakerState> {
        self.layers.iter().find_map(|layer| match layer {
            Running::Breaker(breaker) => Some(breaker.state_at(now)),
            _ => None,
        })
    }

    /// How many hold a place in the first bulkhead, and how many wait for one.
    #[must_use]
    pub fn bulkhead(&self) -> Option<(u32, u32)> {
        self.layers.iter().find_map(|layer| match layer {
            Running::Bulkhead(bulkhead) => Some(bulkhead.load()),
            _ => None,
        })
    }

    /// Sends what is inside a frame's layer.
    fn inward(&mut self, frame: u32, now: Time, rng: &mut Rng, acts: &mut Acts) {
        self.frames.get_mut(frame).tries += 1;
        let child = self.frames.child(frame, now);
        self.enter(child, now, rng, acts);
    }

    /// A frame meets its layer.
    fn enter(&mut self, frame: u32, now: Time, rng: &mut Rng, acts: &mut Acts) {
        let token = self.frames.token(frame);
        let state = *self.frames.get(frame);
        let Some(layer) = self.layers.get_mut(state.layer as usize) else {
            if state.told <= now {
                return self.over.push((token, Outcome::Timeout));
            }
            let root = self.frames.get_mut(state.root);
            root.sent += 1;
            let number = root.sent;
            let twin = self.twin(frame);
            acts.push(Act::Send { attempt: token, tag: state.tag, number, deadline: state.told, twin });
            return;
        };
        let (passes, held) = match layer {
            Running::Timeout(span) => {
                let at = now + *span;
                let own = self.frames.get_mut(frame);
                own.deadline = own.deadline.min(at);
                if own.told != Time::NEVER {
                    own.told = own.told.min(at);
                }
                acts.push(Act::Wake { at, token });
                (Ok(true), false)
            }
            Running::Deadline(margin) => {
                let told = if state.deadline == Time::NEVER { Time::NEVER } else { state.deadline - *margin };
                self.frames.get_mut(frame).told = told;
                (if told <= now { Err(Outcome::Timeout) } else { Ok(true) }, false)
            }
            gate => passes_in(gate, frame, token, state.key, now, rng, acts),
        };
        self.frames.get_mut(frame).held = held;
        match passes {
            Ok(true) => self.inward(frame, now, rng, acts),
            Ok(false) => {}
            Err(outcome) => self.over.push((token, outcome)),
        }
    }

    /// The copy that an attempt is tied to.
    fn twin(&self, attempt: u32) -> Twin {
        let Some(layer) = self.tied else { return Twin::None };
        let hedge = self.frames.ancestor(attempt, layer);
        let other = self.frames.other_leaf(hedge, self.layers.len() as u8, attempt);
        other.map_or(Twin::Awaited, |other| Twin::Of(self.frames.token(other)))
    }

    /// Ends that were put off, and calls that may go on: until nothing is left to do.
    fn settle(&mut self, now: Time, rng: &mut Rng, acts: &mut Acts) {
        loop {
            if let Some((token, outcome)) = self.over.pop() {
                if let Some(frame) = self.frames.find(token) {
                    self.finish(frame, outcome, now, rng, acts);
                }
            } else if let Some(token) = self.going.pop() {
                if let Some(frame) = self.frames.find(token) {
                    self.inward(frame, now, rng, acts);
                }
            } else if std::mem::take(&mut self.vacancy) {
                for layer in &mut self.layers {
                    let Running::Bulkhead(bulkhead) = layer else { continue };
                    while let Some(frame) = bulkhead.seat() {
                        self.frames.get_mut(frame).held = true;
                        self.going.push(self.frames.token(frame));
                    }
                }
                self.going.reverse();
            } else {
                return;
            }
        }
    }

    /// A frame is over; its end goes outwards as far as the layers let it.
    fn finish(&mut self, mut frame: u32, mut outcome: Outcome, now: Time, rng: &mut Rng, acts: &mut Acts) {
        loop {
            let ended = self.frames.remove(frame);
            if ended.parent == NONE {
                acts.push(Act::Done { tag: ended.tag, outcome });
                return;
            }
            frame = ended.parent;
            match self.passes_out(frame, outcome, now, rng, acts) {
                Some(out) => outcome = out,
                None => return,
            }
        }
    }

    /// What is inside a frame's layer has ended; the layer's own end, or `None` if it goes on.
    fn passes_out(
        &mut self,
        frame: u32,
        outcome: Outcome,
        now: Time,
        rng: &mut Rng,
        acts: &mut Acts,
    ) -> Option<Outcome> {
        let state = *self.frames.get(frame);
        let took = now.since(state.began);
        // What the callee did not refuse, lose or keep waiting.
        let served = !matches!(outcome, Outcome::Rejected | Outcome::Timeout | Outcome::Refused);
        match &mut self.layers[state.layer as usize] {
            Running::Timeout(_) | Running::Deadline(_) => {}
            Running::Retry(..) => return self.retries(frame, outcome, now, rng, acts),
            Running::Hedge(hedge) => {
                let of_no_use = outcome.is_retryable() || outcome == Outcome::TakenBack;
                if of_no_use && self.frames.has_children(frame) {
                    return None;
                }
                hedge.took(took);
                let why = if hedge.tied() { Why::Tied } else { Why::Lost };
                self.drop_inside(frame, why, acts);
                if outcome == Outcome::TakenBack {
                    // The copy that called this one off has failed since.
                    return Some(Outcome::Failed);
                }
            }
            Running::Breaker(breaker) if outcome.is_neutral() => breaker.forget(state.began),
            Running::Breaker(breaker) => {
                let before = breaker.state();
                breaker.ended(outcome.is_ok() || outcome == Outcome::Fatal, took, now);
                acts.extend(turned(before, breaker.state()).map(Act::Mark));
            }
            Running::Throttle(_) if outcome == Outcome::TakenBack => {}
            Running::Throttle(throttle) => throttle.ended(served && !outcome.is_local(), now),
            Running::Bulkhead(bulkhead) => {
                bulkhead.leave();
                self.vacancy = true;
            }
            Running::Concurrency(limit) if outcome == Outcome::TakenBack => limit.forget(),
            Running::Concurrency(limit) => limit.ended(served, took),
            Running::TokenBucket(_) | Running::LeakyBucket(_) => {}
            Running::Coalesce(flights) => {
                for other in flights.land(state.key) {
                    if other != frame {
                        self.over.push((self.frames.token(other), outcome));
                    }
                }
            }
            Running::Fallback if !outcome.is_ok() => return Some(Outcome::Degraded),
            Running::Fallback => {}
        }
        Some(outcome)
    }

    fn retries(
        &mut self,
        frame: u32,
        outcome: Outcome,
        now: Time,
        rng: &mut Rng,
        acts: &mut Acts,
    ) -> Option<Outcome> {
        let state = *self.frames.get(frame);
        let Running::Retry(config, budget) = &mut self.layers[state.layer as usize] else {
            return Some(outcome);
        };
        if let Some(budget) = budget
            && !outcome.is_neutral()
        {
            budget.ended(outcome.is_ok());
        }
        if !outcome.is_retryable() || state.tries >= config.attempts {
            return Some(outcome);
        }
        let wait = config.backoff.wait(state.tries, state.wait, rng);
        // A retry that could not be answered in time is not worth its load.
        if now + wait >= state.deadline {
            return Some(outcome);
        }
        if let Some(budget) = budget
            && !budget.take_retry(now)
        {
            acts.push(Act::Mark("retry budget empty"));
            return Some(outcome);
        }
        self.frames.get_mut(frame).wait = wait;
        acts.push(Act::Wake { at: now + wait, token: self.frames.token(frame) });
        None
    }

    /// Tears down a call, with what its own layer holds.
    fn tear_down(&mut self, root: u32, why: Why, acts: &mut Acts) {
        self.drop_inside(root, why, acts);
        let state = *self.frames.get(root);
        if (state.layer as usize) < self.layers.len() {
            self.give_back(root, &state);
        } else {
            acts.push(Act::Cancel { attempt: self.frames.token(root), why });
        }
        self.frames.remove(root);
    }

    /// Tears down everything inside a frame.
    fn drop_inside(&mut self, frame: u32, why: Why, acts: &mut Acts) {
        let mut gone: Vec<(Token, u32, Frame)> = Vec::new();
        self.frames.prune(frame, |token, index, frame| {
            gone.push((token, index, *frame));
        });
        for (token, index, state) in gone {
            if state.layer as usize == self.layers.len() {
                acts.push(Act::Cancel { attempt: token, why });
            } else {
                self.give_back(index, &state);
            }
        }
    }

    /// What a torn-down frame held goes back to its layer.
    fn give_back(&mut self, frame: u32, state: &Frame) {
        let (held, key) = (state.held, state.key);
        match &mut self.layers[state.layer as usize] {
            Running::Breaker(breaker) if held => breaker.forget(state.began),
            Running::Bulkhead(bulkhead) if held => {
                bulkhead.leave();
                self.vacancy = true;
            }
            Running::Bulkhead(bulkhead) => bulkhead.give_up(frame),
            Running::Concurrency(limit) if held => limit.forget(),
            Running::Coalesce(flights) if held => {
                let heir = flights.leave(key, frame);
                self.going.extend(heir.map(|heir| self.frames.token(heir)));
            }
            _ => {}
        }
    }
}
