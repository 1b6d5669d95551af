//! Futures and local tasks that a turn polls itself.

use super::*;

struct Host;

#[actor(local)]
impl Host {
    #[message]
    fn answer(&mut self) -> u32 {
        7
    }

    /// Drives a local task that asks this actor, without waiting for it. Returns the outcome of the
    /// ask, if it has one.
    #[message]
    fn drive(&mut self, own: WeakHandle<Host>) -> Option<Option<Reason>> {
        let told = std::rc::Rc::new(std::cell::Cell::new(None));
        let (local, own, heard) = (tokio::task::LocalSet::new(), own.upgrade().unwrap(), told.clone());
        local.spawn_local(async move {
            let asked = Handle::ask(&own, HostAnswer {}).await;
            heard.set(Some(asked.err().map(|error| error.reason())));
        });
        let mut forever = std::pin::pin!(local.run_until(std::future::pending::<()>()));
        for _ in 0..3 {
            let _ = poll(&mut forever);
        }
        told.take()
    }

    /// Waits for several asks at once.
    #[message]
    async fn gather(&mut self, own: WeakHandle<Host>) -> Vec<Option<Reason>> {
        use futures_util::StreamExt;
        let own = own.upgrade().unwrap();
        let asks: futures_util::stream::FuturesUnordered<_> =
            (0..3).map(|_| Handle::ask(&own, HostAnswer {})).collect();
        asks.map(|asked| asked.err().map(|error| error.reason())).collect().await
    }
}

#[test]
fn d1_a_local_task_that_a_turn_drives_is_no_wait_of_that_turn() {
    run(async |system| {
        let host: HostHandle = system.spawn(Host);
        assert_eq!(host.drive(host.downgrade()).await.unwrap(), None, "the ask has an outcome");
        assert_eq!(host.answer().await.unwrap(), 7);
    });
}

#[test]
fn d1_what_a_turn_polls_by_way_of_other_futures_is_a_wait_of_that_turn() {
    run(async |system| {
        let host: HostHandle = system.spawn(Host);
        let told = host.gather(host.downgrade()).await.unwrap();
        assert_eq!(told, [Some(Reason::WouldDeadlock); 3]);
    });
}
