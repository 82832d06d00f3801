//! Observers see every event, may stop the run, and cannot change it. They are dispatched statically: a run without
//! one pays nothing. Several are combined as a tuple; `Option` makes one optional.

use std::ops::ControlFlow;

use crate::fingerprint::Fingerprint;
use crate::history::Entry;
use crate::network::Drop;
use crate::node::{Effect, Node, RequestId, Work};
use crate::peer::Peer;
use crate::record::{Injection, Life, Violation};
use crate::time::Time;
use crate::world::States;

/// Something that happened, before it has had any effect.
#[derive(Debug)]
pub enum Happening<'a, N: Node> {
    /// A node is about to handle this.
    Work {
        /// Who.
        node: Peer,
        /// What.
        work: &'a Work<N>,
    },
    /// A message did not arrive.
    Dropped {
        /// Who sent it.
        from: Peer,
        /// To whom.
        to: Peer,
        /// Its kind.
        kind: &'static str,
        /// Why; `None` if the receiver was down.
        why: Option<Drop>,
    },
    /// A client invoked an operation.
    Invoked(&'a Entry),
    /// A client sent an attempt to a node.
    Attempt {
        /// Which.
        id: RequestId,
        /// To whom.
        to: Peer,
    },
    /// An operation ended; the entry says how.
    Completed(&'a Entry),
    /// A fault struck.
    Injected(&'a Injection),
    /// A fault ended.
    Ended(&'a Injection),
    /// A node's process started, stopped, was paused or resumed.
    Life {
        /// Who.
        node: Peer,
        /// What.
        life: Life,
    },
}

/// A handler has run.
#[derive(Debug)]
pub struct Step<'a, N: Node> {
    /// True time.
    pub at: Time,
    /// Which node.
    pub node: Peer,
    /// What it asked for.
    pub effects: &'a [Effect<N::Message, N::Timer>],
    /// All nodes as they are now.
    pub states: States<'a, N>,
}

/// Something that watches.
pub trait Observer<N: Node> {
    /// Whether it wants to be told anything at all.
    const ACTIVE: bool = true;

    /// Something is about to happen; the fingerprint covers it already.
    fn before(
        &mut self,
        at: Time,
        fingerprint: Fingerprint,
        happening: &Happening<'_, N>,
    ) -> ControlFlow<Violation> {
        let _ = (at, fingerprint, happening);
        ControlFlow::Continue(())
    }

    /// A handler has run. A violation stops the run.
    fn after(&mut self, step: &Step<'_, N>) -> ControlFlow<Violation> {
        let _ = step;
        ControlFlow::Continue(())
    }
}

impl<N: Node> Observer<N> for () {
    const ACTIVE: bool = false;
}

impl<N: Node, A: Observer<N>, B: Observer<N>> Observer<N> for (A, B) {
    const ACTIVE: bool = A::ACTIVE || B::ACTIVE;
    #[inline]
    fn before(
        &mut self,
        at: Time,
        fingerprint: Fingerprint,
        happening: &Happening<'_, N>,
    ) -> ControlFlow<Violation> {
        self.0.before(at, fingerprint, happening)?;
        self.1.before(at, fingerprint, happening)
    }
    #[inline(always)]
    fn after(&mut self, step: &Step<'_, N>) -> ControlFlow<Violation> {
        self.0.after(step)?;
        self.1.after(step)
    }
}

impl<N: Node, A: Observer<N>> Observer<N> for Option<A> {
    const ACTIVE: bool = A::ACTIVE;
    #[inline]
    fn before(
        &mut self,
        at: Time,
        fingerprint: Fingerprint,
        happening: &Happening<'_, N>,
    ) -> ControlFlow<Violation> {
        self.as_mut()
            .map_or(ControlFlow::Continue(()), |observer| observer.before(at, fingerprint, happening))
    }
    #[inline]
    fn after(&mut self, step: &Step<'_, N>) -> ControlFlow<Violation> {
        self.as_mut().map_or(ControlFlow::Continue(()), |observer| observer.after(step))
    }
}

impl<N: Node, A: Observer<N>> Observer<N> for &mut A {
    const ACTIVE: bool = A::ACTIVE;
    #[inline]
    fn before(
        &mut self,
        at: Time,
        fingerprint: Fingerprint,
        happening: &Happening<'_, N>,
    ) -> ControlFlow<Violation> {
        (**self).before(at, fingerprint, happening)
    }
    #[inline(always)]
    fn after(&mut self, step: &Step<'_, N>) -> ControlFlow<Violation> {
        (**self).after(step)
    }
}
