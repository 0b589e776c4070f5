//! `seal` without a word: every credential, where it is needed, and how it is sealed.

use serde::Serialize;

use super::act::Need;
use crate::{
    cli::{
        args::Format,
        clock,
        console::{Console, count},
        outcome::Outcome,
        table::Table,
    },
    compile::house::House,
    spec::read::SEALING,
};

/// One credential in one namespace.
#[derive(Debug, Serialize)]
struct Row {
    credential: String,
    keys: Vec<&'static str>,
    namespace: String,
    /// In the words of the table.
    state: String,
    #[serde(rename = "usedBy")]
    used_by: Vec<String>,
}

/// Runs the verb.
///
/// # Errors
/// When stdout takes no more.
pub fn run(house: &House, needs: &[Need], console: &mut Console) -> anyhow::Result<Outcome> {
    let rows = rows(house, needs);
    if console.format() == Format::Json {
        console.data(&(serde_json::to_string_pretty(&rows)? + "\n"))?;
        return Ok(Outcome::Clean);
    }
    let mut table = Table::new(&["credential", "keys", "namespace", "state", "used by"]);
    for it in &rows {
        table.row([it.credential.clone(), it.keys.join(", "), it.namespace.clone(), it.state.clone(), it.used_by.join(", ")]);
    }
    let certificate = house.platform().sealing.as_ref().map_or_else(
        || format!("there is no {SEALING}: `espalier seal init` makes a key pair, or takes the certificate of a cluster"),
        |it| format!("{SEALING}: {}, valid until {}", it.fingerprint, clock::written(it.not_after)),
    );
    let open = rows.iter().filter(|it| it.state != SEALED && !it.used_by.is_empty()).count();
    let next = if open > 0 {
        "\nnext: `espalier seal --generate-missing`, then `espalier seal CREDENTIAL` for what only a person knows"
    } else {
        ""
    };
    console.data(&format!("{}\n{}, {open} open\n{certificate}{next}\n", table.text(), count(needs.len(), "credential")))?;
    Ok(Outcome::Clean)
}

const SEALED: &str = "sealed";

fn rows(house: &House, needs: &[Need]) -> Vec<Row> {
    let platform = house.platform();
    let mut rows = Vec::new();
    for need in needs {
        let name = need.declared.name;
        let file = platform.sealed.file(name);
        let is_other =
            file.and_then(|it| it.certificate.as_ref()).zip(platform.sealing.as_ref()).is_some_and(|(its, now)| *its != now.fingerprint);
        for namespace in &need.namespaces {
            let there = platform.sealed.keys(name, namespace);
            let missing: Vec<&str> =
                need.declared.keys.iter().map(|it| it.name).filter(|key| there.is_none_or(|it| !it.contains_key(*key))).collect();
            let state = match there {
                None if file.is_some() => "sealed for other namespaces".to_owned(),
                None => "not sealed".to_owned(),
                Some(_) if !missing.is_empty() => format!("stale: without {}", missing.join(", ")),
                Some(_) if is_other => "sealed with another certificate".to_owned(),
                Some(_) => SEALED.to_owned(),
            };
            rows.push(Row {
                credential: name.to_owned(),
                keys: need.declared.keys.iter().map(|it| it.name).collect(),
                namespace: namespace.to_string(),
                state,
                used_by: need.used_by.iter().map(ToString::to_string).collect(),
            });
        }
    }
    for (name, file) in platform.sealed.files() {
        if needs.iter().all(|it| it.declared.name != name) {
            let namespaces: Vec<&str> = file.sealed.keys().map(|it| &**it).collect();
            rows.push(Row {
                credential: name.to_owned(),
                keys: Vec::new(),
                namespace: namespaces.join(", "),
                state: "nothing needs it".to_owned(),
                used_by: Vec::new(),
            });
        }
    }
    rows
}
