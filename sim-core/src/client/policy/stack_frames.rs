//! The bookkeeping under [`Stack`](super::Stack): calls under way as trees of frames, one frame a layer passed.

use crate::time::{Span, Time};

/// No frame.
pub(super) const NONE: u32 = u32::MAX;

/// Names a frame for as long as it lives; a name is never given twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Token(u64);

impl Token {
    /// The number that stands for it in messages.
    #[must_use]
    #[inline]
    pub fn raw(self) -> u64 {
        self.0
    }
    /// The token of a number that came back.
    #[must_use]
    #[inline]
    pub fn from_raw(raw: u64) -> Token {
        Token(raw)
    }
    fn new(index: u32, generation: u32) -> Token {
        Token((u64::from(generation) << 32) | u64::from(index))
    }
    /// A small number that no other living token of the same stack has.
    #[must_use]
    #[inline]
    pub fn index(self) -> u32 {
        self.0 as u32
    }
    fn generation(self) -> u32 {
        (self.0 >> 32) as u32
    }
}

/// One layer's part of one call.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame {
    generation: u32,
    live: bool,
    /// Whether it holds a place that must be given back.
    pub(super) held: bool,
    pub(super) layer: u8,
    pub(super) parent: u32,
    pub(super) root: u32,
    first: u32,
    next: u32,
    pub(super) tag: u64,
    pub(super) key: u64,
    pub(super) began: Time,
    /// When the call is given up at the latest.
    pub(super) deadline: Time,
    /// What the callee is told of that.
    pub(super) told: Time,
    /// How often this layer has sent what is inside it.
    pub(super) tries: u32,
    /// How many attempts have gone out; kept at the root.
    pub(super) sent: u32,
    pub(super) wait: Span,
}

/// All frames, in a slab.
#[derive(Clone, Debug, Default)]
pub(super) struct Frames {
    list: Vec<Frame>,
    free: Vec<u32>,
}

impl Frames {
    /// A frame for a new call.
    pub(super) fn root(&mut self, tag: u64, key: u64, deadline: Time, now: Time) -> u32 {
        let frame = Frame {
            generation: 0,
            live: true,
            held: false,
            layer: 0,
            parent: NONE,
            root: NONE,
            first: NONE,
            next: NONE,
            tag,
            key,
            began: now,
            deadline,
            told: deadline,
            tries: 0,
            sent: 0,
            wait: Span::ZERO,
        };
        let index = self.insert(frame);
        self.list[index as usize].root = index;
        index
    }

    /// The name of a frame for a new call through no layers. Of such a frame only the tag means anything: the rest may be that of
    /// an earlier call, with a deadline of its own.
    #[inline]
    pub(super) fn plain(&mut self, tag: u64, now: Time) -> Token {
        let index = match self.free.pop() {
            Some(index) => index,
            None => self.root(tag, 0, Time::NEVER, now),
        };
        let frame = &mut self.list[index as usize];
        (frame.live, frame.tag) = (true, tag);
        Token::new(index, frame.generation)
    }

    /// Frees a frame of a call through no layers; its tag.
    #[inline]
    pub(super) fn close(&mut self, index: u32) -> u64 {
        self.release(index);
        self.list[index as usize].tag
    }

    /// A frame one layer further in.
    pub(super) fn child(&mut self, parent: u32, now: Time) -> u32 {
        let outer = self.list[parent as usize];
        let frame = Frame {
            held: false,
            layer: outer.layer + 1,
            parent,
            first: NONE,
            next: outer.first,
            began: now,
            tries: 0,
            wait: Span::ZERO,
            ..outer
        };
        let index = self.insert(frame);
        self.list[parent as usize].first = index;
        index
    }

    fn insert(&mut self, mut frame: Frame) -> u32 {
        match self.free.pop() {
            Some(index) => {
                frame.generation = self.list[index as usize].generation;
                self.list[index as usize] = frame;
                index
            }
            None => {
                frame.generation = 0;
                self.list.push(frame);
                (self.list.len() - 1) as u32
            }
        }
    }

    /// Takes a frame without children out of its parent's list and frees it.
    pub(super) fn remove(&mut self, index: u32) -> Frame {
        let frame = self.list[index as usize];
        if frame.parent != NONE {
            let mut at = self.list[frame.parent as usize].first;
            if at == index {
                self.list[frame.parent as usize].first = frame.next;
            } else {
                while at != NONE && self.list[at as usize].next != index {
                    at = self.list[at as usize].next;
                }
                if at != NONE {
                    self.list[at as usize].next = frame.next;
                }
            }
        }
        self.release(index);
        frame
    }

    #[inline]
    fn release(&mut self, index: u32) {
        let frame = &mut self.list[index as usize];
        frame.live = false;
        frame.generation = frame.generation.wrapping_add(1);
        self.free.push(index);
    }

    /// Frees everything below a frame; each freed frame, with its name and index while it lived, goes to `seen`.
    pub(super) fn prune(&mut self, index: u32, mut seen: impl FnMut(Token, u32, &Frame)) {
        let mut at = std::mem::replace(&mut self.list[index as usize].first, NONE);
        while at != NONE {
            let frame = self.list[at as usize];
            let next = frame.next;
            if frame.first != NONE {
                self.prune(at, &mut seen as &mut dyn FnMut(Token, u32, &Frame));
            }
            seen(self.token(at), at, &frame);
            self.release(at);
            at = next;
        }
    }

    /// The frame of a layer that another frame hangs below.
    pub(super) fn ancestor(&self, mut index: u32, layer: u8) -> u32 {
        while self.list[index as usize].layer > layer {
            index = self.list[index as usize].parent;
        }
        index
    }

    /// A frame of the innermost layer below another one, that is not `except`.
    pub(super) fn other_leaf(&self, index: u32, layer: u8, except: u32) -> Option<u32> {
        let frame = &self.list[index as usize];
        if frame.layer == layer {
            return (index != except).then_some(index);
        }
        let mut child = frame.first;
        while child != NONE {
            if let Some(leaf) = self.other_leaf(child, layer, except) {
                return Some(leaf);
            }
            child = self.list[child as usize].next;
        }
        None
    }

    pub(super) fn has_children(&self, index: u32) -> bool {
        self.list[index as usize].first != NONE
    }

    pub(super) fn token(&self, index: u32) -> Token {
        Token::new(index, self.list[index as usize].generation)
    }

    /// The frame of a name, if it still lives.
    #[inline]
    pub(super) fn find(&self, token: Token) -> Option<u32> {
        let frame = self.list.get(token.index() as usize)?;
        (frame.live && frame.generation == token.generation()).then_some(token.index())
    }

    pub(super) fn get(&self, index: u32) -> &Frame {
        &self.list[index as usize]
    }

    pub(super) fn get_mut(&mut self, index: u32) -> &mut Frame {
        &mut self.list[index as usize]
    }

    /// How many live.
    pub(super) fn live(&self) -> usize {
        self.list.len() - self.free.len()
    }
}
