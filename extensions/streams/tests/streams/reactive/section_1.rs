//! §1, publishers. §1.10 and §1.11 have no test: `subscribe` takes the publisher by value, so each
//! publisher has one subscriber.

mod streams {
    use crate::reactive::under_test::Streams;
    use actors_core::testing;

    actors_streams::publisher_rules!(|_system| Streams, in testing::run);
}

mod emitters {
    use crate::reactive::under_test::Emitters;
    use actors_core::testing;

    actors_streams::publisher_rules!(|_system| Emitters, in testing::run);
}
