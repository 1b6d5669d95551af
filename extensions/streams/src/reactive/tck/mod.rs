//! The rules of Reactive Streams as checks, for publishers and subscribers of yours.
//!
//! Each rule that can be tested is an async function with the number of the rule in its name. It
//! panics where the implementation under test breaks the rule. [`publisher_rules!`],
//! [`subscriber_rules!`] and [`subscription_rules!`] make a test of each of them:
//!
//! ```
//! use actors_core::testing;
//! use actors_streams::reactive::{self, StreamPublisher, Sure, tck::PublisherUnderTest};
//! use futures_util::stream::{self, Iter};
//! use std::ops::Range;
//!
//! struct Numbers;
//!
//! impl PublisherUnderTest for Numbers {
//!     type Publisher = StreamPublisher<Sure<Iter<Range<u64>>>>;
//!
//!     fn publisher(&self, items: u64) -> Self::Publisher {
//!         reactive::publish(stream::iter(0..items))
//!     }
//! }
//!
//! # mod tests { use super::*;
//! // In a test module: `#[test] fn rs_1_01_…` and so on.
//! actors_streams::publisher_rules!(|_system| Numbers, in testing::run);
//! # }
//! # testing::run(async |_| {
//! #     reactive::tck::rs_1_01_no_more_is_signalled_than_was_requested(&Numbers).await;
//! # });
//! ```
//!
//! The checks run on a current-thread runtime of tokio, and give other tasks their turns by
//! yielding. They use no clock and no randomness. They poll a future only when it was woken, so a
//! wake-up that gets lost fails them too.
//!
//! [`publisher_rules!`]: crate::publisher_rules
//! [`subscriber_rules!`]: crate::subscriber_rules
//! [`subscription_rules!`]: crate::subscription_rules

mod probe;
mod publisher;
mod spy;
mod subscriber;
mod subscription;
mod wakes;

pub use publisher::*;
pub use spy::{Spy, Spying};
pub use subscriber::*;
pub use subscription::*;

use super::Publisher;

/// Creates the publishers that are checked.
pub trait PublisherUnderTest {
    /// The publisher.
    type Publisher: Publisher<Item = u64>;

    /// Creates a publisher of the numbers from 0 on, so many of them, which then completes.
    /// [`u64::MAX`] is one that does not end.
    fn publisher(&self, items: u64) -> Self::Publisher;

    /// Creates a publisher of so many numbers that then fails; `None` if it cannot fail.
    fn failing(&self, items: u64) -> Option<Self::Publisher> {
        let _ = items;
        None
    }
}

/// The number of times a check yields to other tasks before it looks: more than the longest chain
/// of wake-ups that an item causes.
const YIELDS: usize = 64;

/// Makes a test of each rule of section 1, for one publisher under test.
///
/// `publisher_rules!(|system| Numbers, in actors_core::testing::run)`: the function runs an async
/// closure with one argument, of which the expression makes the value under test.
#[macro_export]
macro_rules! publisher_rules {
    (|$system:ident| $under:expr, in $run:path) => {
        $crate::rules! { |$system| $under, in $run;
            rs_1_01_no_more_is_signalled_than_was_requested,
            rs_1_02_fewer_may_be_signalled_than_were_requested,
            rs_1_03_signals_are_serial,
            rs_1_04_a_failure_is_signalled_as_an_error,
            rs_1_05_the_end_is_signalled_as_complete,
            rs_1_06_after_a_terminal_signal_the_subscription_counts_as_cancelled,
            rs_1_07_nothing_follows_a_terminal_signal,
            rs_1_08_a_cancelled_subscription_stops_being_signalled,
            rs_1_09_on_subscribe_comes_before_every_other_signal,
        }
    };
}

/// Makes a test of each rule of section 3, for the subscriptions of one publisher under test. Like
/// [`publisher_rules!`].
///
/// [`publisher_rules!`]: crate::publisher_rules
#[macro_export]
macro_rules! subscription_rules {
    (|$system:ident| $under:expr, in $run:path) => {
        $crate::rules! { |$system| $under, in $run;
            rs_3_02_request_may_be_called_within_on_subscribe_and_on_next,
            rs_3_03_requests_within_on_next_do_not_recurse,
            rs_3_04_a_request_returns_without_waiting_for_its_items,
            rs_3_05_cancel_is_idempotent_and_may_come_from_another_thread,
            rs_3_06_a_request_after_a_cancel_does_nothing,
            rs_3_07_a_cancel_after_a_cancel_does_nothing,
            rs_3_08_requests_add_up,
            rs_3_09_a_request_for_nothing_is_signalled_as_an_error,
            rs_3_12_a_cancel_within_on_next_stops_the_signals,
            rs_3_13_a_cancel_drops_the_subscriber,
            rs_3_15_cancel_returns_normally_in_every_state,
            rs_3_16_request_returns_normally_in_every_state,
            rs_3_17_demand_may_be_as_large_as_the_number_allows,
        }
    };
}

/// Makes a test of each rule of section 2, for one subscriber under test. Like
/// [`publisher_rules!`].
///
/// [`publisher_rules!`]: crate::publisher_rules
#[macro_export]
macro_rules! subscriber_rules {
    (|$system:ident| $under:expr, in $run:path) => {
        $crate::rules! { |$system| $under, in $run;
            rs_2_01_demand_is_signalled_before_items_are_expected,
            rs_2_03_terminal_signals_call_nothing,
            rs_2_04_after_a_terminal_signal_nothing_is_requested,
            rs_2_06_a_subscription_that_is_not_needed_is_cancelled,
            rs_2_08_items_after_a_cancel_are_accepted,
            rs_2_09_complete_without_a_request_is_accepted,
            rs_2_10_an_error_without_a_request_is_accepted,
            rs_2_13_signals_return_normally,
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! rules {
    (|$system:ident| $under:expr, in $run:path; $($rule:ident,)+) => {
        $(
            #[test]
            fn $rule() {
                $run(async |$system| {
                    let under = $under;
                    $crate::reactive::tck::$rule(&under).await;
                });
            }
        )+
    };
}
