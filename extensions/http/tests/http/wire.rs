//! A service of gRPC and its client, over HTTP/2 on a free port of the loopback interface.

use crate::mill::mill_messages::{Echo, Grind, Page};
use crate::mill::{Mill, MillHandle};
use actors_core::prelude::*;
use actors_http::deadline::Deadline;
use actors_http::grpc;
use futures_util::future::{BoxFuture, ready};
use futures_util::stream::{BoxStream, Stream, StreamExt, iter};
use http::uri::PathAndQuery;
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tonic::body::Body;
use tonic::client::Grpc as Client;
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Channel, Endpoint, Server};
use tonic::{Request, Response, Status, Streaming};
use tonic_prost::ProstCodec;
use tower::{Layer, Service, service_fn};

/// The window of a stream and of a connection: as small as HTTP/2 has it by default.
pub(crate) const WINDOW: u32 = 65_535;

/// What happened in the handlers of a service.
#[derive(Debug, Default)]
pub(crate) struct Log {
    /// Calls of `Grind` whose handler went past its stream's end.
    pub(crate) finished: AtomicU64,
    /// Notified when the handler of `Grind`, or the stream of `Pages`, has been dropped.
    pub(crate) dropped: Notify,
}

/// Notifies when it is dropped, with a handler or a stream.
struct Running(Arc<Log>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.dropped.notify_one();
    }
}

/// The service: `Grind` takes a stream, `Pages` returns one, `Echo` does both.
#[derive(Clone)]
pub(crate) struct Wire {
    pub(crate) mill: MillHandle,
    pub(crate) log: Arc<Log>,
}

impl Wire {
    async fn grind(self, request: Request<Streaming<Vec<u8>>>) -> Result<Response<u64>, Status> {
        let _running = Running(self.log.clone());
        let deadline = request.extensions().get::<Deadline>().copied();
        let accepted = grpc::feed(&self.mill, deadline, request.into_inner(), |sack| match sack.len() {
            0 => Err(Status::invalid_argument("an empty sack")),
            _ => Ok(Grind { sack }),
        });
        let accepted = accepted.await?;
        self.log.finished.fetch_add(1, Ordering::Relaxed);
        Ok(Response::new(accepted))
    }

    async fn pages(self, request: Request<u64>) -> Result<Response<Pages>, Status> {
        let running = Running(self.log.clone());
        let deadline = request.extensions().get::<Deadline>().copied();
        let pages =
            grpc::answers(&self.mill, deadline, iter((0..*request.get_ref()).map(Ok)), |at| Ok(Page { at }));
        // The stream holds the guard.
        let pages = pages.scan(running, |_, page| ready(page.transpose()));
        Ok(Response::new(pages.boxed()))
    }

    async fn echo(self, request: Request<Streaming<Vec<u8>>>) -> Result<Response<Pages>, Status> {
        let deadline = request.extensions().get::<Deadline>().copied();
        let asked = request.into_inner();
        Ok(Response::new(grpc::answers(&self.mill, deadline, asked, |text| Ok(Echo { text }))))
    }
}

type Pages = BoxStream<'static, Result<Vec<u8>, Status>>;

impl Service<http::Request<Body>> for Wire {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<http::Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let wire = self.clone();
        Box::pin(async move {
            Ok(match request.uri().path() {
                "/test.Wire/Grind" => {
                    let grind = service_fn(move |request| wire.clone().grind(request));
                    tonic::server::Grpc::new(ProstCodec::default()).client_streaming(grind, request).await
                }
                "/test.Wire/Pages" => {
                    let pages = service_fn(move |request| wire.clone().pages(request));
                    tonic::server::Grpc::new(ProstCodec::default()).server_streaming(pages, request).await
                }
                "/test.Wire/Echo" => {
                    let echo = service_fn(move |request| wire.clone().echo(request));
                    tonic::server::Grpc::new(ProstCodec::default()).streaming(echo, request).await
                }
                other => Status::unimplemented(other).into_http(),
            })
        })
    }
}

pub(crate) async fn grind(
    client: &mut Client<Channel>,
    sacks: impl Stream<Item = Vec<u8>> + Send + 'static,
) -> Result<u64, Status> {
    client.ready().await.unwrap();
    let path = PathAndQuery::from_static("/test.Wire/Grind");
    let request = Request::new(sacks);
    Ok(client.client_streaming(request, path, ProstCodec::default()).await?.into_inner())
}

pub(crate) async fn pages(client: &mut Client<Channel>, count: u64) -> Result<Streaming<Vec<u8>>, Status> {
    client.ready().await.unwrap();
    let path = PathAndQuery::from_static("/test.Wire/Pages");
    Ok(client.server_streaming(Request::new(count), path, ProstCodec::default()).await?.into_inner())
}

pub(crate) async fn echo(
    client: &mut Client<Channel>,
    texts: impl Stream<Item = Vec<u8>> + Send + 'static,
) -> Result<Streaming<Vec<u8>>, Status> {
    client.ready().await.unwrap();
    let path = PathAndQuery::from_static("/test.Wire/Echo");
    Ok(client.streaming(Request::new(texts), path, ProstCodec::default()).await?.into_inner())
}

/// A system with a mill behind a layer, served until the runtime ends, and a client.
pub(crate) async fn open_behind<L>(layer: L) -> (System, Wire, Client<Channel>)
where
    L: Layer<Wire> + Clone + Send + 'static,
    L::Service: Service<http::Request<Body>, Response = http::Response<Body>, Error = Infallible>
        + Clone
        + Send
        + 'static,
    <L::Service as Service<http::Request<Body>>>::Future: Send,
{
    let system = System::new("wire");
    // One that waits in line is enough.
    let mill = system.instance(Mill::default()).name("mill").max_waiting(1).spawn().unwrap();
    let wire = Wire { mill, log: Arc::default() };
    let served = wire.clone();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = Server::builder()
        .initial_stream_window_size(WINDOW)
        .initial_connection_window_size(WINDOW)
        .layer(layer);
    tokio::spawn(async move {
        server.serve_with_incoming(served, TcpIncoming::from(listener)).await.unwrap();
    });
    let endpoint = Endpoint::from_shared(format!("http://{address}")).unwrap();
    let endpoint = endpoint.initial_stream_window_size(WINDOW).initial_connection_window_size(WINDOW);
    let client = Client::new(endpoint.connect().await.unwrap());
    (system, wire, client)
}

/// A system with a mill behind a service without layers.
pub(crate) async fn open() -> (System, Wire, Client<Channel>) {
    open_behind(tower::layer::util::Identity::new()).await
}
