//! What the API server refuses of a workspace, as far as schemas and CEL can say it: bounds, names
//! and hosts. The compiler refuses the same, and says how to mend it.

use serde_json::{Value, json};

use crate::{
    builder::ingress::Clients,
    components::workspace::resource::{LISTS, LONGEST_NAME, NAME_PATTERN, NUMBERS, RESERVED},
    platform::workspaces::Workspaces,
};

/// What the definition says of this very platform.
pub struct Rules<'a> {
    /// Names that no workspace may have.
    pub taken: Vec<&'a str>,
    /// Domains below which hosts may lie, and patterns.
    pub offered: &'a Workspaces,
    /// Whether the ingress controller sees who comes: without, nobody's first sign-up is safe.
    pub clients: Clients,
}

/// Adds to the schema of a workspace's `spec` what its types do not say.
pub(super) fn add(schema: &mut Value, platform: &Rules<'_>) {
    for (path, least, most) in NUMBERS {
        let number = at(schema, path);
        number["minimum"] = least.into();
        number["maximum"] = most.into();
    }
    for (path, most) in LISTS {
        at(schema, path)["maxItems"] = most.into();
    }
    let is_administered = "has(self.administrator)";
    let is_private = "has(self.workspaceENV) && self.workspaceENV == 'dev'";
    let rule = match platform.clients {
        Clients::Seen => format!("{is_administered} || ({is_private})"),
        Clients::Alike => is_administered.to_owned(),
    };
    let message = "a workspace needs an administrator: the first who signs up would become it";
    let mut of_all = vec![(rule, message.to_owned())];
    let database = at(schema, &["database"]);
    if platform.offered.databases == 0 {
        database["enum"] = json!(["own"]);
    } else {
        of_all.push((
            "!has(self.database) || self.database == 'own' || has(self.databaseRole)".to_owned(),
            "`database: shared` needs a `databaseRole`".to_owned(),
        ));
    }
    schema["x-kubernetes-validations"] = rules(&of_all);
    let name = at(schema, &["workspaceName"]);
    name["maxLength"] = LONGEST_NAME.into();
    name["pattern"] = NAME_PATTERN.into();
    name["x-kubernetes-validations"] = rules(&of_names(&platform.taken));
    at(schema, &["members", "[]", "name"])["x-kubernetes-validations"] = rules(&[(
        "!self.startsWith('system:')".to_owned(),
        "names that begin with `system:` are the cluster's own".to_owned(),
    )]);
    let hosts = at(schema, &["hosts"]);
    let domains = &platform.offered.hosts;
    if domains.is_empty() {
        hosts["maxItems"] = 0.into();
    } else {
        hosts["x-kubernetes-validations"] = rules(&[of_hosts(domains)]);
    }
    let patterns = at(schema, &["patterns"]);
    let offered = &platform.offered.patterns;
    if offered.is_empty() {
        patterns["maxItems"] = 0.into();
    } else {
        patterns["items"]["enum"] = offered.keys().map(ToString::to_string).collect();
    }
}

/// The description of a field, by its path below `spec`.
fn at<'a>(schema: &'a mut Value, path: &[&str]) -> &'a mut Value {
    path.iter().fold(schema, |at, step| match *step {
        "[]" => &mut at["items"],
        field => &mut at["properties"][field],
    })
}

/// An expression that has to be true, and what to say if it is not.
type Rule = (String, String);

fn rules(all: &[Rule]) -> Value {
    all.iter().map(|(rule, message)| json!({"rule": rule, "message": message})).collect()
}

/// Which names no workspace may have, and that a name never changes.
fn of_names(taken: &[&str]) -> Vec<Rule> {
    let mut all = vec![(
        "self == oldSelf".to_owned(),
        "the name of a workspace never changes: another name is another workspace".to_owned(),
    )];
    let mut taken = taken.to_vec();
    taken.sort_unstable();
    taken.dedup();
    all.push((
        format!("!(self in {})", list(taken)),
        "the name is a namespace of the cluster or of the platform".to_owned(),
    ));
    for (beginning, ending) in RESERVED {
        let rule = match (beginning, ending) {
            (beginning, "") => format!("!self.startsWith({})", text(beginning)),
            ("", ending) => format!("!self.endsWith({})", text(ending)),
            (beginning, ending) => format!(
                "!(self.startsWith({}) && self.endsWith({}))",
                text(beginning),
                text(ending)
            ),
        };
        let message = format!("`{beginning}*{ending}` are namespaces of the cluster");
        all.push((rule, message));
    }
    all
}

/// Below which domains hosts may lie.
fn of_hosts<T: AsRef<str>>(domains: &[T]) -> Rule {
    let below = domains.iter().map(|it| format!(".{}", it.as_ref())).collect::<Vec<_>>();
    let below = list(below.iter().map(String::as_str).collect());
    let names = domains.iter().map(|it| format!("`{}`", it.as_ref())).collect::<Vec<_>>();
    (
        format!("self.all(host, {below}.exists(domain, host.endsWith(domain)))"),
        format!("each host must lie below one of {}", names.join(", ")),
    )
}

/// A list of CEL.
fn list(items: Vec<&str>) -> String {
    format!("[{}]", items.into_iter().map(text).collect::<Vec<_>>().join(", "))
}

/// A text of CEL. Names of namespaces and hosts have nothing to escape.
fn text(text: &str) -> String {
    format!("'{text}'")
}
