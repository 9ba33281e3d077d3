//! Connections: axum's routes over hyper, with a limit for everything that a client may draw out.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::{AppState, routes};

/// How long and how large things may be.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// From the beginning of a request, or the end of the one before, to the end of its header.
    pub header: Duration,
    /// From the end of the header to the end of the answer.
    pub request: Duration,
    /// Of a connection as a whole, however busy it is.
    pub connection: Duration,
    /// What is still being answered when longroad stops.
    pub stop: Duration,
    /// Of a header, in bytes; at least 8,192.
    pub header_bytes: usize,
    /// Of a request's body, in bytes.
    pub body_bytes: usize,
    /// Connections at once; more wait.
    pub connections: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            header: Duration::from_secs(15),
            request: Duration::from_secs(30),
            connection: Duration::from_mins(10),
            stop: Duration::from_secs(10),
            header_bytes: 32 * 1024,
            body_bytes: 1024 * 1024,
            connections: 256,
        }
    }
}

/// Serves until `shutdown` ends; what is being answered then may end within its limit.
pub async fn serve(listener: TcpListener, state: AppState, limits: Limits, shutdown: impl Future<Output = ()>) {
    let routes = routes::routes(state, limits);
    let (stop, stopped) = watch::channel(false);
    let free = Arc::new(Semaphore::new(limits.connections));
    let mut connections = JoinSet::new();
    let mut shutdown = pin!(shutdown);
    loop {
        let accepted = async {
            let place = Arc::clone(&free).acquire_owned().await;
            (place, listener.accept().await)
        };
        tokio::select! {
            () = &mut shutdown => break,
            Some(_) = connections.join_next() => {}
            (place, accepted) = accepted => match accepted {
                Ok((stream, _)) => {
                    let service = TowerToHyperService::new(routes.clone());
                    let stopped = stopped.clone();
                    connections.spawn(async move {
                        connection(stream, service, limits, stopped).await;
                        drop(place);
                    });
                }
                Err(error) => {
                    // Mostly too many open files: others must end first.
                    tracing::warn!(%error, "a connection could not be accepted");
                    sleep(Duration::from_millis(200)).await;
                }
            },
        }
    }
    drop(listener);
    let _ = stop.send(true);
    let ended = timeout(limits.stop, async { while connections.join_next().await.is_some() {} }).await;
    if ended.is_err() {
        tracing::warn!(connections = connections.len(), "connections were cut off at the end");
        connections.shutdown().await;
    }
}

/// One connection, from its first byte to its last.
async fn connection(
    stream: TcpStream,
    service: TowerToHyperService<axum::Router>,
    limits: Limits,
    mut stopped: watch::Receiver<bool>,
) {
    let _ = stream.set_nodelay(true);
    let mut connection = pin!(
        http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(limits.header)
            .max_buf_size(limits.header_bytes)
            .serve_connection(TokioIo::new(stream), service)
    );
    // How it ends is the client's affair.
    tokio::select! {
        _ = connection.as_mut() => return,
        () = sleep(limits.connection) => {}
        _ = stopped.wait_for(|stopped| *stopped) => {}
    }
    connection.as_mut().graceful_shutdown();
    let _ = timeout(limits.request, connection).await;
}
