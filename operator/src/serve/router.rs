//! Which call a request is, and what holds for all of them: bounds, time, problems, audit, metrics.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    extract::{Request, State},
    middleware::{self, Next},
    response::{IntoResponse as _, Response},
    routing::{MethodFilter, get, on},
};
use bytes::Bytes;
use http::{
    HeaderName, HeaderValue, Method, StatusCode,
    header::{CACHE_CONTROL, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS},
};
use tokio::time::{Instant, timeout};

use super::{
    audit::Trail,
    call::Call,
    connections::Peer,
    delete, limits, models, openapi,
    operations::{Operation, Route, routes},
    page,
    problem::{self, Problem},
    read,
    state::Shared,
    validate, write,
};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// Paths that need no token, beside those of the page.
const OPEN: [&str; 3] = ["/livez", DESCRIPTION, "/readyz"];
const DESCRIPTION: &str = "/openapi.json";
/// What is at no path of ours, in metrics.
const ELSEWHERE: &str = "elsewhere";

/// All routes.
pub fn router(shared: Arc<Shared>) -> Router {
    let mut router = Router::new();
    for route in routes() {
        let filter = MethodFilter::try_from(route.method.clone()).expect("methods of HTTP");
        let (path, route) = (route.path, Arc::new(route));
        let handler = move |State(shared): State<Arc<Shared>>, request: Request| {
            let route = route.clone();
            async move { handle(shared, &route, request).await }
        };
        router = router.route(path, on(filter, handler));
    }
    for file in page::FILES {
        let handler = move |request: Request| async move { file.answer(request.headers()) };
        router = router.route(file.path, get(handler));
    }
    let document = Bytes::from(openapi::text());
    let ready = |State(shared): State<Arc<Shared>>| async move { readiness(&shared) };
    router
        .route("/livez", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .route(DESCRIPTION, get(|| async move { ([(CONTENT_TYPE, "application/json")], document) }))
        .fallback(|| async { problem::NO_ROUTE.says("`/openapi.json` says what there is") })
        .method_not_allowed_fallback(|request: Request| async move { no_method(&request) })
        .layer(middleware::from_fn_with_state(shared.clone(), around))
        .with_state(shared)
}

/// Whether requests can be answered, for who asks.
pub fn readiness(shared: &Shared) -> (StatusCode, String) {
    if shared.is_ready() {
        (StatusCode::OK, "ok\n".to_owned())
    } else {
        let why = "the API server does not answer, or workspaces are not known yet\n";
        (StatusCode::SERVICE_UNAVAILABLE, why.to_owned())
    }
}

/// The route of a path, with `{name}` for a workspace's name.
fn template(path: &str) -> Option<&'static str> {
    let fits = |template: &&str| {
        let (mut own, mut said) = (template.split('/'), path.split('/'));
        loop {
            match (own.next(), said.next()) {
                (None, None) => return true,
                (Some("{name}"), Some(name)) if !name.is_empty() => {}
                (Some(own), Some(said)) if own == said => {}
                _ => return false,
            }
        }
    };
    let all = routes().map(|it| it.path);
    let pages = page::FILES.iter().map(|it| it.path);
    all.into_iter().chain(OPEN).chain(pages).find(fits)
}

/// The name of a workspace in a path of that route.
fn name(route: &Route, path: &str) -> Option<String> {
    let at = route.path.split('/').position(|it| it == "{name}")?;
    path.split('/').nth(at).map(str::to_owned)
}

async fn handle(shared: Arc<Shared>, route: &Route, request: Request) -> Result<Response, Problem> {
    let name = name(route, request.uri().path());
    let (parts, body) = request.into_parts();
    let call = Call::of(shared, route, name, parts).await?;
    match route.operation {
        Operation::List => read::list(&call).await,
        Operation::Create => write::create(&call, body).await,
        Operation::Read => read::one(&call).await,
        Operation::Replace => write::replace(&call, body).await,
        Operation::Patch => write::patch(&call, body).await,
        Operation::Delete => delete::delete(&call).await,
        Operation::Suspend => write::suspend(&call).await,
        Operation::Resume => write::resume(&call).await,
        Operation::Manifests => read::manifests(&call).await,
        Operation::Validate => validate::validate(&call, body).await,
        Operation::Room => read::room(&call).await,
        Operation::Models => models::list(&call).await,
    }
}

