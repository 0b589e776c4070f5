//! A dashboard of Grafana as typed values: what it asks, and how it shows the answers. Its JSON is
//! made of it (`json`), and nobody writes any.

pub mod json;
pub mod logs;
pub mod panel;
pub mod shown;
pub mod unit;

use panel::Panel;

/// A dashboard of Grafana.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Dashboard {
    /// Its name, unique in a platform: a DNS label, which is in its address.
    pub name: &'static str,
    /// Its heading.
    pub title: &'static str,
    /// Whom it answers which question, in one sentence.
    pub description: &'static str,
    /// What a person chooses at its top.
    pub variables: Vec<Variable>,
    /// What the home page says of it: whether all is well, in a figure or two.
    pub home: Vec<Panel>,
    /// Its panels, in parts with a heading each.
    pub rows: Vec<Row>,
}

/// Panels below one heading.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Row {
    /// The heading.
    pub title: &'static str,
    /// The pods that serve what its panels read; absent: who is there wherever there is monitoring
    /// (kube-state-metrics, the kubelet, Prometheus), or with the component whose dashboard it is.
    pub over: Option<&'static str>,
    /// The panels, from left to right and from top to bottom.
    pub panels: Vec<Panel>,
}

impl Row {
    /// Panels over what is there with the dashboard.
    pub fn of(title: &'static str, panels: impl Into<Vec<Panel>>) -> Self {
        Self { title, over: None, panels: panels.into() }
    }

    /// Panels over what certain pods serve: they are left out where nobody asks these.
    pub fn over(title: &'static str, pods: &'static str, panels: impl Into<Vec<Panel>>) -> Self {
        Self { title, over: Some(pods), panels: panels.into() }
    }
}

/// What a person chooses at the top of a dashboard; with "All", what it is compared with matches
/// anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Variable {
    /// `$namespace`: one or more of all namespaces.
    Namespace,
    /// `$workspace`: one or more of those in which a workspace's chat runs.
    Workspace,
}

impl Variable {
    /// All of them.
    #[cfg(any(test, feature = "internals"))]
    pub const ALL: [Self; 2] = [Self::Namespace, Self::Workspace];

    /// How a query names it, behind a dollar.
    pub fn name(self) -> &'static str {
        match self {
            Self::Namespace => "namespace",
            Self::Workspace => "workspace",
        }
    }

    /// What stands before the choice.
    pub fn label(self) -> &'static str {
        match self {
            Self::Namespace => "Namespace",
            Self::Workspace => "Workspace",
        }
    }

    /// The series whose label `namespace` has the values.
    pub fn series(self) -> &'static str {
        match self {
            Self::Namespace => "kube_namespace_created",
            // A workspace's workloads begin with its name; the platform's own chat does not.
            Self::Workspace => "kube_deployment_created{deployment=~\".+-openwebui\"}",
        }
    }
}

impl Dashboard {
    /// Every panel, also those of the home page.
    #[cfg(any(test, feature = "internals"))]
    pub fn panels(&self) -> impl Iterator<Item = &Panel> {
        self.home.iter().chain(self.rows.iter().flat_map(|it| &it.panels))
    }

    /// Without the rows over what nobody serves; none where nothing is left.
    #[must_use]
    pub fn served_by(&self, is_asked: impl Fn(&str) -> bool) -> Option<Self> {
        let is_served = |row: &&Row| row.over.is_none_or(&is_asked);
        let rows: Vec<Row> = self.rows.iter().filter(is_served).cloned().collect();
        (!rows.is_empty()).then(|| Self { rows, ..self.clone() })
    }
}
