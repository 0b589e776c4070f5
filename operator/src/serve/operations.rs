//! Every call of the API: its method, its path, and the right that it wants.

use http::Method;

/// A call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Operation {
    /// All workspaces.
    List,
    /// A new one.
    Create,
    /// One.
    Read,
    /// One as a whole, made or replaced.
    Replace,
    /// Some of its fields.
    Patch,
    /// Its end.
    Delete,
    /// It is laid to rest.
    Suspend,
    /// It runs again.
    Resume,
    /// The objects that it becomes.
    Manifests,
    /// What would be wrong with it.
    Validate,
    /// What the nodes have room for.
    Room,
    /// The models that a workspace can have.
    Models,
}

/// A route.
#[derive(Clone, Debug)]
pub struct Route {
    /// The call.
    pub operation: Operation,
    /// The method.
    pub method: Method,
    /// The path, with `{name}` for a workspace's.
    pub path: &'static str,
    /// The verb of the right that it wants, as roles have it.
    pub verb: &'static str,
    /// Whether it would change something.
    pub mutates: bool,
    /// The parameters that it knows.
    pub parameters: &'static [&'static str],
}

const ALL: &str = "/v1/workspaces";
const ONE: &str = "/v1/workspaces/{name}";
const WRITES: &[&str] = &["admission", "dryRun"];

const fn route(
    operation: Operation,
    method: Method,
    path: &'static str,
    verb: &'static str,
    parameters: &'static [&'static str],
) -> Route {
    let mutates = !matches!(
        operation,
        Operation::List
            | Operation::Read
            | Operation::Manifests
            | Operation::Validate
            | Operation::Room
            | Operation::Models
    );
    Route { operation, method, path, verb, mutates, parameters }
}

/// All routes that want a token.
pub fn routes() -> [Route; 12] {
    use Operation::{
        Create, Delete, List, Manifests, Models, Patch, Read, Replace, Resume, Room, Suspend,
        Validate,
    };
    let listed = &["continue", "labelSelector", "limit", "ready"];
    let deleted = &["confirm", "data", "dryRun"];
    [
        route(List, Method::GET, ALL, "list", listed),
        route(Create, Method::POST, ALL, "create", WRITES),
        route(Read, Method::GET, ONE, "get", &[]),
        route(Replace, Method::PUT, ONE, "update", WRITES),
        route(Patch, Method::PATCH, ONE, "patch", WRITES),
        route(Delete, Method::DELETE, ONE, "delete", deleted),
        route(Suspend, Method::POST, "/v1/workspaces/{name}/suspend", "patch", &["dryRun"]),
        route(Resume, Method::POST, "/v1/workspaces/{name}/resume", "patch", WRITES),
        route(Manifests, Method::GET, "/v1/workspaces/{name}/manifests", "get", &[]),
        route(Validate, Method::POST, "/v1/validate", "create", &[]),
        route(Room, Method::GET, "/v1/room", "list", &["models"]),
        route(Models, Method::GET, "/v1/models", "list", &[]),
    ]
}
