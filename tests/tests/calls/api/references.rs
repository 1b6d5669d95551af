//! Recipients, weak handles, and the traits that handles implement.

use super::*;

#[test]
fn a_recipient_forgets_whose_it_is() {
    run(async |system| {
        struct Double;
        #[actor(local)]
        impl Double {
            #[handler]
            fn stock(&mut self, ask: GetStock) -> u32 {
                ask.sku + 100
            }
        }
        let (shop, double) = (shop(&system), system.spawn(Double));
        let all: Vec<Recipient<GetStock>> = vec![shop.recipient(), double.recipient()];
        let mut answers = Vec::new();
        for recipient in all.clone() {
            answers.push(recipient.ask(GetStock { sku: 5 }).await.unwrap());
            assert_eq!(recipient.tell(GetStock { sku: 5 }).await.unwrap(), Admission::Queued);
            recipient.try_send(GetStock { sku: 5 }).unwrap();
        }
        assert_eq!(answers, [10, 105]);
        assert_eq!(all[0].name(), "shop");
        assert!(format!("{:?}", all[0]).contains("GetStock"));
    });
}

#[test]
fn a_weak_handle_becomes_a_handle_while_another_one_lives() {
    run(async |system| {
        let worker = system.spawn(Worker::default());
        let weak: WeakHandle<Worker> = worker.downgrade();
        let again: Handle<Worker> = weak.clone().upgrade().unwrap();
        again.tell(worker_messages::Word { word: "hello".into() }).await.unwrap();
        drop(again);
        assert_eq!(worker.seen().await.unwrap(), ["hello"]);
    });
}

#[test]
fn handles_are_what_handles_should_be() {
    fn is_handle<H: Clone + std::fmt::Debug + Send + Sync + 'static>() {}
    fn is_error<E: std::error::Error + Send + Sync + 'static>() {}
    fn is_send<T: Send>(_: &T) {}
    is_handle::<ShopHandle>();
    is_handle::<Handle<Shop>>();
    is_handle::<WeakHandle<Shop>>();
    is_handle::<Recipient<GetStock>>();
    is_handle::<System>();
    is_error::<AskError>();
    is_error::<SendError<GetStock>>();
    is_error::<StartError>();
    is_error::<actors_core::spawn::SpawnError>();
    run(async |system| {
        let shop = shop(&system);
        is_send(&shop.charge(1, 1));
        is_send(&shop.viewed(String::new()));
        is_send(&shop.charge(1, 1).returning());
    });
}
