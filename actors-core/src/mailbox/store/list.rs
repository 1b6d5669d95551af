//! Doubly linked lists whose links live in the slots of an arena: O(1) at both ends and in the
//! middle, no pointers.

use crate::mailbox::ids::{SlotId, ValueId, WaiterId};
use std::marker::PhantomData;

/// No element. Larger than every index.
pub(in crate::mailbox) const NIL: u32 = u32::MAX;

/// What names an element of an arena.
pub(in crate::mailbox) trait Id: Copy + PartialEq {
    fn from_raw(raw: u32) -> Self;
    fn raw(self) -> u32;
}

/// Numbers that stand in lists.
macro_rules! listed {
    ($($id:ty),*) => {$(
        impl Id for $id {
            #[inline(always)]
            fn from_raw(raw: u32) -> Self {
                Self::new(raw as usize)
            }

            #[inline(always)]
            fn raw(self) -> u32 {
                self.index() as u32
            }
        }
    )*};
}
listed!(SlotId, ValueId, WaiterId);

#[inline(always)]
fn some<I: Id>(raw: u32) -> Option<I> {
    (raw != NIL).then(|| I::from_raw(raw))
}

/// The neighbours of one element in one list.
#[derive(Debug)]
pub(in crate::mailbox) struct Link<I> {
    prev: u32,
    next: u32,
    _id: PhantomData<I>,
}

impl<I> Clone for Link<I> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<I> Copy for Link<I> {}

impl<I> Default for Link<I> {
    fn default() -> Self {
        Link::between(NIL, NIL)
    }
}

impl<I> Link<I> {
    #[inline(always)]
    fn between(prev: u32, next: u32) -> Self {
        Link { prev, next, _id: PhantomData }
    }
}

impl<I: Id> Link<I> {
    /// A link of a list that is only ever read forwards, before this index or [`NIL`].
    #[inline(always)]
    pub(in crate::mailbox) fn before(next: u32) -> Self {
        Link::between(NIL, next)
    }

    /// The index of the next element, or [`NIL`].
    #[inline(always)]
    pub(in crate::mailbox) fn next_raw(&self) -> u32 {
        self.next
    }

    /// The next element; `None` at the end.
    #[inline(always)]
    pub(in crate::mailbox) fn next(&self) -> Option<I> {
        some(self.next)
    }

    /// The element before; `None` at the beginning.
    #[inline(always)]
    pub(in crate::mailbox) fn prev(&self) -> Option<I> {
        some(self.prev)
    }
}

/// Where the elements of lists live. `which` tells apart the lists that one element stands in.
pub(in crate::mailbox) trait Arena {
    type Id: Id;

    fn link(&mut self, which: usize, id: Self::Id) -> &mut Link<Self::Id>;
}

/// One list of elements of an arena.
#[derive(Debug)]
pub(in crate::mailbox) struct List<I> {
    head: u32,
    tail: u32,
    len: u32,
    _id: PhantomData<I>,
}

impl<I> Clone for List<I> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<I> Copy for List<I> {}

impl<I> Default for List<I> {
    fn default() -> Self {
        List { head: NIL, tail: NIL, len: 0, _id: PhantomData }
    }
}

impl<I> List<I> {
    pub(in crate::mailbox) fn len(&self) -> usize {
        self.len as usize
    }

    pub(in crate::mailbox) fn is_empty(&self) -> bool {
        self.len == 0
    }
}

impl<I: Id> List<I> {
    #[inline]
    pub(in crate::mailbox) fn front(&self) -> Option<I> {
        some(self.head)
    }

    pub(in crate::mailbox) fn back(&self) -> Option<I> {
        some(self.tail)
    }

    #[inline]
    pub(in crate::mailbox) fn push_back(&mut self, which: usize, arena: &mut impl Arena<Id = I>, id: I) {
        let prev = self.tail;
        *arena.link(which, id) = Link::between(prev, NIL);
        match some(prev) {
            None => self.head = id.raw(),
            Some(prev) => arena.link(which, prev).next = id.raw(),
        }
        self.tail = id.raw();
        self.len += 1;
    }

    pub(in crate::mailbox) fn push_front(&mut self, which: usize, arena: &mut impl Arena<Id = I>, id: I) {
        let next = self.head;
        *arena.link(which, id) = Link::between(NIL, next);
        match some(next) {
            None => self.tail = id.raw(),
            Some(next) => arena.link(which, next).prev = id.raw(),
        }
        self.head = id.raw();
        self.len += 1;
    }

    /// Takes out an element that is in the list.
    #[inline]
    pub(in crate::mailbox) fn remove(&mut self, which: usize, arena: &mut impl Arena<Id = I>, id: I) {
        let Link { prev, next, .. } = *arena.link(which, id);
        match some(prev) {
            None => self.head = next,
            Some(prev) => arena.link(which, prev).next = next,
        }
        match some(next) {
            None => self.tail = prev,
            Some(next) => arena.link(which, next).prev = prev,
        }
        self.len -= 1;
    }

    /// Takes out the first `taken` elements, which end before `next`. The caller has walked along
    /// the list and knows both.
    #[inline]
    pub(in crate::mailbox) fn cut_front(
        &mut self,
        which: usize,
        arena: &mut impl Arena<Id = I>,
        taken: u32,
        next: Option<I>,
    ) {
        self.head = next.map_or(NIL, I::raw);
        self.len -= taken;
        match next {
            None => self.tail = NIL,
            Some(next) => arena.link(which, next).prev = NIL,
        }
    }

    /// Takes out `gone`, which is not the first element, and puts the first one in its place.
    pub(in crate::mailbox) fn fill_with_first(
        &mut self,
        which: usize,
        arena: &mut impl Arena<Id = I>,
        gone: I,
    ) {
        let Some(first) = self.front() else { return };
        self.remove(which, arena, first);
        let link = *arena.link(which, gone);
        *arena.link(which, first) = link;
        match link.prev() {
            None => self.head = first.raw(),
            Some(prev) => arena.link(which, prev).next = first.raw(),
        }
        match link.next() {
            None => self.tail = first.raw(),
            Some(next) => arena.link(which, next).prev = first.raw(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mailbox::ids::SlotId;

    struct Links(Vec<Link<SlotId>>);

    impl Arena for Links {
        type Id = SlotId;

        fn link(&mut self, _: usize, id: SlotId) -> &mut Link<SlotId> {
            &mut self.0[id.index()]
        }
    }

    fn both_ways(list: &List<SlotId>, links: &Links) -> Vec<usize> {
        let (mut forth, mut back) = (Vec::new(), Vec::new());
        let mut at = list.front();
        while let Some(id) = at {
            forth.push(id.index());
            at = links.0[id.index()].next();
        }
        let mut at = list.back();
        while let Some(id) = at {
            back.push(id.index());
            at = links.0[id.index()].prev();
        }
        back.reverse();
        assert_eq!(forth, back);
        assert_eq!(forth.len(), list.len());
        forth
    }

    #[test]
    fn s1_the_first_takes_the_place_of_whoever_goes_before_it() {
        for len in 2..6usize {
            for gone in 1..len {
                let mut links = Links(vec![Link::default(); len]);
                let mut list = List::default();
                (0..len).for_each(|at| list.push_back(0, &mut links, SlotId::new(at)));
                list.fill_with_first(0, &mut links, SlotId::new(gone));
                let expected: Vec<_> = (1..len).map(|at| if at == gone { 0 } else { at }).collect();
                assert_eq!(both_ways(&list, &links), expected, "{gone} of {len}");
            }
        }
    }
}
