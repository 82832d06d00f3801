//! What happens at a node: boot and crash, arrivals, the processor's queue, handlers.

use std::ops::ControlFlow;

use crate::disk::SyncResult;
use crate::fault::Crash;
use crate::fingerprint::content;
use crate::node::{Context, Node, Reply, Work};
use crate::observer::{Happening, Observer, Step};
use crate::peer::Peer;
use crate::processor::{Overflow, Task};
use crate::random::Purpose;
use crate::record::{Life, LifeChange};
use crate::time::Span;
use crate::world::inject::Occurrence;
use crate::world::{Event, Flow, Kind, World, sync_of};

impl<N: Node> World<N> {
    /// Starts a node's process, for the first time or again.
    pub(super) fn boot<O: Observer<N>>(&mut self, node: Peer, observer: &mut O) -> Flow {
        let rest = &mut self.rests[node.index()];
        rest.boot += 1;
        let boot = rest.boot;
        // Ten million first boots at time zero are no news; every later one is.
        if boot > 1 {
            self.note_life(node, Life::Up, observer)?;
        }
        self.absorb(u64::from(node.raw()), Kind::Boot, node, u64::from(boot));
        self.tell(observer, &Happening::Work { node, work: &Work::Boot })?;
        self.handle(node, Work::Boot, observer)?;
        self.happened(Occurrence::Boots, node);
        ControlFlow::Continue(())
    }

    /// Stops a node's process.
    pub(super) fn crash<O: Observer<N>>(
        &mut self,
        node: Peer,
        how: Crash,
        life: Life,
        observer: &mut O,
    ) -> Flow {
        let slot = &mut self.slots[node.index()];
        if slot.state.take().is_none() {
            return ControlFlow::Continue(());
        }
        slot.timers.clear();
        let rest = &mut self.rests[node.index()];
        (rest.role, rest.epoch) = ("", 0);
        // The stream of a node's disk: syncs count up from block 0, crashes down from the last.
        let block = u64::MAX - u64::from(rest.boot);
        let mut tears = self.streams.block(Purpose::Disk, u64::from(node.raw()), block);
        if let Some(disk) = &mut rest.disk {
            match how {
                Crash::LoseUnsynced => disk.crash(),
                Crash::KeepAll => disk.flush(),
                Crash::Torn => disk.tear(&mut tears),
                Crash::Wipe => disk.wipe(),
            }
        }
        if let Some(body) = &mut slot.body {
            body.processor.clear();
        }
        self.absorb(u64::from(node.raw()), Kind::Crash, node, how as u64);
        self.note_life(node, life, observer)?;
        self.happened(Occurrence::Crashes, node);
        ControlFlow::Continue(())
    }

    pub(super) fn note_life<O: Observer<N>>(&mut self, node: Peer, life: Life, observer: &mut O) -> Flow {
        self.record.lives.push(LifeChange { at: self.now, node, life });
        self.tell(observer, &Happening::Life { node, life })
    }

    /// A message reaches its receiver's network card.
    #[inline]
    pub(super) fn arrive<O: Observer<N>>(
        &mut self,
        tie: u64,
        message: u32,
        to: Peer,
        observer: &mut O,
    ) -> Flow {
        let message = self.messages.take(message);
        let from = self.source(tie);
        let slot = &self.slots[to.index()];
        if slot.state.is_none() || self.network.blocks_arrival(from, to) {
            return self.arrive_nowhere(tie, from, to, &message, observer);
        }
        let plain = slot.body.is_none();
        self.network.counts.delivered = self.network.counts.delivered.wrapping_add(1);
        self.absorb(tie, Kind::Message, to, content(&message));
        let work = Work::Message { from, message };
        if plain { self.act(to, work, observer) } else { self.accept(to, Task::Do(work), observer) }
    }

    /// A message is stopped by a partition, or finds nobody at home.
    #[cold]
    fn arrive_nowhere<O: Observer<N>>(
        &mut self,
        tie: u64,
        from: Peer,
        to: Peer,
        message: &N::Message,
        observer: &mut O,
    ) -> Flow {
        let kind = N::message_kind(message);
        let why = self.network.blocks_arrival(from, to).then_some(crate::network::Drop::Blocked);
        match why {
            Some(_) => self.network.counts.blocked += 1,
            None => self.network.counts.to_dead += 1,
        }
        self.dropped(tie, from, to, kind, why, observer)?;
        match N::refusal(message) {
            Some(refusal) if why.is_none() => self.send(to, from, refusal, observer),
            _ => ControlFlow::Continue(()),
        }
    }

    #[inline(never)]
    pub(super) fn dropped<O: Observer<N>>(
        &mut self,
        tie: u64,
        from: Peer,
        to: Peer,
        kind: &'static str,
        why: Option<crate::network::Drop>,
        observer: &mut O,
    ) -> Flow {
        self.absorb(tie, Kind::Dropped, to, content(&why));
        self.tell(observer, &Happening::Dropped { from, to, kind, why })
    }

