//! Times what the operator does of a workspace where it asks nobody, for the judges: from the value
//! of a resource to the bytes of its objects. `expansion --platform DIR` prints JSON: milliseconds
//! of CPU a workspace, the fastest of several rounds, and how many objects and bytes one has.

use std::{
    env,
    error::Error,
    fs,
    io::{self, Write as _},
    path::PathBuf,
};

use espalier::Plan;
use serde_json::{Value, json};

#[expect(dead_code, reason = "the operator stores and compares hashes, too")]
#[path = "../src/hash.rs"]
mod hash;
#[expect(dead_code, reason = "the operator tells the hash, and ends with a code")]
#[path = "../src/platform.rs"]
mod platform;

const ROUNDS: usize = 5;
const WORKSPACES: usize = 1_000;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [flag, folder] = &*arguments else { return Err("expansion --platform DIR".into()) };
    if flag != "--platform" {
        return Err(format!("{flag} is unknown").into());
    }
    let platform = platform::load(&PathBuf::from(folder)).map_err(|failure| failure.message)?;
    let resources: Vec<Value> = (0..WORKSPACES).map(resource).collect();
    let (mut least, mut size) = (u64::MAX, (0, 0));
    for _ in 0..ROUNDS {
        let (before, mut all) = (nanoseconds()?, (0, 0));
        for resource in &resources {
            let (objects, bytes) = expand(&platform.plan, resource)?;
            all = (all.0 + objects, all.1 + bytes);
        }
        least = least.min(nanoseconds()? - before);
        size = (all.0 / WORKSPACES, all.1 / WORKSPACES);
    }
    // Microseconds are exact enough, and fit.
    let microseconds = u32::try_from(least / 1_000 / WORKSPACES as u64)?;
    let milliseconds = f64::from(microseconds) / 1_000.0;
    let said = json!({"milliseconds": milliseconds, "objects": size.0, "bytes": size.1});
    Ok(writeln!(io::stdout(), "{said}")?)
}

/// A resource, as the API server has it.
fn resource(number: usize) -> Value {
    let name = format!("one-of-many-{number}");
    json!({
        "apiVersion": "apps.aichatworkspaces.io/v1alpha1",
        "kind": "AIChatWorkspace",
        "metadata": {"name": name},
        "spec": {"workspaceName": name, "workspaceENV": "dev", "models": ["qwen2.5:0.5b"]},
    })
}

/// What the operator does with it: the number of its objects, and of their bytes.
fn expand(plan: &Plan, resource: &Value) -> Result<(usize, usize), String> {
    let name = resource["metadata"]["name"].as_str().unwrap_or_default();
    let (tenant, findings) = plan.tenant_of(name, resource);
    let tenant = tenant.ok_or_else(|| findings.json())?;
    let bytes: Vec<usize> = tenant.steps().flatten().map(|it| it.yaml().len()).collect();
    Ok((bytes.len(), bytes.iter().sum()))
}

/// The CPU time of this thread so far.
fn nanoseconds() -> Result<u64, Box<dyn Error>> {
    let text = fs::read_to_string("/proc/thread-self/schedstat")?;
    Ok(text.split(' ').next().unwrap_or_default().parse()?)
}
