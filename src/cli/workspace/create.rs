//! `workspace create`: writes the file of a new workspace.

use anyhow::Context as _;
use serde_json::Value;

use super::{
    administrator,
    args::Create,
    change::Change,
    database,
    edit::{self, Edit},
    site::Site,
    update::assigned,
};
use crate::{
    cli::{console::Console, outcome::Outcome},
    names::DnsLabel,
    yaml::source::Source,
};

/// What the file begins with: the line for editors, and what the resource is.
pub const HEAD: &str = "\
# yaml-language-server: $schema=../workspace.schema.json
apiVersion: apps.aichatworkspaces.io/v1alpha1
kind: AIChatWorkspace
metadata:
";

/// Runs the verb.
///
/// # Errors
/// When there is such a workspace already, a value is not available, or the file cannot be written.
pub fn run(site: &Site<'_>, args: &Create, console: &mut Console) -> anyhow::Result<Outcome> {
    let name: DnsLabel =
        args.name.parse().with_context(|| format!("`{}` is no name of a workspace", args.name))?;
    let file = site.free(&name)?;
    let list = |items: &[String]| Value::from(items.to_vec());
    let mut spec = vec![
        ("workspaceName", Value::from(&*name)),
        ("workspaceENV", Value::from(args.env.word())),
        ("models", list(&args.model)),
    ];
    spec.extend((!args.pattern.is_empty()).then(|| ("patterns", list(&args.pattern))));
    spec.extend((!args.host.is_empty()).then(|| ("hosts", list(&args.host))));
    let head = format!("{HEAD}  name: {}\n", &*name);
    let draft = Source::parse(file.clone(), edit::resource(&head, &spec));
    let mut edits =
        args.set.iter().map(|it| assigned(it)).collect::<anyhow::Result<Vec<Edit>>>()?;
    edits.extend(administrator::edit(site, &name, None, args.env, &args.administrator, console)?);
    if let Some(wanted) = args.database {
        let given = (wanted, &args.administrator);
        edits.extend(database::edits(site, &name, None, given, console)?);
    }
    let change = Change {
        file,
        text: Some(edit::changed(&draft, &edits)?),
        old: None,
        is_strict: true,
        subject: format!("Add workspace {}", &*name),
    };
    change.run(site, "espalier render", console)
}
