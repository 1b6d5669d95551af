//! S9: a send chooses its priority, within the range that its message type declares.

use actors_core::prelude::*;
use actors_core::testing;
use actors_tests::{MS, balanced, letters, on_threads, pending, poll, row, run, run_other_tasks};
use futures_util::StreamExt;

#[derive(Default)]
struct Desk {
    seen: Vec<u32>,
}

#[actor(local, capacity = 8, reserve = 4)]
impl Desk {
    #[message(priority = low..=urgent, overflow = reject)]
    fn order(&mut self, n: u32) -> u32 {
        self.seen.push(n);
        n
    }

    #[message(priority = normal..=high, overflow = block)]
    async fn wait(&mut self, n: u32) {
        self.seen.push(n);
    }

    #[message(priority = low..=high, overflow = drop_oldest, max = 2)]
    fn log(&mut self, n: u32) {
        self.seen.push(n);
    }

    #[message(priority = high, overflow = [evict_lower, reject])]
    fn evict(&mut self, n: u32) {
        self.seen.push(n);
    }

    #[message(priority = low, overflow = block)]
    fn seen(&mut self) -> Vec<u32> {
        self.seen.clone()
    }
}

/// A struct that declares a range for every actor that handles it.
#[derive(Debug, Message)]
#[message(priority = low..=high, overflow = reject, rate = "10/s", burst = 2)]
struct Note(u32);

struct Board;

#[actor(local, capacity = 4)]
impl Board {
    #[handler]
    fn note(&mut self, note: Note) {
        let _ = note.0;
    }
}

#[test]
fn s9_a_send_goes_to_the_lane_that_it_chooses() {
    run(async |system| {
        let desk = system.spawn(Desk::default());
        let held = testing::hold(&desk);
        for (n, priority) in [(1, Priority::Low), (2, Priority::High), (3, Priority::Normal)] {
            desk.order(n).tell().priority(priority).await.unwrap();
        }
        desk.order(4).tell().priority(Priority::Urgent).await.unwrap();
        // The lowest is the default.
        desk.order(5).tell().priority(Priority::High).await.unwrap();
        drop(held);
        assert_eq!(desk.seen().await.unwrap(), [4, 2, 5, 3, 1]);
        let row = row::<DeskOrder>(&desk);
        assert_eq!((row.offered, row.handled), (5, 5), "a type has one row, whatever the lanes");
        balanced(&desk);
    });
}

#[test]
fn s9_the_lowest_priority_is_the_default_and_others_are_moved_into_the_range() {
    run(async |system| {
        let desk = system.spawn(Desk::default());
        let held = testing::hold(&desk);
        desk.wait(1).try_send().unwrap();
        desk.wait(2).priority(Priority::Urgent).try_send().unwrap();
        desk.wait(3).priority(Priority::Low).try_send().unwrap();
        desk.wait(4).priority(Priority::High).try_send().unwrap();
        drop(held);
        assert_eq!(desk.seen().await.unwrap(), [2, 4, 1, 3]);
    });
}

#[test]
fn s9_the_reserve_is_for_the_sends_that_choose_a_high_priority() {
    run(async |system| {
        let desk = system.spawn(Desk::default());
        let _held = testing::hold(&desk);
        let fill = |priority| {
            let admitted = (0..8).take_while(|n| desk.order(*n).tell().priority(priority).try_send().is_ok());
            admitted.count()
        };
        assert_eq!([Priority::Low, Priority::High, Priority::Urgent].map(fill), [4, 2, 2]);
    });
}

#[test]
fn s9_a_free_slot_goes_to_the_highest_priority_in_line() {
    run(async |system| {
        let desk = system.spawn(Desk::default());
        let held = testing::hold(&desk);
        while desk.wait(0).priority(Priority::High).try_send().is_ok() {}
        let mut first = pending(desk.wait(1));
        let mut second = pending(desk.wait(2).priority(Priority::High));
        drop(held);
        // One turn frees a slot of the reserve, which only the higher one may take.
        run_other_tasks().await;
        assert!(poll(&mut second).is_ready() && poll(&mut first).is_ready());
        let seen = desk.seen().await.unwrap();
        let at = |n| seen.iter().position(|seen| *seen == n);
        assert!(at(2) < at(1), "{seen:?}");
        balanced(&desk);
    });
}

#[test]
fn s9_the_slots_of_a_type_are_those_of_all_its_lanes_and_each_lane_drops_its_own() {
    run(async |system| {
        let mut lost = system.dead_letters();
        let desk = system.spawn(Desk::default());
        let held = testing::hold(&desk);
        desk.log(1).await.unwrap();
        desk.log(2).priority(Priority::High).await.unwrap();
        // The type holds its two slots: a message of its own lane makes room.
        assert_eq!(desk.log(3).await.unwrap(), Admission::Displaced);
        assert_eq!(desk.log(4).priority(Priority::High).await.unwrap(), Admission::Displaced);
        // In this lane there is none.
        assert_eq!(desk.log(5).priority(Priority::Normal).await.unwrap(), Admission::Dropped);
        drop(held);
        assert_eq!(desk.seen().await.unwrap(), [4, 3]);
        let lost: Vec<_> = letters(&mut lost).iter().map(|letter| letter.priority).collect();
        assert_eq!(lost, [Priority::Low, Priority::High, Priority::Normal]);
        balanced(&desk);
    });
}

