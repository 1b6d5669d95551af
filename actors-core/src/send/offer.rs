//! How a packed message is offered to its mailbox for the first time.
//!
//! Nothing here depends on the type of the message, only on that of its actor: a program has this
//! code once per actor, and not once per message.

use crate::actor::Actor;
use crate::actor::cell::{Cell, Packed, Placement};
use crate::clock::{Span, Tick};
use crate::error::{Admission, Reason};
use crate::mailbox::{ClassId, FastPath, InLine, Message, Offer, Place, Tag, WhenFull};
use std::sync::Arc;

/// What a mailbox must know of an offer, apart from the message.
pub(super) struct Terms {
    pub(super) class: ClassId,
    /// When it was first polled, if that was read.
    pub(super) stamp: Tick,
    /// When it is worthless, apart from a ttl.
    pub(super) worth_until: Tick,
    pub(super) when_full: WhenFull,
    /// Its sender waits for the answer, until `worth_until`.
    pub(super) is_ask: bool,
    /// Nothing has happened to it yet.
    pub(super) is_plain: bool,
    pub(super) has_permit: bool,
    /// The mailbox's store may take it if the mailbox is full.
    pub(super) may_be_stored: bool,
}

/// How an offer came out.
pub(super) enum Offered<A: Actor> {
    In(Place, Admission),
    InLine(InLine<Message>),
    Stored,
    /// It was not offered: its weight or its key could not be computed. A permit was not used.
    Unfit(Reason, Packed<A>),
    Refused {
        reason: Reason,
        retry_after: Span,
        /// `None` if its value was lost too.
        item: Option<Packed<A>>,
    },
}

impl<A: Actor> Cell<A> {
    /// Offers a message. Also returns when it expires.
    pub(super) fn offer(self: &Arc<Self>, item: Packed<A>, terms: Terms) -> (Tick, Offered<A>) {
        let Terms { class, stamp, worth_until, when_full, is_plain, .. } = terms;
        if is_plain {
            let fast_path = match terms.is_ask {
                true => self.mailbox.try_fast_path_by(class, when_full, stamp, worth_until),
                false => self.mailbox.try_fast_path(class, when_full),
            };
            match fast_path {
                FastPath::Slot(mut slot) => {
                    let (place, wake) = slot.fill_until(|| item, stamp, worth_until);
                    drop(slot);
                    self.wake(wake);
                    return (worth_until, Offered::In(place, Admission::Queued));
                }
                FastPath::Refused(reason, retry_after) => {
                    return (worth_until, Offered::Refused { reason, retry_after, item: Some(item) });
                }
                FastPath::LongWay => {}
            }
        }
        self.offer_slowly(item, terms)
    }

    #[inline(never)]
    fn offer_slowly(self: &Arc<Self>, item: Packed<A>, terms: Terms) -> (Tick, Offered<A>) {
        let Terms { class, stamp, worth_until, when_full, has_permit, may_be_stored, .. } = terms;
        let tag = match self.mailbox.tag(class, &item, stamp, worth_until) {
            Ok(tag) => Tag { is_ask: terms.is_ask, ..tag },
            Err(reason) => {
                self.mailbox.offer_lost(class, reason);
                return (worth_until, Offered::Unfit(reason, item));
            }
        };
        let placement = match may_be_stored {
            true => self.offer_or_store(item, tag, when_full, has_permit),
            false => Placement::Offered(self.visit(|section| match has_permit {
                true => section.redeem(item, tag),
                false => section.offer(item, tag, when_full),
            })),
        };
        let none = Span::NONE;
        let offered = match placement {
            Placement::Offered(Offer::Granted(place, admission)) => Offered::In(place, admission),
            Placement::Offered(Offer::InLine(line)) => Offered::InLine(line),
            Placement::Offered(Offer::Refused(item, Reason::Dropped, _)) => {
                self.drop_rejected(class, item, Reason::Dropped);
                Offered::Refused { reason: Reason::Dropped, retry_after: none, item: None }
            }
            Placement::Offered(Offer::Refused(item, reason, retry_after)) => {
                Offered::Refused { reason, retry_after: retry_after.map_or(none, Span::of), item: Some(item) }
            }
            Placement::Spilled => Offered::Stored,
            Placement::Lost(reason) => Offered::Refused { reason, retry_after: none, item: None },
        };
        (tag.expires, offered)
    }
}
