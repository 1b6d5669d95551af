//! §2, subscribers. The tables in `reactive` say why §2.2, §2.5, §2.7, §2.11 and §2.12 have no
//! test.

mod actors {
    use crate::reactive::under_test::Actors;
    use actors_core::testing;

    actors_streams::subscriber_rules!(|system| Actors::new(&system, 6), in testing::run);
}

/// With a window of one item, each item is requested by itself.
mod actors_one_by_one {
    use crate::reactive::under_test::Actors;
    use actors_core::testing;

    actors_streams::subscriber_rules!(|system| Actors::new(&system, 1), in testing::run);
}

mod sinks {
    use crate::reactive::under_test::Sinks;
    use actors_core::testing;

    actors_streams::subscriber_rules!(|_system| Sinks, in testing::run);
}