/// That a path knows other methods: which.
fn no_method(request: &Request) -> Problem {
    let path = template(request.uri().path()).unwrap_or_default();
    let known = routes().into_iter().filter(|it| it.path == path).map(|it| it.method.to_string());
    let mut known: Vec<String> = known.collect();
    if known.is_empty() {
        known.push(Method::GET.to_string());
    }
    let allow = HeaderValue::from_str(&known.join(", ")).expect("methods of our own");
    problem::NO_METHOD.says(format!("there is {}", known.join(", "))).allow(&allow)
}

/// What holds for every request.
///
/// It is answered in a task of its own: what a caller who breaks off has begun is carried through
/// and told of, and what panics is the problem of one request.
async fn around(State(shared): State<Arc<Shared>>, mut request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let id = shared.request();
    let route = template(request.uri().path()).unwrap_or(ELSEWHERE);
    let method = word(request.method());
    let trail = Trail::default();
    request.extensions_mut().insert(trail.clone());
    let task = tokio::spawn(async move {
        shared.counts.in_flight(1);
        let of_answer = shared.clone();
        let answer = tokio::spawn(async move { bounded(&of_answer, route, request, next).await });
        let answer = answer.await.unwrap_or_else(|error| {
            tracing::error!(request = id, %error, "a request broke off");
            Err(problem::FAILED.says("an error of this program; its log has the request"))
        });
        let mut response = answer.unwrap_or_else(Problem::into_response);
        shared.counts.in_flight(-1);
        let problem = response.extensions_mut().remove::<Problem>();
        let outcome = problem.as_ref().map_or("done", Problem::code);
        let status = response.status().as_u16();
        trail.write(&id, status, outcome);
        shared.counts.answered(route, method, status, begun.elapsed().as_secs_f64());
        let mut response = problem.map_or(response, |it| it.answer(&id));
        let headers = response.headers_mut();
        let own = HeaderName::from_static("x-request-id");
        headers.insert(own, HeaderValue::from_str(&id).expect("digits and a dash"));
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
        response
    });
    match task.await {
        Ok(response) => response,
        Err(_) => problem::FAILED.says("an error of this program").answer(""),
    }
}

/// A request, within its bounds.
async fn bounded(
    shared: &Shared,
    route: &'static str,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let peer = request.extensions().get::<Peer>().map(|it| it.0);
    let forwarded = request.headers().get_all("x-forwarded-for").iter().next_back();
    let forwarded = forwarded.and_then(|it| it.to_str().ok());
    let address = peer.map(|it| limits::address(it, forwarded, &shared.trusted));
    let is_file = route == DESCRIPTION || page::FILES.iter().any(|it| it.path == route);
    if is_file {
        address.map_or(Ok(()), |it| shared.of_visitor(it))?;
    }
    if is_file || OPEN.contains(&route) {
        return Ok(next.run(request).await);
    }
    let Ok(_slot) = shared.slots.try_acquire() else {
        return Err(problem::OVERLOADED.says("all places are taken").retry_after(1));
    };
    address.map_or(Ok(()), |it| shared.of_address(it))?;
    timeout(PATIENCE, next.run(request)).await.map_err(|_| {
        let detail = "it took too long; whether it was done, a GET says";
        problem::TIMED_OUT.says(detail).retry_after(5)
    })
}

/// A method, as metrics call it.
fn word(method: &Method) -> &'static str {
    let known = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"];
    known.into_iter().find(|it| *it == method.as_str()).unwrap_or("other")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_have_templates_and_no_names() {
        for (path, expected) in [
            ("/v1/workspaces", Some("/v1/workspaces")),
            ("/v1/workspaces/a", Some("/v1/workspaces/{name}")),
            ("/v1/workspaces/a/suspend", Some("/v1/workspaces/{name}/suspend")),
            ("/v1/workspaces/", None),
            ("/v1/workspaces/a/b", None),
            ("/", Some("/")),
            ("/page.js", Some("/page.js")),
            ("/page", None),
            ("/readyz", Some("/readyz")),
        ] {
            assert_eq!(template(path), expected, "{path}");
        }
    }
}
