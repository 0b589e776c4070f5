//! A small API server in memory: reviews, and resources with their versions; and the API before it.

mod answers;

use std::{
    collections::BTreeSet,
    convert::Infallible,
    path::Path,
    sync::{Arc, LazyLock, Mutex, MutexGuard},
};

use axum::{Router, body::Body};
use espalier::{Plan, Sealer};
use http::{HeaderMap, Method, Request};
use http_body_util::BodyExt as _;
use kube::{Client, core::DynamicObject};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use self::answers::{NAMESPACE, State};

use crate::{
    cluster::Cluster,
    platform,
    resource::Resource,
    serve::{
        access::Access,
        identity::Ways,
        router::router,
        state::{Bounds, Shared},
    },
};

/// A model that the platform knows.
pub const MODEL: &str = "llama3.2:1b-instruct-q4_K_M";

static PLATFORM: LazyLock<(Arc<Plan>, String)> = LazyLock::new(|| {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden/tenants");
    let platform = platform::load(&root).expect("a platform without errors");
    (Arc::new(platform.plan), platform.certificate.expect("it has one"))
});

/// The API, and the API server behind it.
pub struct Server {
    /// The API server.
    state: Arc<Mutex<State>>,
    /// What the API knows.
    pub shared: Arc<Shared>,
    /// The API.
    pub router: Router,
}

/// A request.
pub struct Ask {
    method: Method,
    path: String,
    token: &'static str,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
}

/// An answer.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub text: String,
}

impl Ask {
    /// A request without a body, by the administrator.
    pub fn new(method: Method, path: &str) -> Self {
        let (path, headers, body) = (path.to_owned(), Vec::new(), Vec::new());
        Self { method, path, token: "admin", headers, body }
    }

    /// A GET.
    pub fn get(path: &str) -> Self {
        Self::new(Method::GET, path)
    }

    /// A POST.
    pub fn post(path: &str, body: &Value) -> Self {
        Self::new(Method::POST, path).json(body)
    }

    /// A PUT.
    pub fn put(path: &str, body: &Value) -> Self {
        Self::new(Method::PUT, path).json(body)
    }

    /// A PATCH.
    pub fn patch(path: &str, body: &Value) -> Self {
        let asked = Self::new(Method::PATCH, path).json(body);
        asked.header("content-type", "application/merge-patch+json")
    }

    /// The same by somebody else; without a token for an empty one.
    pub fn by(mut self, token: &'static str) -> Self {
        self.token = token;
        self
    }

    /// The same with a header.
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.retain(|it| it.0 != name);
        self.headers.push((name, value.into()));
        self
    }

    /// The same with a body in JSON.
    pub fn json(self, body: &Value) -> Self {
        self.text("application/json", body.to_string())
    }

    /// The same with a body.
    pub fn text(mut self, form: &str, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self.header("content-type", form)
    }
}

impl Answer {
    /// The body as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {}", self.text))
    }

    /// A header.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|it| it.to_str().ok()).unwrap_or_default()
    }

    /// The code of a problem, which has the form of one.
    #[track_caller]
    pub fn problem(&self) -> String {
        let problem = self.json();
        assert_eq!(self.header("content-type"), "application/problem+json", "{problem}");
        assert_eq!(problem["status"], self.status, "{problem}");
        for field in ["title", "detail"] {
            assert!(problem[field].as_str().is_some_and(|it| !it.is_empty()), "{problem}");
        }
        let id = self.header("x-request-id");
        assert_eq!(problem["instance"], format!("urn:espalier:request:{id}"));
        assert!(problem["findings"].is_array(), "{problem}");
        let code = problem["type"].as_str().and_then(|it| it.strip_prefix("urn:espalier:problem:"));
        code.expect("a type").to_owned()
    }
}

/// A workspace for a developer.
pub fn workspace(name: &str) -> Value {
    json!({
        "apiVersion": "apps.aichatworkspaces.io/v1alpha1",
        "kind": "AIChatWorkspace",
        "metadata": {"name": name},
        "spec": {"workspaceName": name, "workspaceENV": "dev", "models": [MODEL]},
    })
}

impl Server {
    /// An API without workspaces.
    pub fn new() -> Self {
        let bounds = Bounds { rate: 10_000, burst: 10_000, trusted: Vec::new() };
        Self::with(bounds, Some("oidc:"), true)
    }

    /// The same with other bounds, with or without an issuer, and with or without a certificate.
    pub fn with(bounds: Bounds, prefix: Option<&str>, seals: bool) -> Self {
        let state: Arc<Mutex<State>> = Arc::default();
        let behind = state.clone();
        let service = tower::service_fn(move |request: Request<kube::client::Body>| {
            let state = behind.clone();
            async move {
                let (parts, body) = request.into_parts();
                let body = body.collect().await.expect("a body").to_bytes();
                let mut state = state.lock().expect("nobody panics while holding it");
                Ok::<_, Infallible>(answers::answer(&mut state, &parts, &body))
            }
        });
        let (plan, pem) = &*PLATFORM;
        let prefix = prefix.map(str::to_owned);
        let ways = Ways::of("ours".to_owned(), "server".to_owned(), prefix).expect("ways");
        let shared = Arc::new(Shared::new(
            Cluster::of(Client::new(service, NAMESPACE), NAMESPACE),
            plan.clone(),
            Sealer::of(plan, pem).filter(|_| seals),
            Access::new(ways),
            bounds,
            "test".to_owned(),
        ));
        shared.census().complete(&BTreeSet::new());
        shared.is_up(true);
        let router = router(shared.clone());
        Self { state, shared, router }
    }

    /// The API server.
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nobody panics while holding it")
    }

    /// Puts a resource into the API server, and tells the API of it.
    pub fn has(&self, mut resource: Value) {
        let mut state = self.state();
        let name = resource["metadata"]["name"].as_str().expect("a name").to_owned();
        state.store(&name, &mut resource);
        let stored = state.objects[&name].clone();
        drop(state);
        let object: DynamicObject = serde_json::from_value(stored).expect("an object");
        let (resource, _) = Resource::of(object).expect("a resource");
        self.shared.census().learn(&resource);
    }

    /// What is stored under a name.
    pub fn stored(&self, name: &str) -> Value {
        self.state().objects.get(name).cloned().unwrap_or_default()
    }

    /// How many requests the API server has had that begin so.
    pub fn count(&self, beginning: &str) -> usize {
        self.state().requests.iter().filter(|it| it.starts_with(beginning)).count()
    }

    /// How many writes the API server has had.
    pub fn writes(&self) -> usize {
        let state = self.state();
        let of = |said: &&String| {
            let is_of = said.contains("/aichatworkspaces");
            is_of && !said.starts_with("GET ") && !said.contains("dryRun")
        };
        state.requests.iter().filter(of).count()
    }

    /// Sends a request.
    pub async fn ask(&self, asked: Ask) -> Answer {
        let mut request = Request::builder().method(asked.method).uri(&asked.path);
        if !asked.token.is_empty() {
            request = request.header("authorization", format!("Bearer {}", asked.token));
        }
        for (name, value) in asked.headers {
            request = request.header(name, value);
        }
        let request = request.body(Body::from(asked.body)).expect("a request");
        let response = self.router.clone().oneshot(request).await.expect("an answer");
        let (parts, body) = response.into_parts();
        let body = body.collect().await.expect("a body").to_bytes();
        let text = String::from_utf8(body.to_vec()).expect("UTF-8");
        Answer { status: parts.status.as_u16(), headers: parts.headers, text }
    }
}