#[test]
fn s9_a_message_of_a_lower_lane_of_the_range_makes_room_for_higher_types() {
    run(async |system| {
        let desk = system.spawn(Desk::default());
        let held = testing::hold(&desk);
        for n in 0..2 {
            desk.log(n).priority(Priority::High).await.unwrap();
        }
        while desk.order(9).tell().priority(Priority::Urgent).try_send().is_ok() {}
        // What is droppable has its own lane, which is not below.
        assert_eq!(desk.evict(7).await.unwrap_err().reason(), Reason::Full);
        drop(held);
        assert_eq!(desk.seen().await.unwrap().len(), 8);
        let held = testing::hold(&desk);
        desk.log(1).await.unwrap();
        while desk.order(9).tell().priority(Priority::Urgent).try_send().is_ok() {}
        assert_eq!(desk.evict(7).await.unwrap(), Admission::Displaced);
        drop(held);
        balanced(&desk);
    });
}

#[test]
fn s9_all_lanes_of_a_type_share_its_rate() {
    run(async |system| {
        let board = system.spawn(Board);
        board.note(Note(1)).priority(Priority::High).await.unwrap();
        board.note(Note(2)).await.unwrap();
        for priority in [Priority::Low, Priority::Normal, Priority::High] {
            let why = board.note(Note(3)).priority(priority).await.unwrap_err();
            assert_eq!((why.reason(), why.retry_after()), (Reason::RateLimited, Some(100 * MS)));
        }
        assert_eq!(row::<Note>(&board).refused(Reason::RateLimited), 3);
    });
}

#[test]
fn s9_a_change_of_a_policy_is_one_of_all_its_lanes() {
    run(async |system| {
        let desk = system.spawn(Desk::default());
        let _held = testing::hold(&desk);
        desk.adjust::<DeskLog>(|policy| policy.max(3)).unwrap();
        assert_eq!(desk.policy::<DeskLog>().max, Some(3));
        assert_eq!(desk.policy::<DeskLog>().highest, Priority::High);
        for priority in [Priority::Low, Priority::Normal, Priority::High] {
            assert_eq!(desk.log(1).priority(priority).await.unwrap(), Admission::Queued);
        }
        assert_eq!(desk.log(2).priority(Priority::High).await.unwrap(), Admission::Displaced);
        let why = desk.adjust::<DeskLog>(|policy| policy.up_to(Priority::Urgent)).unwrap_err();
        assert!(why.to_string().contains("the priority cannot change"), "{why}");
    });
}

#[test]
fn s9_the_order_within_a_lane_is_that_of_the_sends() {
    run(async |system| {
        let desk = system.spawn(Desk::default());
        let held = testing::hold(&desk);
        for n in 0..4 {
            let priority = if n % 2 == 0 { Priority::High } else { Priority::Low };
            desk.order(n).tell().priority(priority).await.unwrap();
        }
        drop(held);
        assert_eq!(desk.seen().await.unwrap(), [0, 2, 1, 3]);
    });
}

#[test]
fn s9_owned_sends_and_retries_keep_the_priority() {
    run(async |system| {
        let desk = system.spawn(Desk::default());
        let held = testing::hold(&desk);
        desk.order(1).tell().await.unwrap();
        tokio::spawn(desk.order(2).tell().priority(Priority::High).owned()).await.unwrap().unwrap();
        desk.order(3).tell().priority(Priority::High).retry(2).await.unwrap();
        drop(held);
        assert_eq!(desk.seen().await.unwrap(), [2, 3, 1]);
    });
}

/// Senders run turns of such messages too, and asks are answered (S6).
#[test]
fn s9_a_sender_that_runs_its_turn_may_choose_a_priority() {
    on_threads(2, async |system| {
        let desk = system.spawn(Desk::default());
        let answers = futures_util::stream::iter(0..200).then(|n| {
            let priority = Priority::ALL[n as usize % 4];
            desk.order(n).priority(priority)
        });
        let answers: Vec<_> = answers.map(Result::unwrap).collect().await;
        assert_eq!(answers, (0..200).collect::<Vec<_>>());
        assert_eq!(row::<DeskOrder>(&desk).handled, 200);
    });
}

struct Office;

#[actor(local, capacity = 64, reserve = 8, inline = never, pressure(high = 0.5, low = 0.2, respond = shed))]
impl Office {
    /// Takes 10 ms.
    #[message(priority = low..=urgent, overflow = reject)]
    async fn task(&mut self) {
        tokio::time::sleep(10 * MS).await;
    }
}

#[test]
fn s9_load_is_shed_by_the_lane_that_a_send_chooses() {
    run(async |system| {
        let office = system.spawn(Office);
        let mut refused = 0;
        for round in 0..500 {
            for _ in 0..4 {
                let low = office.task().try_send();
                refused += u64::from(low.is_err_and(|why| why.reason() == Reason::Shed));
            }
            if round % 4 == 0 {
                office.task().priority(Priority::Urgent).try_send().unwrap();
            }
            tokio::time::sleep(5 * MS).await;
        }
        assert!(refused > 500, "{refused}");
        let row = row::<OfficeTask>(&office);
        assert_eq!(row.refused(Reason::Shed), refused, "what the gate refused is in the type's row");
        balanced(&office);
    });
}

#[test]
fn s9_a_configuration_may_set_the_range() {
    run(async |system| {
        let config = toml::from_str("[messages.Order]\npriority = \"high\"").unwrap();
        let builder = system.instance(Desk::default()).configure(&config);
        let effective = builder.effective().unwrap();
        assert_eq!(effective.messages["Log"].priority, Some(Priority::Low..=Priority::High));
        let desk: DeskHandle = builder.spawn().unwrap();
        let held = testing::hold(&desk);
        desk.wait(1).await.unwrap();
        // The range has one priority now.
        desk.order(2).tell().priority(Priority::Low).await.unwrap();
        drop(held);
        assert_eq!(desk.seen().await.unwrap(), [2, 1]);
    });
}
