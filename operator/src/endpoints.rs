//! What the kubelet and Prometheus ask of this process, in plain HTTP.

use std::{convert::Infallible, io, net::SocketAddr, sync::Arc};

use bytes::Bytes;
use http::{Request, Response, StatusCode, header::CONTENT_TYPE};
use http_body_util::Full;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

/// The form of metrics.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// What answers: the path, and a status with a type and a text where the path is known.
pub type Answers = Arc<dyn Fn(&str) -> Option<(StatusCode, String)> + Send + Sync>;

/// The address that a flag says; none for `0`. `:8080` is any address of the machine.
///
/// # Errors
/// What is wrong with the flag.
pub fn address(flag: &str) -> Result<Option<SocketAddr>, String> {
    if flag == "0" || flag.is_empty() {
        return Ok(None);
    }
    let whole = if flag.starts_with(':') { format!("[::]{flag}") } else { flag.to_owned() };
    whole.parse().map(Some).map_err(|error| format!("`{flag}` is no address: {error}"))
}

/// Takes the port of an address.
///
/// # Errors
/// When somebody else has it.
pub async fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    match TcpListener::bind(address).await {
        // A machine without IPv6.
        Err(_) if address.ip().is_unspecified() => {
            TcpListener::bind(("0.0.0.0", address.port())).await
        }
        bound => bound,
    }
}

/// Answers for ever.
pub async fn serve(listener: TcpListener, answers: Answers) {
    while let Ok((stream, _)) = listener.accept().await {
        let answers = answers.clone();
        tokio::spawn(async move {
            let service = service_fn(move |request: Request<Incoming>| {
                let answers = answers.clone();
                async move { Ok::<_, Infallible>(answer(request.uri().path(), &answers)) }
            });
            // Who breaks off has no answer.
            drop(http1::Builder::new().serve_connection(TokioIo::new(stream), service).await);
        });
    }
}

fn answer(path: &str, answers: &Answers) -> Response<Full<Bytes>> {
    let found = answers(path);
    let (status, text) = found.unwrap_or((StatusCode::NOT_FOUND, "nothing is here\n".to_owned()));
    let form = if path == "/metrics" { OPEN_METRICS } else { "text/plain; charset=utf-8" };
    let mut response = Response::new(Full::new(Bytes::from(text)));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, form.parse().expect("a header of our own"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_those_of_the_operator_before() {
        assert_eq!(address("0"), Ok(None));
        assert_eq!(address(":8081"), Ok(Some("[::]:8081".parse().expect("an address"))));
        assert_eq!(address("127.0.0.1:1"), Ok(Some("127.0.0.1:1".parse().expect("an address"))));
        assert!(address("here").is_err());
    }
}
