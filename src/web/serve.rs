//! Serving until told to stop, and then ending without breaking off a request (S-131).

use std::io;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;

use super::routes;
use crate::app::App;

/// How long requests in flight may take to end.
const LAST_REQUESTS: Duration = Duration::from_secs(20);

/// Serves until `stop` ends: then ready says 503, no connection is taken any more, and requests in flight finish.
pub async fn serve(app: App, listener: TcpListener, stop: impl Future<Output = ()> + Send + 'static) -> io::Result<()> {
    let (tell, mut told) = watch::channel(false);
    let router = routes::router(app.clone());
    let stopping = async move {
        stop.await;
        app.stopping.store(true, Ordering::Relaxed);
        let _ = tell.send(true); // nobody listens if the server failed meanwhile
    };
    let serving = axum::serve(listener, router).with_graceful_shutdown(stopping);
    tokio::select! {
        ended = serving.into_future() => ended,
        () = async {
            let _ = told.wait_for(|told| *told).await;
            tokio::time::sleep(LAST_REQUESTS).await;
        } => {
            tracing::warn!("some requests did not end within 20 s and were broken off");
            Ok(())
        }
    }
}
