//! §4, processors: they obey the rules of both sides (§4.1), and decide about errors (§4.2).

use actors_core::testing;
use actors_streams::reactive::{self, Outcome, Publisher, Window};
use futures_util::{StreamExt, stream};
use std::io;

mod as_publishers {
    use crate::reactive::under_test::Stages;
    use actors_core::testing;

    actors_streams::publisher_rules!(|_system| Stages, in testing::run);
    actors_streams::subscription_rules!(|_system| Stages, in testing::run);
}

mod as_subscribers {
    use crate::reactive::under_test::StageInlets;
    use actors_core::testing;

    actors_streams::subscriber_rules!(|_system| StageInlets, in testing::run);
}

fn failing() -> impl Publisher<Item = u64, Run<reactive::InletReceiver<u64>>: Send + 'static> {
    let items: Vec<io::Result<u64>> = vec![Ok(1), Err(io::Error::other("the mill burns"))];
    reactive::try_publish(stream::iter(items))
}

#[test]
fn rs_4_01_a_cancel_below_cancels_above() {
    testing::run(async |_| {
        let (inlet, publisher) = reactive::processor(Window::DEFAULT, |items| items);
        let above = tokio::spawn(reactive::publish(stream::iter(0..u64::MAX)).subscribe(inlet));
        let taken: Vec<_> = reactive::stream(publisher, Window::DEFAULT).take(3).collect().await;
        assert_eq!(taken.len(), 3);
        assert_eq!(above.await.unwrap(), Outcome::Cancelled);
    });
}

#[test]
fn rs_4_02_an_error_is_passed_on_or_replaced() {
    testing::run(async |_| {
        let (inlet, publisher) = reactive::processor(Window::DEFAULT, |items| items);
        let above = tokio::spawn(failing().subscribe(inlet));
        let passed: Vec<_> = reactive::stream(publisher, Window::DEFAULT).collect().await;
        assert!(passed[0].as_ref().is_ok_and(|item| *item == 1));
        assert!(passed[1].as_ref().is_err_and(|error| error.to_string() == "the mill burns"));
        assert_eq!((passed.len(), above.await.unwrap()), (2, Outcome::Failed));

        let recover = |items: reactive::Outlet<u64>| items.map(|item| Ok::<_, io::Error>(item.unwrap_or(0)));
        let (inlet, publisher) = reactive::processor(Window::DEFAULT, recover);
        let above = tokio::spawn(failing().subscribe(inlet));
        let replaced: Vec<_> =
            reactive::stream(publisher, Window::DEFAULT).map(Result::unwrap).collect().await;
        assert_eq!((replaced, above.await.unwrap()), (vec![1, 0], Outcome::Failed));
    });
}
