//! How many more workspaces of a size there is room for.

use std::sync::Arc;

use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    budget::report::Missing,
    check::{rules, view::TenantView},
    cli::console::count,
    diag::{
        diagnostic::{Diagnostics, Place, Severity},
        path::FieldPath,
    },
    load::read,
    names::ModelName,
    plan::{
        Plan,
        room::{Room, Seat},
        summary::Summary,
    },
    yaml::source::Source,
};

/// How many more workspaces of a size there is room for.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct More {
    /// How many.
    count: u32,
    /// The workspace whose size they have; none where only models were named.
    #[serde(skip_serializing_if = "Option::is_none")]
    like: Option<Arc<str>>,
    /// Their models.
    models: Vec<String>,
    /// Bytes of memory that each requests.
    request: u64,
    /// What the next one would be short of.
    #[serde(skip_serializing_if = "Option::is_none")]
    missing: Option<Missing>,
}

impl More {
    /// Of workspaces with these models; else of the size of the smallest workspace that there is,
    /// else with the first model of the platform. None where the platform can have no workspaces.
    ///
    /// # Errors
    /// When the models are none that a workspace can have.
    pub(super) fn of(
        plan: &Plan,
        tenants: &[Summary],
        models: Option<&[String]>,
    ) -> Result<Option<Self>, Diagnostics> {
        let mut room = Room::of(plan);
        for seat in tenants.iter().filter_map(Seat::of) {
            room.add(seat);
        }
        let built = tenants.iter().filter(|it| it.name.is_some() && it.sum.pods > 0);
        let smallest = built.min_by_key(|it| it.sum.demand.request);
        if let (None, Some(summary)) = (models, smallest) {
            let models = summary.models.iter().map(ToString::to_string).collect();
            let seat = Seat::of(summary);
            return Ok(seat.map(|seat| Self::in_room(&room, &seat, summary.name.clone(), models)));
        }
        let models = models.map_or_else(|| first_model(plan), <[String]>::to_vec);
        let seat = seat(plan, &models)?;
        Ok(seat.map(|seat| Self::in_room(&room, &seat, None, models)))
    }

    fn in_room(room: &Room, seat: &Seat, like: Option<Arc<str>>, models: Vec<String>) -> Self {
        let (count, missing) = room.more(seat);
        Self { count, like, models, request: seat.sum.demand.request.get(), missing }
    }

    /// In a line.
    pub(super) fn text(&self) -> String {
        let what = match &self.like {
            Some(name) => format!("like `{name}`"),
            None if self.models.is_empty() => "without a model".to_owned(),
            None => {
                let models: Vec<_> = self.models.iter().map(|it| format!("`{it}`")).collect();
                format!("with {}", models.join(", "))
            }
        };
        let next = self.missing.map(|it| format!("; the next one finds {}", it.words()));
        let workspaces = count(self.count as usize, "more workspace");
        format!("room for {workspaces} {what}{}\n", next.unwrap_or_default())
    }
}

fn first_model(plan: &Plan) -> Vec<String> {
    plan.platform().spec.components.ollama.models.iter().take(1).map(ModelName::to_string).collect()
}

/// What a workspace with these models takes, all else being as it is when nothing is written.
fn seat(plan: &Plan, models: &[String]) -> Result<Option<Seat>, Diagnostics> {
    let name = "a-new-workspace";
    let resource: Value = json!({
        "apiVersion": "apps.aichatworkspaces.io/v1alpha1",
        "kind": "AIChatWorkspace",
        "metadata": {"name": name},
        "spec": {"workspaceName": name, "models": models},
    });
    let source = Source::parse("--workspace-models", resource.to_string());
    let (workspace, found) = read::workspace(&source);
    let Some(workspace) = workspace else { return Err(found) };
    let mut found = Diagnostics::new();
    let view = TenantView { workspace: &workspace, plan, file: &source.file };
    rules::tenant(&view, &mut found);
    // Who administers it makes no difference to its size.
    let models = FieldPath::root().key("spec").key("models");
    let is_of_models = |place: &Place| match place {
        Place::Key { path, .. } | Place::Value { path, .. } => path.starts_with(&models),
        _ => false,
    };
    let mut wrong = Diagnostics::new();
    for finding in found {
        if finding.severity == Severity::Error && is_of_models(&finding.place) {
            wrong.push(finding);
        }
    }
    if wrong.has_errors() {
        return Err(wrong);
    }
    let tenant = plan.tenant(&workspace);
    Ok(tenant.and_then(|tenant| Seat::of(&tenant.summary(plan, source.file.clone()))))
}
