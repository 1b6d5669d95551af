//! In which order a tree ends.

use super::*;

#[test]
fn f2_a_parent_s_end_stops_its_children_the_youngest_first_each_after_the_other() {
    run(async |system| {
        // The oldest child would end first if the order were by speed.
        let inner = Plan::of("b", Strategy::OneForOne, leaves(&["b1", "b2"])).rest(SECOND / 4);
        let children = [Plan::leaf("a"), inner, Plan::leaf("c").rest(SECOND / 2)];
        let plan = Plan::of("root", Strategy::OneForOne, children);
        let (events, root) = start_tree(&system, plan).await;
        for name in ["a", "c", "b1"] {
            let child = events.child(name);
            child.note(7).await.unwrap();
        }
        assert_eq!(root.stop().await.reason().unwrap(), StopReason::Stopped);
        let lines = events.lines();
        let at = |line: &str| lines.iter().position(|other| other == line).expect(line);
        assert!(at("c 7") < at("c Stopped") && at("b1 7") < at("b1 Stopped"), "their messages are handled");
        let ends: Vec<_> = lines.iter().filter(|line| line.ends_with("Stopped")).cloned().collect();
        assert_eq!(ends, ["c", "b2", "b1", "b", "a", "root"].map(|name| format!("{name} Stopped")));
        events.assert_all_ended();
    });
}

#[test]
fn f2_children_may_use_their_parent_and_elder_siblings_until_they_have_drained() {
    struct Child {
        elder: Option<ChildHandle>,
        events: Arc<Events>,
    }
    #[actor(local)]
    impl Child {
        #[message]
        async fn pass_on(&mut self) {
            tokio::time::sleep(SECOND).await;
            match &self.elder {
                Some(elder) => drop(elder.pass_on().await.unwrap()),
                None => self.events.write("arrived".into()),
            }
        }
    }
    struct Parent(Arc<Events>);
    #[actor(local)]
    impl Parent {
        #[message(overflow = block)]
        fn begin(&mut self, ctx: &mut Context<Self>) -> ChildHandle {
            let elder: ChildHandle = ctx.spawn(Child { elder: None, events: self.0.clone() });
            ctx.spawn(Child { elder: Some(elder), events: self.0.clone() })
        }
    }
    run(async |system| {
        let events = Arc::<Events>::default();
        let parent = system.spawn(Parent(events.clone()));
        let child = parent.begin().await.unwrap();
        child.pass_on().await.unwrap();
        parent.stop().await;
        assert_eq!(events.lines(), ["arrived"]);
        assert_eq!(child.closed().await, StopReason::Stopped);
    });
}

#[test]
fn f2_children_that_do_not_drain_in_time_are_killed() {
    run(async |system| {
        let (events, root) =
            start_tree(&system, Plan::of("root", Strategy::OneForOne, leaves(&["a", "b"]))).await;
        let b = events.child("b");
        let rests = pending(b.rest(HOUR));
        run_other_tasks().await;
        let began = Instant::now();
        assert_eq!(root.stop().await.reason().unwrap(), StopReason::Stopped);
        let took = began.elapsed();
        assert!((5 * SECOND..6 * SECOND).contains(&took), "{took:?}");
        assert_eq!(rests.await.unwrap_err().reason(), Reason::Closed);
        assert_eq!(b.closed().await, StopReason::Killed);
        events.assert_all_ended();
    });
}

#[test]
fn f2_a_kill_ends_the_whole_tree_at_once() {
    run(async |system| {
        let inner = Plan::of("b", Strategy::OneForOne, leaves(&["b1", "b2"]));
        let (events, root) =
            start_tree(&system, Plan::of("root", Strategy::OneForOne, [Plan::leaf("a"), inner])).await;
        let b1 = events.child("b1");
        let _rests = pending(b1.rest(HOUR));
        run_other_tasks().await;
        let began = Instant::now();
        root.kill();
        assert_eq!(root.closed().await, StopReason::Killed);
        assert_eq!(b1.closed().await, StopReason::Killed);
        assert_eq!(began.elapsed(), Duration::ZERO);
        testing::quiet(&system).await;
        events.assert_all_ended();
    });
}

