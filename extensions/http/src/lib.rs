//! What a service answers at its edge when an actor refuses, and tower layers that refuse before
//! the actor is asked.
//!
//! An error of `actors-core` says why a message was not handled, and when to retry. This crate says
//! the same in HTTP, and with the feature `tonic` in gRPC. Its layers bring three facts about a
//! request to the code that decides: how long its caller waits, how much it matters, and how much
//! load there is. One stack of them serves both protocols.
//!
//! | module | what it has |
//! |---|---|
//! | [`refusal`] | the status, `Retry-After` and body of each [`Reason`](actors_core::Reason) |
//! | [`answer`] | what layers answer themselves, in HTTP or in gRPC |
//! | [`deadline`] | the caller's deadline, from a header; 504 when it passes |
//! | [`criticality`] | how much a request matters, from a header |
//! | [`load`] | refuses what matters less while an actor is overloaded |
//! | [`concurrency`] | a limit of requests in flight that never queues |
//! | [`refusing`] | the service that these layers share, for layers of your own |
//! | [`ready`] | a readiness probe over actors |
//! | `grpc` (feature `tonic`) | the gRPC status of each reason, with `RetryInfo`; streams over actors |
//!
//! # Example
//!
//! A router of axum, with the feature `axum`. The first layer is the outermost one.
//!
//! ```
//! # #[cfg(feature = "axum")]
//! # mod example {
//! use actors_core::prelude::*;
//! use actors_http::{criticality::CriticalityLayer, load::LoadLayer, ready::Readiness, refusal::Refused};
//! use actors_http::deadline::{Deadline, DeadlineLayer};
//! use axum::{Extension, Router, extract::State, routing::post};
//! use std::time::Duration;
//!
//! struct Shop { sold: u64 }
//!
//! #[actor(capacity = 1024, pressure(high = 0.8, low = 0.5, respond = [shed]))]
//! impl Shop {
//!     #[message(priority = high, overflow = reject)]
//!     async fn charge(&mut self) -> u64 { self.sold += 1; self.sold }
//! }
//!
//! /// `?` turns every refusal of the actor into a status with `Retry-After`.
//! async fn charge(
//!     State(shop): State<ShopHandle>,
//!     Extension(deadline): Extension<Deadline>,
//! ) -> Result<String, Refused> {
//!     let sold = shop.charge().timeout(deadline.remaining()).await?;
//!     Ok(format!("{sold} sold\n"))
//! }
//!
//! fn router(shop: ShopHandle) -> Router {
//!     let deadline = DeadlineLayer::new(Duration::from_secs(5));
//!     let layers = (deadline, CriticalityLayer::new(), LoadLayer::of(&shop));
//!     Router::new()
//!         .route("/charge", post(charge))
//!         .layer(layers)
//!         .route_service("/readyz", Readiness::new().actor(&shop))
//!         .with_state(shop)
//! }
//! # #[tokio::main(flavor = "current_thread")]
//! # pub(super) async fn main() {
//! #     use tower::ServiceExt;
//! #     let router = router(System::new("shop").spawn(Shop { sold: 0 }));
//! #     let request = axum::http::Request::post("/charge").body(axum::body::Body::empty()).unwrap();
//! #     assert_eq!(router.oneshot(request).await.unwrap().status(), 200);
//! # }
//! # }
//! # fn main() {
//! #     #[cfg(feature = "axum")]
//! #     example::main();
//! # }
//! ```
//!
//! # Without axum
//!
//! The layers take and return `http::Request` and `http::Response`. They need a body that is an
//! [`AnswerBody`](answer::AnswerBody): a `String`, axum's, tonic's, or one for which you implement
//! it. A refusal is a response, not an error, so the layers change no error type.
//!
//! # Features
//!
//! | feature | default | adds |
//! |---|---|---|
//! | `axum` | no | `IntoResponse` for [`Refused`](refusal::Refused), and answers in axum's body |
//! | `tonic` | no | the module `grpc`, and answers in gRPC from every layer |

#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod answer;
pub mod concurrency;
pub mod criticality;
pub mod deadline;
#[cfg(feature = "tonic")]
#[cfg_attr(docsrs, doc(cfg(feature = "tonic")))]
pub mod grpc;
pub mod load;
pub mod ready;
pub mod refusal;
pub mod refusing;

mod jitter;
