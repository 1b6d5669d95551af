//! Bad periods, and the limit of jobs.

use super::*;

#[test]
fn f7_a_period_of_zero_is_refused_at_once_with_a_sentence_and_fails_no_start() {
    run(async |system| {
        struct Hasty(Option<String>);
        #[actor(local)]
        impl Hasty {
            #[started]
            fn start(&mut self, ctx: &mut Context<Self>) {
                self.0 = ctx.send_every(Duration::ZERO, HastyTick {}).err().map(|error| error.to_string());
            }

            #[message]
            fn tick(&mut self) {}

            #[message]
            fn told(&mut self) -> Option<String> {
                self.0.clone()
            }
        }
        let hasty: HastyHandle = system.actor(|| Hasty(None)).spawn().unwrap();
        let told = hasty.told().await.unwrap().unwrap();
        assert!(told.contains("needs a period above zero; to do something again at once"), "{told}");
        assert_eq!((hasty.ledger().total().offered, hasty.reading().jobs), (1, 0));
    });
}

#[test]
fn f7_jobs_beyond_the_limit_are_refused_with_a_reason_of_their_own() {
    run(async |system| {
        struct Few;
        #[actor(local, jobs = 2)]
        impl Few {
            #[message]
            fn arm(&mut self, ctx: &mut Context<Self>) -> Vec<String> {
                let mut texts = Vec::new();
                for _ in 0..3 {
                    let refused = ctx.send_after(SECOND, FewDue {}).err();
                    texts.extend(refused.map(|error| format!("{}: {error}", error.reason().word())));
                }
                let refused = ctx.send_every(SECOND, FewDue {}).err();
                texts.extend(refused.map(|error| format!("{}: {error}", error.reason().word())));
                let refused = ctx.pipe(pending(), |()| FewDue {}).err();
                texts.extend(refused.map(|error| error.to_string()));
                let refused = ctx.watch(&ctx.handle::<FewHandle>(), |_| FewDue {}).err();
                texts.extend(refused.map(|error| error.to_string()));
                texts
            }

            #[message]
            fn due(&mut self) {}
        }
        let sentence = "as many timers, pipes and watches are under way as `jobs` allows";
        let few = system.spawn(Few);
        let texts = few.arm().await.unwrap();
        assert_eq!(texts.len(), 4, "{texts:?}");
        assert!(texts.iter().all(|text| text.contains(sentence)), "{texts:?}");
        assert!(texts[..2].iter().all(|text| text.starts_with("too_many_jobs")), "{texts:?}");
        // The reading has the number of jobs, and the limit.
        assert_eq!((few.reading().jobs, few.reading().jobs_max), (2, 2));
        assert_eq!(system.snapshot().actors[0].reading.jobs, 2);
        tokio::time::sleep(2 * SECOND).await;
        assert_eq!(few.reading().jobs, 0);
        assert_eq!(few.arm().await.unwrap().len(), 4);
        // The mailbox did not refuse anything.
        assert_eq!(few.ledger().total().refused_total(), 0);
    });
}

#[test]
fn f7_the_limit_of_jobs_is_said_at_the_start_too_and_0_means_none() {
    run(async |system| {
        let clerk = |jobs| system.instance(Desk::default().clerk()).jobs(jobs).spawn::<ClerkHandle>();
        assert_eq!(clerk(7).unwrap().reading().jobs_max, 7);
        let none = clerk(0).unwrap();
        assert_eq!((none.reading().jobs, none.reading().jobs_max), (0, 0));
        assert_eq!(none.later(SECOND, 1).ask().await.unwrap_err().reason(), Reason::Panicked);
        let why = clerk(65_537).unwrap_err().to_string();
        assert!(why.contains("`jobs` is at most 65536 (2^16)"), "{why}");
        assert_eq!(system.spawn::<_, ClerkHandle>(Desk::default().clerk()).reading().jobs_max, 1024);
    });
}

#[test]
fn f7_the_next_instance_has_the_places_of_the_timers_that_ended_with_the_one_before() {
    run(async |system| {
        let desk = Desk { ticks: Some(SECOND), ..Desk::default() };
        let clerk: ClerkHandle = system.actor(desk.factory()).jobs(1).spawn().unwrap();
        for _ in 0..3 {
            clerk.fails().await.unwrap_err();
            tokio::time::sleep(HOUR).await;
        }
        assert_eq!((desk.made(), clerk.reading().jobs), (4, 1));
        assert!(!clerk.is_closed());
    });
}
