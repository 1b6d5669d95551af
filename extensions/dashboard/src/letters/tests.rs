use super::*;
use actors_core::prelude::*;
use actors_core::testing;

struct Sink;

#[actor(capacity = 1, reserve = 0)]
impl Sink {
    #[message(overflow = drop_newest)]
    fn common(&mut self, text: String) {
        drop(text);
    }

    #[message(overflow = drop_newest)]
    fn rare(&mut self, text: String) {
        drop(text);
    }
}

/// Collects what a full actor loses.
async fn lost(system: &System, common_first: usize, rare: usize, common_then: usize) -> Letters {
    let mut letters = Letters::default();
    let sink: SinkHandle = system.actor(|| Sink).name("sink").spawn().unwrap();
    let mut source = system.dead_letters();
    let held = testing::hold(&sink);
    sink.common("kept".into()).await.unwrap();
    for at in 0..common_first {
        sink.common(format!("before {at}")).await.unwrap();
    }
    for at in 0..rare {
        sink.rare(format!("rare {at}")).await.unwrap();
    }
    for at in 0..common_then {
        sink.common(format!("after {at}")).await.unwrap();
    }
    while let Some(letter) = source.try_next() {
        letters.add(letter, Instant::now());
    }
    held.release();
    letters
}

#[test]
fn letters_are_bounded_and_a_flood_of_one_kind_leaves_the_rare_ones() {
    testing::run(async |system| {
        let letters = lost(&system, 10, 3, 500).await;
        let lines = letters.since(0, Instant::now());
        assert_eq!((lines.letters.len(), lines.total, lines.missed), (KEPT, 513, 0));
        let of = |message: &str| lines.letters.iter().filter(|line| line.message == message).count();
        assert_eq!((of("Rare"), of("Common")), (3, KEPT - 3));
        let last = lines.letters.last().unwrap();
        assert!(last.text.as_ref().unwrap().contains("after 499"), "the newest: {last:?}");
        assert_eq!((last.serial, last.reason, last.priority), (513, "dropped", "normal"));
    });
}

#[test]
fn only_letters_after_a_number_are_returned_and_what_was_missed_is_counted() {
    testing::run(async |system| {
        // The subscription of the core keeps 1,024.
        let letters = lost(&system, 0, 0, 1030).await;
        let lines = letters.since(1020, Instant::now());
        let serials: Vec<_> = lines.letters.iter().map(|line| line.serial).collect();
        assert_eq!((serials, lines.total, lines.missed), (vec![1021, 1022, 1023, 1024], 1024, 6));
    });
}