#[test]
fn f2_a_kill_does_not_wait_for_the_children_of_an_instance_that_is_being_replaced() {
    run(async |system| {
        let (events, root) =
            start_tree(&system, Plan::of("root", Strategy::OneForOne, leaves(&["a", "b"]))).await;
        let b = events.child("b");
        let _rests = pending(b.rest(HOUR));
        let _ = root.fail().await;
        run_other_tasks().await;
        let began = Instant::now();
        root.kill();
        assert_eq!(root.closed().await, StopReason::Killed);
        assert_eq!(b.closed().await, StopReason::Killed);
        assert_eq!(began.elapsed(), Duration::ZERO);
        testing::quiet(&system).await;
        events.assert_all_ended();
    });
}

#[test]
fn f2_a_failed_parent_s_children_end_before_its_next_instance_begins() {
    run(async |system| {
        let children = [Plan::leaf("a"), Plan::leaf("b").rest(SECOND)];
        let (events, root) = start_tree(&system, Plan::of("root", Strategy::OneForOne, children)).await;
        let old = events.child("b");
        old.note(1).await.unwrap();
        let _ = root.fail().await;
        assert_eq!(root.work().await.unwrap(), 1);
        assert!(old.is_closed());
        assert_eq!(
            events.lines(),
            ["b 1", "b Stopped", "a Stopped"],
            "a panic went through the parent itself"
        );
        assert_eq!(events.child("b").work().await.unwrap(), 1);
        assert_eq!((events.births("a"), events.births("root")), (2, 2));
    });
}

#[test]
fn f2_a_parent_keeps_its_children_alive_and_no_longer_than_itself() {
    run(async |system| {
        let (events, root) = start_tree(&system, Plan::of("root", Strategy::OneForOne, leaves(&["a"]))).await;
        events.forget();
        testing::quiet(&system).await;
        assert_eq!(system.snapshot().actors.len(), 2);
        let closed = root.closed();
        drop(root);
        assert_eq!(closed.await, StopReason::Unreferenced);
        assert_eq!(events.lines(), ["a Stopped", "root Unreferenced"]);
        assert!(system.snapshot().actors.is_empty());
        events.assert_all_ended();
    });
}

#[test]
fn f2_a_child_that_is_detached_ends_with_its_parent_all_the_same() {
    struct Nest;
    #[actor(local)]
    impl Nest {
        #[message]
        fn nothing(&mut self) {}
        #[message(overflow = block)]
        fn hatch(&mut self, ctx: &mut Context<Self>) -> NestHandle {
            ctx.actor(|| Nest).detached().spawn().unwrap()
        }
    }
    run(async |system| {
        let nest = system.spawn(Nest);
        let closed = nest.hatch().await.unwrap().closed();
        testing::quiet(&system).await;
        nest.stop().await;
        assert_eq!(closed.await, StopReason::Stopped);
    });
}

struct Mute(Arc<AtomicU64>);
impl Drop for Mute {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}
#[actor(local)]
impl Mute {
    #[message(overflow = block)]
    fn begin(&mut self, many: u64, ctx: &mut Context<Self>) {
        for _ in 0..many {
            self.0.fetch_add(1, Ordering::SeqCst);
            let _: MuteHandle = ctx.spawn(Mute(self.0.clone()));
        }
    }
}

#[test]
fn f2_a_child_that_was_never_spoken_to_ends_too() {
    run(async |system| {
        for is_kill in [false, true] {
            let count = Arc::new(AtomicU64::new(1));
            let mute = system.spawn(Mute(count.clone()));
            mute.begin(20).await.unwrap();
            if is_kill {
                mute.kill();
            } else {
                drop(mute.stop());
            }
            mute.closed().await;
            testing::quiet(&system).await;
            assert_eq!(count.load(Ordering::SeqCst), 0);
        }
        assert!(system.snapshot().actors.is_empty());
    });
}