    pub(super) fn request_arrives<O: Observer<N>>(
        &mut self,
        tie: u64,
        to: Peer,
        slot: u32,
        observer: &mut O,
    ) -> Flow {
        let request = self.requests.take(slot);
        let client = request.id.client;
        if self.network.blocks_arrival(client, to) {
            self.network.counts.blocked += 1;
            return self.dropped(tie, client, to, "request", Some(crate::network::Drop::Blocked), observer);
        }
        self.absorb(tie, Kind::Request, to, content(&request));
        let slot = &self.slots[to.index()];
        let plain = slot.body.is_none();
        if slot.state.is_none() {
            // The machine is there, the process is not: the connection is refused.
            self.network.counts.to_dead += 1;
            self.send_reply(to, request.id, Reply::Rejected);
            return self.tell(observer, &Happening::Dropped { from: client, to, kind: "request", why: None });
        }
        self.network.counts.delivered += 1;
        let work = Work::Request(request);
        if plain { self.act(to, work, observer) } else { self.accept(to, Task::Do(work), observer) }
    }

    /// Whether a task is a request that its client has given up by now, and says so.
    fn is_too_late(&mut self, task: &Task<N>) -> bool {
        let Task::Do(Work::Request(request)) = task else { return false };
        let late = request.deadline.is_some_and(|deadline| deadline <= self.now);
        if late {
            *self.counts.marks.entry("too late to begin").or_insert(0) += 1;
        }
        late
    }

    #[inline]
    pub(super) fn timer_due<O: Observer<N>>(
        &mut self,
        tie: u64,
        node: Peer,
        arming: u32,
        observer: &mut O,
    ) -> Flow {
        // A timer that was taken back, armed anew, or belongs to a dead life is not there any more.
        let slot = &mut self.slots[node.index()];
        if slot.body.is_some() {
            if slot.state.is_none() || !slot.timers.stands(arming) {
                return ControlFlow::Continue(());
            }
            self.absorb(tie, Kind::Timer, node, u64::from(arming));
            return self.accept(node, Task::Timer(arming), observer);
        }
        let Some(timer) = slot.timers.fire(arming) else { return ControlFlow::Continue(()) };
        self.absorb(tie, Kind::Timer, node, u64::from(arming));
        self.act(node, Work::Timer(timer), observer)
    }

    pub(super) fn synced<O: Observer<N>>(
        &mut self,
        tie: u64,
        boot: u32,
        low: u32,
        result: SyncResult,
        observer: &mut O,
    ) -> Flow {
        let node = self.source(tie);
        let (slot, rest) = (&self.slots[node.index()], &mut self.rests[node.index()]);
        if rest.boot != boot || slot.state.is_none() {
            return ControlFlow::Continue(());
        }
        let Some(disk) = &mut rest.disk else { return ControlFlow::Continue(()) };
        let plain = slot.body.is_none();
        let sync = sync_of(low, disk.latest_sync());
        // A sync that was to fail succeeds after all if what made it fail is over by then.
        let fails = result == SyncResult::Failed && disk.failure() > 0.0;
        let result = if fails { SyncResult::Failed } else { SyncResult::Durable };
        if !fails {
            disk.complete_sync(sync);
        }
        self.absorb(tie, Kind::Synced, node, content(&(sync, result)));
        let work = Work::Synced(sync, result);
        if plain { self.act(node, work, observer) } else { self.accept(node, Task::Do(work), observer) }
    }

    /// Work reaches the processor: it is handled now, served for a while, or waits.
    #[inline(never)]
    pub(super) fn accept<O: Observer<N>>(&mut self, node: Peer, task: Task<N>, observer: &mut O) -> Flow {
        let slot = &mut self.slots[node.index()];
        let Some(body) = &mut slot.body else { return self.perform(node, task, observer) };
        let group = &self.groups[usize::from(self.rests[node.index()].group)];
        let processor = &mut body.processor;
        if group.processor.timers_apart && processor.paused == 0 && matches!(task, Task::Timer(_)) {
            return self.perform(node, task, observer);
        }
        if processor.paused == 0 && processor.busy < group.processor.workers && processor.inbox.is_empty() {
            return self.begin(node, task, observer);
        }
        if task.is_droppable() {
            if group.processor.inbox.is_some_and(|room| processor.waiting >= room) {
                self.network.counts.inbox_full += 1;
                if let (Overflow::Reject, Task::Do(Work::Request(request))) =
                    (group.processor.overflow, &task)
                {
                    let id = request.id;
                    self.send_reply(node, id, Reply::Rejected);
                }
                return ControlFlow::Continue(());
            }
            processor.waiting += 1;
        }
        processor.inbox.push_back(task);
        ControlFlow::Continue(())
    }

