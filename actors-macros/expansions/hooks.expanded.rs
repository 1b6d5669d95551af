// The expansion of `hooks.rs`, generated: see `src/expansions.rs`.

impl Worker {
    async fn open(&mut self, ctx: &mut Context<Self>) -> Result<(), BoxError> {
        self.connection = Some(Connection::open(ctx.name()).await?);
        Ok(())
    }
    async fn work(&mut self, job: u64) {
        self.connection.as_mut().unwrap().run(job).await;
    }
    fn close(&mut self, why: StopReason) {
        log(why);
    }
}
#[allow(non_camel_case_types, dead_code)]
type put_all_methods_of_Worker_into_one_actor_block = ();
#[automatically_derived]
impl ::actors_core::__private::AnActor for __Worker_with_work::__own::Worker {}
#[automatically_derived]
impl ::actors_core::__private::AMail for __WorkerMail_with_work {}
#[allow(non_camel_case_types, dead_code)]
type __WorkerWork_job = u64;
#[allow(non_camel_case_types, dead_code)]
type write_actor_local_because_Worker_with_work_stands_in_a_function = ();
#[allow(unused_imports)]
use worker_messages::put_all_methods_of_Worker_with_work_into_one_actor_block as __Worker_with_work;
///The messages of `Worker`: one struct for each `#[message]` method.
#[allow(rustdoc::broken_intra_doc_links, rustdoc::private_intra_doc_links)]
mod worker_messages {
    #[doc(hidden)]
    #[allow(unused_imports)]
    pub(super) use super::{
        write_actor_local_because_Worker_with_work_stands_in_a_function,
        __WorkerWork_job, Worker as __Actor, WorkerHandle as __Handle,
        worker_messages as put_all_methods_of_Worker_with_work_into_one_actor_block,
    };
    #[doc(hidden)]
    pub(super) mod __own {
        #[allow(unused_imports)]
        pub(in super::super) use super::{__Actor as Worker, __Handle as WorkerHandle};
    }
    ///`Worker::work` as a message.
    #[derive(::core::clone::Clone)]
    #[allow(dead_code, unreachable_pub)]
    pub(super) struct Work {
        ///The argument `job`.
        pub job: __WorkerWork_job,
    }
    impl ::core::fmt::Debug for Work {
        fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
            #[allow(unused_imports)]
            use ::actors_core::__private::{TextDebug as _, TextOpaque as _};
            ::actors_core::__private::write_fields(
                f,
                "Work",
                &[
                    (
                        "job",
                        &|out: &mut dyn ::core::fmt::Write| {
                            (&::actors_core::__private::Text(&self.job)).text(out)
                        },
                    ),
                ],
            )
        }
    }
}
#[doc(hidden)]
#[allow(
    private_interfaces,
    non_camel_case_types,
    unreachable_pub,
    dead_code,
    clippy::all
)]
pub enum __WorkerMail_with_work {
    Work(::actors_core::by_hand::Envelope<__Worker_with_work::Work>),
}
#[automatically_derived]
impl ::actors_core::by_hand::Mail<__Worker_with_work::__own::Worker>
for __WorkerMail_with_work
where
    for<'__actor> __Worker_with_work::__own::Worker: ::actors_core::__private::AnActor,
    for<'__actor> __WorkerMail_with_work: ::actors_core::__private::AMail,
{
    const CLASSES: &'static [::actors_core::mailbox::Class] = &[
        ::actors_core::mailbox::Class::of::<__Worker_with_work::Work>(),
    ];
    fn class(&self) -> ::core::primitive::usize {
        match self {
            Self::Work(_) => 0,
        }
    }
    fn envelope(&self) -> &dyn ::actors_core::by_hand::AnyEnvelope {
        match self {
            Self::Work(envelope) => envelope,
        }
    }
    fn envelope_mut(&mut self) -> &mut dyn ::actors_core::by_hand::AnyEnvelope {
        match self {
            Self::Work(envelope) => envelope,
        }
    }
    fn waits(&self) -> ::core::primitive::bool {
        ::core::matches!(self, Self::Work(_))
    }
    #[allow(deprecated, unused_variables)]
    fn deliver_now(
        self,
        actor: &mut __Worker_with_work::__own::Worker,
        ctx: &mut ::actors_core::Context<__Worker_with_work::__own::Worker>,
    ) -> ::core::option::Option<Self> {
        match self {
            other => ::core::option::Option::Some(other),
        }
    }
    #[allow(deprecated, unused_variables)]
    async fn deliver(
        self,
        actor: &mut __Worker_with_work::__own::Worker,
        ctx: &mut ::actors_core::Context<__Worker_with_work::__own::Worker>,
    ) {
        match self {
            Self::Work(envelope) => {
                let (message, answer) = envelope.open();
                let reply = ::actors_core::__private::send_future(
                    Worker::work(actor, message.job),
                );
                let reply = reply.await;
                answer.send(ctx, reply);
            }
        }
    }
}
#[automatically_derived]
impl ::actors_core::Actor for Worker
where
    for<'__actor> __Worker_with_work::__own::Worker: ::actors_core::__private::AnActor,
{
    type Mail = __WorkerMail_with_work;
    const NAME: &'static ::core::primitive::str = "Worker";
    const SETTINGS: ::actors_core::policy::Settings = ::actors_core::policy::Settings::new()
        .workers(1, 4)
        .keep_alive(::core::time::Duration::from_nanos(10000000000))
        .pressure(
            ::actors_core::policy::Pressure::new()
                .respond(&[::actors_core::policy::Action::Spawn]),
        );
    const STARTS: ::core::primitive::bool = true;
    #[allow(unused_variables)]
    async fn started(
        &mut self,
        ctx: &mut ::actors_core::Context<Self>,
    ) -> ::core::result::Result<(), ::actors_core::BoxError> {
        let outcome = ::actors_core::__private::send_future(Worker::open(self, ctx))
            .await;
        ::actors_core::__private::outcome(outcome)
    }
    #[allow(unused_variables)]
    async fn stopped(&mut self, why: ::actors_core::StopReason) {
        Worker::close(self, why)
    }
}
///The handle of `Worker`: one method for each message. All the rest comes from `actors_core::Handle`, to which it derefs.
#[allow(dead_code, unreachable_pub)]
struct WorkerHandle(::actors_core::Handle<__Worker_with_work::__own::Worker>);
#[allow(dead_code, unreachable_pub, deprecated, clippy::all)]
#[allow(rustdoc::broken_intra_doc_links, rustdoc::private_intra_doc_links)]
impl __Worker_with_work::__own::WorkerHandle {
    ///`Worker::work` as a message.
    #[inline]
    fn work(
        &self,
        job: u64,
    ) -> ::actors_core::send::Tell<
        '_,
        __Worker_with_work::__own::Worker,
        __Worker_with_work::Work,
    > {
        self.0.tell(__Worker_with_work::Work { job })
    }
}
#[automatically_derived]
impl ::core::clone::Clone for __Worker_with_work::__own::WorkerHandle {
    fn clone(&self) -> Self {
        Self {
            0: ::core::clone::Clone::clone(&self.0),
        }
    }
}
#[automatically_derived]
impl ::core::fmt::Debug for __Worker_with_work::__own::WorkerHandle {
    fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
        ::core::fmt::Debug::fmt(&self.0, f)
    }
}
#[automatically_derived]
impl ::core::ops::Deref for __Worker_with_work::__own::WorkerHandle {
    type Target = ::actors_core::Handle<__Worker_with_work::__own::Worker>;
    fn deref(&self) -> &Self::Target {
        &self.0
    }
}
#[automatically_derived]
impl ::actors_core::by_hand::TypedHandle for __Worker_with_work::__own::WorkerHandle
where
    for<'__actor> __Worker_with_work::__own::Worker: ::actors_core::__private::AnActor,
    for<'__actor> __WorkerMail_with_work: ::actors_core::__private::AMail,
{
    type Actor = __Worker_with_work::__own::Worker;
    fn from_handle(
        handle: ::actors_core::Handle<__Worker_with_work::__own::Worker>,
    ) -> Self {
        Self { 0: handle }
    }
}
#[automatically_derived]
impl ::actors_core::by_hand::Typed<__Worker_with_work::__own::WorkerHandle> for Worker
where
    for<'__actor> __Worker_with_work::__own::Worker: ::actors_core::__private::AnActor,
    for<'__actor> __WorkerMail_with_work: ::actors_core::__private::AMail,
{}
#[automatically_derived]
impl ::actors_core::Message for __Worker_with_work::Work {
    type Reply = ();
    const NAME: &'static ::core::primitive::str = "Work";
    const POLICY: ::actors_core::policy::Policy = ::actors_core::policy::Policy::tell();
    fn describe(&self) -> ::core::option::Option<::std::string::String> {
        #[allow(unused_imports)]
        use ::actors_core::__private::{TextDebug as _, TextOpaque as _};
        ::actors_core::__private::fields(
            "Work",
            &[
                (
                    "job",
                    &|out: &mut dyn ::core::fmt::Write| {
                        (&::actors_core::__private::Text(&self.job)).text(out)
                    },
                ),
            ],
        )
    }
}
#[automatically_derived]
impl ::actors_core::Handler<__Worker_with_work::Work>
for __Worker_with_work::__own::Worker
where
    for<'__actor> __Worker_with_work::__own::Worker: ::actors_core::__private::AnActor,
{
    const CLASS: ::core::primitive::usize = 0;
    const FIRST_POLL: ::core::primitive::bool = true;
    fn pack(
        envelope: ::actors_core::by_hand::Envelope<__Worker_with_work::Work>,
    ) -> Self::Mail {
        __WorkerMail_with_work::Work(envelope)
    }
    fn unpack(
        mail: Self::Mail,
    ) -> ::core::option::Option<
        ::actors_core::by_hand::Envelope<__Worker_with_work::Work>,
    > {
        match mail {
            __WorkerMail_with_work::Work(envelope) => {
                ::core::option::Option::Some(envelope)
            }
        }
    }
}
