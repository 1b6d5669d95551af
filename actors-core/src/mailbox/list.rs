//! Doubly linked lists whose links live in the slots of an arena: O(1) at both ends and in the middle, no pointers.

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

impl Link {
    /// A link of a list that is only ever read forwards.
    pub(super) fn before(next: u32) -> Self {
        Link { prev: NIL, next }
    }

    pub(super) fn next(&self) -> u32 {
        self.next
    }
}

/// Where elements of lists live; `which` tells apart the lists that one element stands in.
pub(super) trait Arena {
    fn link(&mut self, which: usize, key: u32) -> &mut Link;
}

/// One list. Its elements are slots of an arena.
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

    #[inline]
    pub(super) fn push_back(&mut self, which: usize, slots: &mut impl Arena, key: u32) {
        let prev = self.tail;
        *slots.link(which, key) = Link { prev, next: NIL };
        match prev {
            NIL => self.head = key,
            _ => slots.link(which, prev).next = key,
        }
        self.tail = key;
        self.len += 1;
    }

    pub(super) fn push_front(&mut self, which: usize, slots: &mut impl Arena, key: u32) {
        let next = self.head;
        *slots.link(which, key) = Link { prev: NIL, next };
        match next {
            NIL => self.tail = key,
            _ => slots.link(which, next).prev = key,
        }
        self.head = key;
        self.len += 1;
    }

    /// Takes out an element that is in the list.
    #[inline]
    pub(super) fn remove(&mut self, which: usize, slots: &mut impl Arena, key: u32) {
        let Link { prev, next } = *slots.link(which, key);
        match prev {
            NIL => self.head = next,
            _ => slots.link(which, prev).next = next,
        }
        match next {
            NIL => self.tail = prev,
            _ => slots.link(which, next).prev = prev,
        }
        self.len -= 1;
    }
}
