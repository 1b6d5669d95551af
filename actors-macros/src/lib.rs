//! The macros of `actors-core`, which re-exports them: the attribute [`macro@actor`] and the derive
//! [`macro@Message`]. Users do not depend on this crate directly.
//!
//! ```text
//! tokens → attr, words      the words of the attributes; their meaning and the error sentences: wording
//!        → block            the impl block, bodies unread
//!        → check            reports all errors, and builds the model of the valid rest
//!        → expand           bounds (checks), message (structs), mail (the enum), handle
//! ```
//!
//! Three rules hold throughout:
//!
//! 1. Every mistake is reported on the user's own token, and the error says what to write instead.
//!    All mistakes of a block are reported at once, and one mistake gives one error. The exception
//!    is a second block for one type: the compiler lists each item that exists twice, and the
//!    advice comes first.
//! 2. Valid parts are expanded even if other parts are not, so that the handle does not vanish
//!    while its actor is being edited.
//! 3. The expansion names only public traits and the one hidden module `__private`. What could be
//!    ordinary code is ordinary code in `actors-core`, and users could write it by hand.
#![forbid(unsafe_code)]

use proc_macro::TokenStream;

mod attr;
mod block;
mod bounds;
mod check;
mod derive;
mod errors;
mod expand;
#[cfg(test)]
mod expansions;
mod generics;
mod handle;
mod handle_methods;
mod mail;
mod measure;
mod message;
mod model;
mod names;
mod overflow;
mod params;
mod pool;
mod root;
mod search;
mod types;
mod values;
mod words;

