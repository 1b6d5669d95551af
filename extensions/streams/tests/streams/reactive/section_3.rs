//! §3, subscriptions. The table in `reactive` says why §3.1, §3.10, §3.11 and §3.14 have no test.

mod streams {
    use crate::reactive::under_test::Streams;
    use actors_core::testing;

    actors_streams::subscription_rules!(|_system| Streams, in testing::run);
}

mod emitters {
    use crate::reactive::under_test::Emitters;
    use actors_core::testing;

    actors_streams::subscription_rules!(|_system| Emitters, in testing::run);
}
