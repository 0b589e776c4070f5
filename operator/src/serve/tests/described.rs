//! The description of the API is true: each of its examples is sent, and each answer is one that it
//! knows.

use http::Method;
use serde_json::{Value, json};

use super::server::{Ask, Server, workspace};
use crate::serve::{openapi, operations::routes};

/// Each example of a parameter and of a body, by itself.
fn requests(path: &str, method: &Method, operation: &Value) -> Vec<Ask> {
    let parameters = operation["parameters"].as_array().expect("parameters");
    let at = |place: &str| {
        let own = parameters.iter().filter(|it| it["in"] == place && it.get("example").is_some());
        own.map(|it| (it["name"].as_str().expect("a name"), it["example"].clone()))
            .collect::<Vec<_>>()
    };
    let plain = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let mut path = path.to_owned();
    for (name, example) in at("path") {
        path = path.replace(&format!("{{{name}}}"), &plain(&example));
    }
    let mut paths = vec![path.clone()];
    for (name, example) in at("query") {
        paths.push(format!("{path}?{name}={}", plain(&example).replace('=', "%3D")));
    }
    let content = operation["requestBody"]["content"].as_object();
    let mut bodies = Vec::new();
    for (form, media) in content.into_iter().flatten() {
        for example in media["examples"].as_object().into_iter().flatten() {
            bodies.push((form.clone(), example.1["value"].clone()));
        }
    }
    let mut all = Vec::new();
    for path in paths {
        let asked = || Ask::new(method.clone(), &path).header("if-match", "*");
        let asked = || if *method == Method::GET { Ask::get(&path) } else { asked() };
        if bodies.is_empty() {
            all.push(asked());
        }
        for (form, body) in &bodies {
            all.push(asked().text(form, body.to_string()));
        }
    }
    all
}

#[tokio::test]
async fn examples_are_answered_as_it_says() {
    let document: Value = serde_json::from_str(&openapi::text()).expect("JSON");
    for route in routes() {
        let operation = &document["paths"][route.path][route.method.as_str().to_lowercase()];
        assert!(operation["operationId"].is_string(), "{}", route.path);
        let requests = requests(route.path, &route.method, operation);
        assert!(!requests.is_empty());
        for asked in requests {
            let server = Server::new();
            let is_new = route.path == "/v1/workspaces" && route.method == Method::POST;
            if !is_new {
                let mut known = workspace("my-team");
                known["metadata"]["labels"] = json!({"department": "research"});
                server.has(known);
            }
            let answer = server.ask(asked).await;
            let said = format!("{} {}: {}", route.method, route.path, answer.text);
            assert!((200..300).contains(&answer.status), "{said}");
            let response = &operation["responses"][answer.status.to_string()];
            assert!(response.is_object(), "{} is not described: {said}", answer.status);
            let schema = &response["content"]["application/json"]["schema"];
            let unknown = unknown(&document, schema, &answer.json());
            assert_eq!(unknown, Vec::<String>::new(), "{said}");
        }
    }
}

/// What an answer has that its schema does not, and the reverse.
fn unknown(document: &Value, schema: &Value, value: &Value) -> Vec<String> {
    let schema = match schema["$ref"].as_str() {
        Some(reference) => document.pointer(&reference[1..]).expect("a schema"),
        None => schema,
    };
    let mut all = Vec::new();
    if let (Some(properties), Some(map)) = (schema["properties"].as_object(), value.as_object()) {
        all.extend(map.keys().filter(|it| !properties.contains_key(*it)).cloned());
        let required = schema["required"].as_array().into_iter().flatten();
        let required = required.filter_map(Value::as_str);
        all.extend(required.filter(|it| !map.contains_key(*it)).map(|it| format!("no {it}")));
        for (key, below) in map {
            if let Some(schema) = properties.get(key) {
                all.extend(unknown(document, schema, below));
            }
        }
    }
    for item in value.as_array().into_iter().flatten() {
        all.extend(unknown(document, &schema["items"], item));
    }
    all
}

/// What is described of each operation is what the table of routes has.
#[test]
fn all_routes_are_described() {
    let document: Value = serde_json::from_str(&openapi::text()).expect("JSON");
    let mut described = Vec::new();
    for (path, methods) in document["paths"].as_object().expect("paths") {
        for method in methods.as_object().expect("methods").keys() {
            described.push(format!("{} {path}", method.to_uppercase()));
        }
    }
    let mut known: Vec<String> =
        routes().iter().map(|it| format!("{} {}", it.method, it.path)).collect();
    known.extend(["/livez", "/openapi.json", "/readyz"].map(|it| format!("GET {it}")));
    described.sort();
    known.sort();
    assert_eq!(described, known);
}
