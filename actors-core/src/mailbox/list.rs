//! Doubly linked lists whose links live in the slots of a slab: O(1) at both ends and in the middle, no pointers.

use slab::Slab;

const NIL: u32 = u32::MAX;

/// Neighbours of one element in one list.
#[derive(Clone, Copy, Debug)]
pub(super) struct Link {
    prev: u32,
    next: u32,
}

impl Default for Link {
    fn default() -> Self {
        Link { prev: NIL, next: NIL }
    }
}

/// Something that can stand in lists; `which` tells the lists apart.
pub(super) trait Linked {
    fn link(&mut self, which: usize) -> &mut Link;
}

/// One list. Its elements are slots of a slab.
#[derive(Clone, Copy, Debug)]
pub(super) struct List {
    head: u32,
    tail: u32,
    len: u32,
}

impl Default for List {
    fn default() -> Self {
        List { head: NIL, tail: NIL, len: 0 }
    }
}

impl List {
    pub(super) fn len(&self) -> usize {
        self.len as usize
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub(super) fn front(&self) -> Option<u32> {
        (self.head != NIL).then_some(self.head)
    }

    pub(super) fn push_back<E: Linked>(&mut self, which: usize, slots: &mut Slab<E>, key: u32) {
        let prev = self.tail;
        *slots[key as usize].link(which) = Link { prev, next: NIL };
        match prev {
            NIL => self.head = key,
            _ => slots[prev as usize].link(which).next = key,
        }
        self.tail = key;
        self.len += 1;
    }

    pub(super) fn push_front<E: Linked>(&mut self, which: usize, slots: &mut Slab<E>, key: u32) {
        let next = self.head;
        *slots[key as usize].link(which) = Link { prev: NIL, next };
        match next {
            NIL => self.tail = key,
            _ => slots[next as usize].link(which).prev = key,
        }
        self.head = key;
        self.len += 1;
    }

    /// Takes out an element that is in the list.
    pub(super) fn remove<E: Linked>(&mut self, which: usize, slots: &mut Slab<E>, key: u32) {
        let Link { prev, next } = *slots[key as usize].link(which);
        match prev {
            NIL => self.head = next,
            _ => slots[prev as usize].link(which).next = next,
        }
        match next {
            NIL => self.tail = prev,
            _ => slots[next as usize].link(which).prev = prev,
        }
        self.len -= 1;
    }
}
