//! `workspace-database`, `workspace-without-database-role`: databases of the platform's PostgreSQL
//! for workspaces.

use super::{
    components::COMPONENT_NEEDED,
    effect::SETTING_WITHOUT_EFFECT,
    rule::rules,
    view::{SpecView, TenantView, WholeView, field},
};
use crate::{
    components::{
        postgresql::databases::CONNECTIONS_EACH,
        workspace::{database::DatabaseRole, resource::Database},
    },
    diag::diagnostic::{Diagnostic, Diagnostics, Place},
};

rules! {
    /// A database for workspaces where the platform has none for them.
    error WORKSPACE_DATABASE = "workspace-database",
    /// A workspace asks for a database, and has no password for it.
    error WORKSPACE_DATABASE_ROLE = "workspace-without-database-role":
    Spec(offered), Tenant(database), Whole(enough);
}

/// What the platform has to have for it, on one line.
const OFFER: &str = "workspaces: {databases: 2}";

/// Databases are offered where the platform can make some.
pub fn offered(view: &SpecView<'_>, found: &mut Diagnostics) {
    let spec = &view.platform.spec;
    if spec.workspaces.databases == 0 {
        return;
    }
    let (offer, postgresql) =
        (view.value(&["workspaces", "databases"]), &spec.components.postgresql);
    if !postgresql.enabled {
        found.push(
            COMPONENT_NEEDED
                .at(
                    view.component(&["postgresql", "enabled"]),
                    "databases of workspaces need `postgresql`, which is disabled: they are in it",
                )
                .related(offer, "needs it")
                .help("write `enabled: true`, or `workspaces: {databases: 0}`"),
        );
    } else if postgresql.external.is_some() {
        found.push(
            WORKSPACE_DATABASE
                .at(
                    offer,
                    "no databases can be made for workspaces at a server outside the cluster",
                )
                .related(
                    view.component(&["postgresql", "external"]),
                    "its roles are somebody else's to make",
                )
                .help("write `databases: 0`: workspaces then have their own")
                .note("the password that is known there is the one of all chats"),
        );
    } else if spec.workspaces.has_operator() {
        found.push(
            WORKSPACE_DATABASE
                .at(offer, "no databases can be made for workspaces that an operator makes")
                .related(
                    view.value(&["workspaces", "expandedBy"]),
                    "it has no right in the namespace of the database",
                )
                .help("write `databases: 0`: workspaces then have their own"),
        );
    }
}

/// A workspace with such a database: the platform offers it, and its password is sealed.
pub fn database(view: &TenantView<'_>, found: &mut Diagnostics) {
    let spec = &view.workspace.spec;
    match (spec.database, &spec.database_role) {
        (Database::Own, None) => {}
        (Database::Own, Some(_)) => {
            let place = Place::Key { file: view.file.clone(), path: field(&["databaseRole"]) };
            let message = "`databaseRole` has no effect: the database of the workspace is its own";
            found.push(
                SETTING_WITHOUT_EFFECT
                    .at(place, message)
                    .help("remove it, or write `database: shared`"),
            );
        }
        (Database::Shared, role) => {
            found.extend(not_offered(view));
            match role {
                Some(role) => sealed(view, role, found),
                None => found.push(without_role(view)),
            }
        }
    }
}

/// The place of the word `shared`.
fn place(view: &TenantView<'_>) -> Place {
    Place::Value { file: view.file.clone(), path: field(&["database"]) }
}

fn not_offered(view: &TenantView<'_>) -> Option<Diagnostic> {
    if view.plan.has_databases() {
        return None;
    }
    let message = "workspaces are not offered databases of the platform's PostgreSQL";
    Some(
        WORKSPACE_DATABASE
            .at(place(view), message)
            .help(format!(
                "whoever owns the platform offers them with `{OFFER}` below `spec` in {}; or write \
                 `database: own`",
                view.plan.file()
            ))
            .note(
                "with `own`, chats and users are in a SQLite file on the workspace's own volume, \
                 which is enough for a team",
            ),
    )
}

/// A workspace whose resource is in the cluster alone.
pub fn of_resource(file: &str) -> Diagnostic {
    let place = Place::Value { file: file.into(), path: field(&["database"]) };
    let message =
        "nobody makes a database for a workspace that is in no file of `spec/workspaces/`";
    WORKSPACE_DATABASE.at(place, message).help(
        "write `own`; the Job that makes databases knows the files of the tree, and an operator \
         has no right in the platform's namespace",
    )
}

fn without_role(view: &TenantView<'_>) -> Diagnostic {
    let name = &view.workspace.spec.workspace_name;
    WORKSPACE_DATABASE_ROLE.at(place(view), "the workspace has no password for its database").help(
        format!(
            "`espalier workspace update {name} --database shared` makes one, and seals it into the \
             resource"
        ),
    )
}

fn sealed(view: &TenantView<'_>, role: &DatabaseRole, found: &mut Diagnostics) {
    let values = &role.sealed;
    let name = &view.workspace.spec.workspace_name;
    let sealed = super::sealed_values::SealedValues {
        path: field(&["databaseRole", "sealed"]),
        values: &[("password", &values.password)],
        certificate: values.certificate.as_ref(),
        suffix: values.suffix.as_ref(),
        owner: "the workspace's database",
        needs: field(&["database"]),
        again: format!(
            "`espalier workspace update {name} --database shared` makes and seals another one"
        ),
    };
    sealed.check(view, found);
}

/// So many connections are kept free, and no more.
pub fn enough(view: &WholeView<'_>, found: &mut Diagnostics) {
    let offered = view.plan.platform().spec.workspaces.databases;
    let all: Vec<_> = view.tenants.iter().filter(|it| it.database.is_some()).collect();
    let Some(above) = usize::try_from(offered).ok().and_then(|it| all.get(it)) else { return };
    let count = all.len();
    let place = Place::Value { file: above.file.clone(), path: field(&["database"]) };
    let message = format!(
        "{count} workspaces ask for a database of the platform's PostgreSQL, which has room for \
         {offered}"
    );
    found.push(
        WORKSPACE_DATABASE
            .at(place, message)
            .label("the first beyond that")
            .related(view.spec.value(&["workspaces", "databases"]), "so many are offered")
            .help(format!("write `databases: {count}` there, or `database: own` here"))
            .note(format!(
                "each takes {CONNECTIONS_EACH} connections, and the memory of their processes"
            )),
    );
}
