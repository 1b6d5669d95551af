//! Doubly linked lists whose links live in the slots of an arena: O(1) at both ends and in the middle, no pointers.

pub(in crate::mailbox) const NIL: u32 = u32::MAX;

/// Neighbours of one element in one list.
#[derive(Clone, Copy, Debug)]
pub(in crate::mailbox) struct Link {
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
    pub(in crate::mailbox) fn before(next: u32) -> Self {
        Link { prev: NIL, next }
    }

    pub(in crate::mailbox) fn next(&self) -> u32 {
        self.next
    }

    /// Who comes after; `None` at the end.
    pub(in crate::mailbox) fn after(&self) -> Option<u32> {
        (self.next != NIL).then_some(self.next)
    }

    /// Who comes before; `None` at the beginning.
    pub(in crate::mailbox) fn earlier(&self) -> Option<u32> {
        (self.prev != NIL).then_some(self.prev)
    }
}

/// Where elements of lists live; `which` tells apart the lists that one element stands in.
pub(in crate::mailbox) trait Arena {
    fn link(&mut self, which: usize, key: u32) -> &mut Link;
}

/// One list. Its elements are slots of an arena.
#[derive(Clone, Copy, Debug)]
pub(in crate::mailbox) struct List {
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
    pub(in crate::mailbox) fn len(&self) -> usize {
        self.len as usize
    }

    pub(in crate::mailbox) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The first, or `NIL`.
    pub(in crate::mailbox) fn head(&self) -> u32 {
        self.head
    }

    pub(in crate::mailbox) fn front(&self) -> Option<u32> {
        (self.head != NIL).then_some(self.head)
    }

    pub(in crate::mailbox) fn back(&self) -> Option<u32> {
        (self.tail != NIL).then_some(self.tail)
    }

    #[inline]
    pub(in crate::mailbox) fn push_back(&mut self, which: usize, slots: &mut impl Arena, key: u32) {
        let prev = self.tail;
        *slots.link(which, key) = Link { prev, next: NIL };
        match prev {
            NIL => self.head = key,
            _ => slots.link(which, prev).next = key,
        }
        self.tail = key;
        self.len += 1;
    }

    pub(in crate::mailbox) fn push_front(&mut self, which: usize, slots: &mut impl Arena, key: u32) {
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
    pub(in crate::mailbox) fn remove(&mut self, which: usize, slots: &mut impl Arena, key: u32) {
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

    /// Takes out the first `taken`, which end before `next`. Whoever walked along the list knows both.
    #[inline]
    pub(in crate::mailbox) fn cut_front(
        &mut self,
        which: usize,
        slots: &mut impl Arena,
        taken: u32,
        next: u32,
    ) {
        self.head = next;
        self.len -= taken;
        match next {
            NIL => self.tail = NIL,
            _ => slots.link(which, next).prev = NIL,
        }
    }

    /// Takes out `gone`, and puts the first element in its place; `gone` is not the first.
    pub(in crate::mailbox) fn fill_with_first(&mut self, which: usize, slots: &mut impl Arena, gone: u32) {
        let first = self.head;
        self.remove(which, slots, first);
        let Link { prev, next } = *slots.link(which, gone);
        *slots.link(which, first) = Link { prev, next };
        match prev {
            NIL => self.head = first,
            _ => slots.link(which, prev).next = first,
        }
        match next {
            NIL => self.tail = first,
            _ => slots.link(which, next).prev = first,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Links(Vec<Link>);

    impl Arena for Links {
        fn link(&mut self, _: usize, key: u32) -> &mut Link {
            &mut self.0[key as usize]
        }
    }

    fn both_ways(list: &List, links: &Links) -> Vec<u32> {
        let (mut forth, mut back) = (Vec::new(), Vec::new());
        let mut at = list.front();
        while let Some(key) = at {
            forth.push(key);
            at = links.0[key as usize].after();
        }
        let mut at = list.back();
        while let Some(key) = at {
            back.push(key);
            at = links.0[key as usize].earlier();
        }
        back.reverse();
        assert_eq!(forth, back);
        assert_eq!(forth.len(), list.len());
        forth
    }

    #[test]
    fn s1_the_first_takes_the_place_of_whoever_goes_before_it() {
        for len in 2..6u32 {
            for gone in 1..len {
                let mut links = Links(vec![Link::default(); len as usize]);
                let mut list = List::default();
                (0..len).for_each(|key| list.push_back(0, &mut links, key));
                list.fill_with_first(0, &mut links, gone);
                let expected: Vec<_> = (1..len).map(|key| if key == gone { 0 } else { key }).collect();
                assert_eq!(both_ways(&list, &links), expected, "{gone} of {len}");
            }
        }
    }
}