    /// A free worker takes a task.
    fn begin<O: Observer<N>>(&mut self, node: Peer, task: Task<N>, observer: &mut O) -> Flow {
        if self.is_too_late(&task) {
            return ControlFlow::Continue(());
        }
        let slot = &mut self.slots[node.index()];
        let rest = &self.rests[node.index()];
        let group = &self.groups[usize::from(rest.group)];
        let Some(body) = &mut slot.body else { return self.perform(node, task, observer) };
        let cost = if group.free && body.processor.slow.is_empty() {
            Span::ZERO
        } else {
            body.processor.cost(&group.processor, &task)
        };
        if cost == Span::ZERO {
            return self.perform(node, task, observer);
        }
        body.processor.busy += 1;
        let boot = rest.boot;
        let place = self.tasks.insert(|| task);
        self.schedule_node(self.now + cost, node, || Event::Done { node, boot, slot: place });
        ControlFlow::Continue(())
    }

    /// A worker is done with a task: its handler runs, and the next waiting task is taken.
    #[inline(never)]
    pub(super) fn served<O: Observer<N>>(
        &mut self,
        tie: u64,
        node: Peer,
        boot: u32,
        place: u32,
        observer: &mut O,
    ) -> Flow {
        let _ = tie;
        let task = self.tasks.take(place);
        let slot = &mut self.slots[node.index()];
        let alive = self.rests[node.index()].boot == boot && slot.state.is_some();
        let Some(body) = slot.body.as_mut().filter(|_| alive) else { return ControlFlow::Continue(()) };
        if body.processor.paused > 0 {
            body.processor.served.push_back(task);
            return ControlFlow::Continue(());
        }
        body.processor.busy -= 1;
        self.perform(node, task, observer)?;
        self.next_tasks(node, observer)
    }

    /// Free workers take what waits.
    pub(super) fn next_tasks<O: Observer<N>>(&mut self, node: Peer, observer: &mut O) -> Flow {
        loop {
            let slot = &mut self.slots[node.index()];
            let workers = self.groups[usize::from(self.rests[node.index()].group)].processor.workers;
            let Some(body) = &mut slot.body else { return ControlFlow::Continue(()) };
            let processor = &mut body.processor;
            if slot.state.is_none() || processor.paused > 0 {
                return ControlFlow::Continue(());
            }
            if let Some(task) = processor.served.pop_front() {
                processor.busy = processor.busy.saturating_sub(1);
                self.perform(node, task, observer)?;
                continue;
            }
            if processor.busy >= workers {
                return ControlFlow::Continue(());
            }
            let Some(task) = processor.inbox.pop_front() else { return ControlFlow::Continue(()) };
            processor.waiting -= u32::from(task.is_droppable());
            self.begin(node, task, observer)?;
        }
    }

    /// A task's handler runs.
    #[inline(never)]
    fn perform<O: Observer<N>>(&mut self, node: Peer, task: Task<N>, observer: &mut O) -> Flow {
        let work = match task {
            Task::Do(work) => work,
            Task::Timer(arming) => {
                let fired = self.slots[node.index()].timers.fire(arming);
                let Some(timer) = fired else { return ControlFlow::Continue(()) };
                Work::Timer(timer)
            }
        };
        self.act(node, work, observer)
    }

    /// A node without a body does its work at once.
    #[inline(always)]
    fn act<O: Observer<N>>(&mut self, node: Peer, work: Work<N>, observer: &mut O) -> Flow {
        self.tell(observer, &Happening::Work { node, work: &work })?;
        self.handle(node, work, observer)
    }

    /// Runs a handler and carries out what it asks for.
    #[inline(always)]
    fn handle<O: Observer<N>>(&mut self, node: Peer, work: Work<N>, observer: &mut O) -> Flow {
        let (slot, rest) = (&mut self.slots[node.index()], &mut self.rests[node.index()]);
        let (now, wall, uncertainty) = match &slot.body {
            None => (self.now, self.now, Span::ZERO),
            Some(body) => {
                (body.clock.monotonic(self.now), body.clock.wall(self.now), body.clock.uncertainty())
            }
        };
        let mut context = Context {
            me: node,
            now,
            wall,
            uncertainty,
            slow: slot.body.as_ref().map_or(&[], |body| &body.processor.slow),
            rng: &mut slot.rng,
            disk: &mut rest.disk,
            effects: &mut self.effects,
        };
        let state = &mut slot.state;
        match work {
            Work::Boot => *state = Some(N::boot(&self.groups[usize::from(rest.group)].config, &mut context)),
            Work::Message { from, message } => {
                if let Some(state) = state {
                    state.on_message(from, message, &mut context);
                }
            }
            Work::Timer(timer) => {
                if let Some(state) = state {
                    state.on_timer(timer, &mut context);
                }
            }
            Work::Request(mut request) => {
                if let Some(deadline) = &mut request.deadline {
                    *deadline = now + deadline.since(self.now);
                }
                if let Some(state) = state {
                    state.on_request(request, &mut context);
                }
            }
            Work::Synced(sync, result) => {
                if let Some(state) = state {
                    state.on_synced(sync, result, &mut context);
                }
            }
        }
        if O::ACTIVE {
            let step = Step { at: self.now, node, effects: &self.effects, states: self.states() };
            observer.after(&step)?;
        }
        self.carry_out(node, observer)
    }
}