/// Makes an impl block an actor: a method marked `#[message]` is a message, and the typed handle
/// has a method of the same name and arguments.
///
/// ```
/// use actors_core::prelude::*;
/// # use std::collections::HashMap;
/// # struct Receipt(u64);
/// # struct Declined;
///
/// struct Shop { views: u64, prices: HashMap<u32, u64> }
///
/// #[actor(capacity = 1024)]
/// impl Shop {
///     /// Payments are never lost: when the mailbox is full the caller waits in line.
///     #[message(priority = high, overflow = block, timeout = "2s")]
///     async fn charge(&mut self, card: u64, cents: u64) -> Result<Receipt, Declined> {
///         if cents > 0 { Ok(Receipt(card)) } else { Err(Declined) }
///     }
///
///     /// Page views are worth losing, oldest first, and worth nothing after five seconds.
///     #[message(priority = low, overflow = drop_oldest, ttl = "5s")]
///     async fn viewed(&mut self, page: String) { self.views += 1; }
///
///     /// Of prices only the newest one of each product counts.
///     #[message(overflow = conflate, key = sku)]
///     fn priced(&mut self, sku: u32, cents: u64) { self.prices.insert(sku, cents); }
/// }
/// # fn main() {}
/// ```
///
/// # What is generated
///
/// For `impl Shop` the macro generates the handle `ShopHandle`, which derefs to `Handle<Shop>`; the
/// module `shop_messages` next to the block, with one struct for each `#[message]`, for example
/// `shop_messages::Viewed`; and the implementations of `Actor`, `Message` and `Handler`. A message
/// struct is `Debug`. It is `Clone` if it has no arguments, or only numbers, `bool`, `char`,
/// `String`, `Duration` and `Instant`. All generated items are private unless the block has `vis`.
///
/// A call of a method inside the block (`self.charge(…)`) remains a plain call. A method without a
/// mark belongs to the actor, and the handle does not have it. A block without any mark is an
/// error.
///
/// # Marks on methods
///
/// | mark | the method |
/// |---|---|
/// | `#[message]`, `#[message(words)]` | is a message; its arguments become the struct's fields |
/// | `#[handler]`, `#[handler(boxed)]` | handles a message type of its own (`#[derive(Message)]`), its one argument |
/// | `#[started]` | runs before the first message; `Err` or a panic is a failed start |
/// | `#[stopped]` | runs at the end |
///
/// Methods may be `fn` or `async fn` and take `&mut self` or `&self`. Arguments are owned and have
/// names. The last parameter may be `ctx: &mut Context<Self>`.
///
/// The return value of a method is the reply, and a call of it is an *ask*. A call of a method that
/// returns nothing is a *tell*. A method with a parameter `ReplyTo<T>` returns nothing and answers
/// later. `#[started]` takes the context or nothing, and returns nothing or `Result<(), E>`.
/// `#[stopped]` takes `why: StopReason` or nothing.
///
/// # Errors of the compiler
///
/// The macro cannot add a note to these errors:
///
/// | the compiler says | what to write |
/// |---|---|
/// | ``struct `ShopHandle` is private`` | `#[actor(vis = pub)]`, or `vis = pub(crate)`: handle, module and messages are private without it |
/// | ``the method `charge` exists …, but its trait bounds were not satisfied``, ``MethodIsAMessage<Shop>`` | `#[message]` above `charge` in the block |
/// | `` `shop` does not live long enough``, ``borrowed for `'static` `` at `tokio::spawn(shop.charge(990))` | `tokio::spawn(shop.charge(990).owned())`: a call borrows its handle, and a task may outlive it |
///
/// # Words of `#[actor(…)]`
///
/// | word | meaning | without it |
/// |---|---|---|
/// | `capacity = N` | slots in the mailbox, at most 2^24 | 256 |
/// | `max_waiting = N` | senders that may wait in line; 0 means that no sender waits | `capacity` |
/// | `reserve = N` | slots that only `high` and `urgent` may take; less than `capacity` | an eighth, rounded up |
/// | `max_bytes = N` | what all queued messages may weigh together, at most 4 GiB; see `weight` | no bound |
/// | `schedule = …` | how priorities share turns, see below | `strict` |
/// | `workers = N`, `workers = 1..=8` | instances of the actor that share the mailbox, at most 1024; see below | 1 |
/// | `keep_alive = "10s"` | how long a worker above the least number stays that is not needed | 10 s |
/// | `pressure(…)` | when the mailbox is under pressure, and what is done about it; see below | nothing is done, but a pool that may grow does |
/// | `rate = "1000/s"`, `burst = N` | how many messages of all types together are admitted in a time, apart from types that are `exempt` | no limit |
/// | `jobs = N` | timers, pipes and watches at a time, at most 2^16; with 0 the actor has none | 1024 |
/// | `inline = auto`, `never` | whether senders may run short turns themselves instead of waking the actor; see below | `auto` |
/// | `vis = pub`, `vis = pub(crate)`, … | visibility of handle, module and messages | private |
/// | `local` | the block stands in a function (or a doctest): no module, and the structs are called `ShopViewed` | a module |
///
/// # Words of `#[message(…)]`
///
/// | word | meaning | without it |
/// |---|---|---|
/// | `priority = low`, `normal`, `high`, `urgent` | the lane | `normal` |
/// | `priority = normal..=high` | the lanes that a send may choose, as in `shop.order(7).priority(Priority::High)`; the first is the default | one lane |
/// | `overflow = …` | what happens when there is no room | `block` when told, `reject` when asked |
/// | `max = N` | slots that messages of this type may hold at once; no more than `capacity` | as many as there are |
/// | `max_per_key = N` | slots that messages of one busy key may hold in a pool; needs `key`, without effect where there is one worker | capacity / 4, at least 1 |
/// | `weight = argument`, `weight = function` | bytes it counts for, where the actor has `max_bytes` | its size in memory |
/// | `order = fifo`, `lifo_under_pressure` | which of the type's queued messages goes first | `fifo` |
/// | `key = argument` | which messages replace each other under `conflate`, and which stay in order in a pool; see below | none |
/// | `ttl = "5s"` | age at which the message is worthless | none |
/// | `timeout = "2s"` | default deadline of an ask | 30 s |
/// | `rate = "1000/s"`, `"1000 per 1m"`, `"1000 per 1m, sliding"` | how many are admitted in a time: as a token bucket, or exactly so many in any interval | no limit |
/// | `burst = N` | how many may be admitted at once under the rate; not with `sliding` | those of a tenth of a second, at least 1 |
/// | `cost = argument`, `cost = function` | the tokens that a message costs under a rate; see `weight` below | 1 |
/// | `exempt` | takes no token of the actor's rate; on `high` and `urgent` types | takes one |
/// | `fair_by = argument` | slots and turns of the type are shared between the values of the argument; not with `key` | first come, first served |
/// | `cancel = on_abandon` | an `async fn` ends at its next await when its asker has gone away | a turn that has begun runs to its end |
/// | `inline = never` | senders never run its turns; on methods only | as the actor says |
/// | `reply = T` | the reply; on a struct only, since a method's return type says it | `()` |
/// | `boxed` | the mail holds the message behind a pointer, see below; on methods only | inline |
/// | `shadows` | the method hides the handle's own of the same name (`stop`, `watch`, …), which remains `Handle::stop(&shop)`; on methods only | such a name is an error |
///
/// `overflow` is one of these, or a list in brackets that is tried in order, as in `[conflate,
/// block]`:
///
/// | value | meaning | place in a list |
/// |---|---|---|
/// | `block` | the sender waits in line | last |
/// | `reject` | the sender gets the message back | last |
/// | `drop_newest` | the newcomer is dropped, and the sender is told | last |
/// | `drop_oldest` | the oldest queued message of this type makes room | any |
/// | `drop_random` | a random queued message of this type makes room | any, without `drop_oldest` |
/// | `drop_all` | all queued messages of this type make room | any, without these |
/// | `drop_random(from = 0.5)` | so too, and rarely before: from half full on, ever more often | any, without `drop_oldest` |
/// | `evict_lower` | the newest of the lowest type below that may be dropped makes room | any |
/// | `conflate` | a queued message of the same key is replaced, full or not; needs `key` | first |
///
/// A `schedule` is one of three. `strict` serves the highest lane first, with a bound on how long
/// lower ones wait. `weighted`, also written `weighted(by = turns)`, shares turns 8 : 4 : 2 : 1,
/// from `urgent` to `low`. `weighted(by = time)` shares handling time in the same proportion.
///
/// `order = lifo_under_pressure` is first in, first out until the mailbox has not been empty for
/// 100 ms. Then the newest message of the type goes first, until the mailbox is empty again.
///
/// A `weight` or a `cost` that names an argument (on a struct: a field) uses its value: a whole
/// number counts for itself, and text and sequences count for their length in bytes. Any other name
/// or path is a function that takes the message: `weight = page_bytes` with `fn page_bytes(message:
/// &shop_messages::Viewed) -> usize`. It runs before the message is sent.
///
/// Durations are written `"500ns"`, `"10us"`, `"20ms"`, `"1.5s"`, `"2m"`, `"1h"`; 365 days at most.
///
/// # Workers and pressure
///
/// ```
/// use actors_core::prelude::*;
///
/// struct Till { paid: u64 }
///
/// #[actor(workers = 1..=8, keep_alive = "30s", pressure(high = 0.8, low = 0.5, respond = [spawn, shed]))]
/// impl Till {
///     /// Whichever worker takes it: a customer's payments are handled one after the other, in order.
///     #[message(key = customer)]
///     async fn pay(&mut self, customer: u64, cents: u64) -> u64 { self.paid += cents; self.paid }
/// }
/// # fn main() {}
/// ```
///
/// With `workers`, several instances of the actor take turns from one mailbox: a fixed number
/// (`workers = 4`), or as many as help, within a range. `keep_alive` requires a range, and
/// `schedule = weighted(by = time)` requires one worker.
///
/// A `key` keeps messages of equal keys in order while the workers share the rest. This holds
/// across message types: types whose keys have the same name and type (`key = customer`) share
/// their order. `customer` and `sku` are different keys, whatever their values. With one worker all
/// messages are in order, and such a key has no effect. The key is `Hash + Eq`.
///
/// | word of `pressure(…)` | meaning | without it |
/// |---|---|---|
/// | `respond = spawn`, `respond = [spawn, shed, block]` | what is done, in this order; each at most once | has to be said |
/// | `high = 0.8` | the fill, above 0 and up to 1, from which on there is pressure | 0.8 |
/// | `low = 0.5` | the fill, below `high`, under which there is none | 0.5 |
/// | `target = "20ms"` | there is pressure too while the *shortest* stay in the queue is longer | 20 ms |
/// | `dwell = "500ms"` | the least time between two changes of level | 500 ms |
///
/// `spawn` starts another worker, as long as that helps, and so requires a range of `workers`.
/// `shed` refuses droppable and `reject` messages before they touch the mailbox, lowest priority
/// first. `block` makes senders of `block` types wait early.
///
/// # Type parameters
///
/// The block may have type parameters and constants, for example to replace a database by a mock.
/// The handle has the same parameters: `ShopHandle<D>`.
///
/// ```
/// use actors_core::prelude::*;
///
/// trait Db: Send + 'static {
///     fn count(&mut self, page: &str) -> u64;
/// }
///
/// struct Shop<D> { db: D }
///
/// #[actor]
/// impl<D: Db> Shop<D> {
///     #[message]
///     fn viewed(&mut self, page: String) -> u64 { self.db.count(&page) }
///
///     #[message]
///     fn swap(&mut self, db: D) -> D { std::mem::replace(&mut self.db, db) }
/// }
///
/// struct MockDb(u64);
/// impl Db for MockDb {
///     fn count(&mut self, _: &str) -> u64 { self.0 += 1; self.0 }
/// }
///
/// # fn main() {
/// # actors_core::testing::run(async |system| {
/// let shop = system.spawn(Shop { db: MockDb(6) });    // a `ShopHandle<MockDb>`
/// assert_eq!(shop.viewed("/".into()).await.unwrap(), 7);
/// assert_eq!(shop.ask(shop_messages::Swap { db: MockDb(0) }).await.unwrap().0, 7);
/// # });
/// # }
/// ```
///
/// Each type parameter is `Send + 'static`, by a bound of its own or of its trait. Actors have no
/// lifetime parameters. A message's struct has the parameters that its arguments and its reply
/// mention, in the block's order: `Viewed` and `Swap<D>` above. If only the reply mentions one,
/// there is no struct literal, but `Found::new(id)`. If the types of the arguments may need the
/// block's bounds, as `D::Row` does, the struct has them too.
///
/// A block for one concrete type, `impl Shop<MockDb>`, has a handle without parameters. Two such
/// blocks need a module each, because their handles have the same name.
///
/// # One large message
///
/// All messages of an actor share one type, inline in the slots of its mailbox, so a slot is as
/// large as the largest message. A message with `boxed` has an allocation of its own, and the slots
/// stay small. A message of 4 KiB that is sent now and then is worth a box, because 256 slots would
/// otherwise take 1 MiB. The cost is one allocation for each such message. A shared message is
/// boxed where it is handled, `#[handler(boxed)]`, because its struct does not depend on mailboxes.
///
/// # Turns run by senders
///
/// An actor has a task of its own. If the actor is idle, and turns of the type are short (under 5
/// µs), a task of a multi-thread runtime that awaits a send may run the turn itself: a plain `fn`
/// to its end, an `async fn` to its first await that has to wait, after which the actor's task
/// continues. That saves the queue, two wake-ups and a trip between cores. The handler then sees
/// the sender's task, its task-locals and its budget, and runs in the actor's span. `try_send`
/// never runs a turn. `inline = never` forbids it.
///
/// # A crate that re-exports the runtime
///
/// `crate = path` says where the expansion finds `actors_core`, in `#[actor(…)]` and in the
/// `#[message(…)]` of a derived message. The path must mean the same in every module: it begins
/// with `crate`, or with the name of a crate.
///
/// # Errors
///
/// A wrong word, a borrowed argument, an impossible list: each is a compile error on the wrong
/// token, and all errors of a block are reported at once. What only the compiler knows (whether a
/// reply is `Send`, whether a type is a message) is asserted once, so that no further errors
/// follow. Words that are planned but not built are refused, never ignored.
#[proc_macro_attribute]
pub fn actor(words: TokenStream, item: TokenStream) -> TokenStream {
    expand::actor(words.into(), item.into()).into()
}

/// Makes a struct or an enum a message that any actor may handle, with `#[handler]` in its block or
/// by hand.
///
/// ```
/// use actors_core::prelude::*;
///
/// #[derive(Debug, Message)]
/// #[message(reply = u32, priority = urgent, overflow = reject)]
/// pub struct GetStock { pub sku: u32 }
/// ```
///
/// The words are those of `#[message(…)]` on a method except `boxed`, see [`macro@actor`], and
/// `reply = T`, which makes the message an ask. `key` names a field (`key = sku`, or `key = 0` in a
/// tuple struct), so an enum has none. Dead letters show the message if its type is `Debug`.
#[proc_macro_derive(Message, attributes(message))]
pub fn derive_message(item: TokenStream) -> TokenStream {
    derive::message(item.into()).into()
}