#[test]
fn f2_a_child_of_an_instance_that_has_ended_is_closed_from_the_beginning() {
    struct Late(Arc<Mutex<Option<Result<LateHandle, String>>>>);
    #[actor(local)]
    impl Late {
        #[message(overflow = block)]
        async fn wait(&mut self) {}
        #[message(overflow = block)]
        fn begin(&mut self, ctx: &mut Context<Self>) {
            // A builder that is used after its parent has ended.
            let (place, builder) = (
                self.0.clone(),
                ctx.actor({
                    let place = self.0.clone();
                    move || Late(place.clone())
                }),
            );
            let me: LateHandle = ctx.handle();
            let closed = me.closed();
            tokio::spawn(async move {
                closed.await;
                *place.lock().unwrap() = Some(builder.spawn().map_err(|error| error.to_string()));
            });
        }
    }
    run(async |system| {
        let place = Arc::default();
        let late = system.spawn(Late(Arc::clone(&place)));
        late.begin().await.unwrap();
        late.stop().await;
        run_other_tasks().await;
        let spawned = place.lock().unwrap().take().unwrap();
        match spawned {
            Ok(child) => panic!("the child of an instance that has ended: {child:?}"),
            Err(why) => assert_eq!(
                why,
                "the instance of `late-1` that was to have this child has ended; start the child within a turn"
            ),
        }
        testing::quiet(&system).await;
        assert!(system.snapshot().actors.is_empty(), "{:?}", system.snapshot());
    });
}

#[test]
fn f2_children_of_a_start_that_fails_end_before_the_next() {
    struct Slow(Arc<AtomicU64>, Arc<Events>);
    #[actor(local)]
    impl Slow {
        #[started]
        async fn begin(&mut self, ctx: &mut Context<Self>) -> Result<(), BoxError> {
            // The child has a name, so two of them at a time would be an error.
            let plan = Plan::leaf("child");
            let events = self.1.clone();
            let _: NodeHandle = ctx.actor(move || Node::new(&plan, &events)).name("child").spawn()?;
            tokio::task::yield_now().await;
            match self.0.fetch_add(1, Ordering::SeqCst) {
                0..3 => Err("not yet".into()),
                _ => Ok(()),
            }
        }
        #[message]
        fn nothing(&mut self) {}
    }
    run(async |system| {
        let (tries, events) = (Arc::new(AtomicU64::new(0)), Arc::<Events>::default());
        let (counted, made) = (tries.clone(), events.clone());
        let make = move || Slow(counted.clone(), made.clone());
        let slow: SlowHandle = system.actor(make).restart(always()).spawn().unwrap();
        slow.ready().await.unwrap();
        slow.nothing().await.unwrap();
        testing::quiet(&system).await;
        assert_eq!((tries.load(Ordering::SeqCst), events.births("child")), (4, 4));
        assert_eq!(events.lines(), ["child Stopped"; 3]);
        slow.stop().await;
        events.assert_all_ended();
    });
}

#[test]
fn f2_a_shutdown_ends_trees_and_reports_them_clean() {
    run(async |system| {
        let inner = Plan::of("b", Strategy::OneForAll, leaves(&["b1", "b2"]));
        let (events, _root) =
            start_tree(&system, Plan::of("root", Strategy::RestForOne, [Plan::leaf("a"), inner])).await;
        let report = system.shutdown(10 * SECOND).await;
        assert!(report.is_clean(), "{report}");
        assert_eq!(report.drained.len(), 5);
        assert_eq!(events.lines(), ["b2", "b1", "b", "a", "root"].map(|name| format!("{name} Stopped")));
        assert!(["root", "a", "b", "b1", "b2"].iter().all(|name| events.births(name) == 1));
        events.assert_all_ended();
    });
}

#[test]
fn f2_a_tree_ends_with_its_runtime() {
    let events = {
        let runtime = paused();
        runtime.block_on(async {
            let system = System::new("gone");
            let inner = Plan::of("b", Strategy::OneForOne, leaves(&["b1"]));
            let (events, root) =
                start_tree(&system, Plan::of("root", Strategy::OneForOne, [Plan::leaf("a"), inner])).await;
            std::mem::forget(root);
            events
        })
    };
    events.assert_all_ended();
}

#[test]
fn f2_children_without_a_task_end_with_their_runtime_too() {
    let count = Arc::new(AtomicU64::new(1));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(async {
        let mute = System::new("gone").spawn(Mute(count.clone()));
        mute.begin(5).await.unwrap();
        run_other_tasks().await;
        assert_eq!(count.load(Ordering::SeqCst), 6);
        std::mem::forget(mute);
    });
    drop(runtime);
    assert_eq!(count.load(Ordering::SeqCst), 0);
}
