//! What a scrape of many actors allocates. A binary of its own, because the count is that of the
//! whole process.

use actors_core::prelude::*;
use actors_core::testing;
use actors_metrics::Exporter;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use std::alloc::System as Allocator;

#[global_allocator]
static COUNTED: &StatsAlloc<Allocator> = &INSTRUMENTED_SYSTEM;

struct Session;

#[actor(local)]
impl Session {
    #[message]
    fn work(&mut self) {}
}

fn allocations(exporter: &Exporter) -> usize {
    // The first page learns what there is to know about message types.
    drop(exporter.text());
    let region = Region::new(COUNTED);
    drop(exporter.text());
    region.change().allocations
}

#[test]
fn a_scrape_allocates_as_often_for_ten_thousand_actors_as_for_a_hundred() {
    testing::run(async |system| {
        let exporter = Exporter::new(&system);
        let mut kept: Vec<_> = (0..100).map(|_| system.spawn(Session)).collect();
        kept[0].work().ask().await.unwrap();
        let few = allocations(&exporter);
        kept.extend((0..9_900).map(|_| system.spawn(Session)));
        let many = allocations(&exporter);
        assert!(many <= few + 8, "{few} allocations became {many}");
    });
}
