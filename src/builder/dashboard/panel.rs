//! Panels of a dashboard: what each asks, and how it shows the answer.

use super::{
    logs::LogQuery,
    unit::{Bounds, Milli, Unit},
};

/// A panel of a dashboard.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Panel {
    /// Its heading, unique in the dashboard.
    pub title: &'static str,
    /// What it says, and what a person does about it.
    pub description: &'static str,
    /// How it shows the answers.
    pub kind: Kind,
    /// What it asks.
    pub queries: Vec<Query>,
    /// What the answers are in.
    pub unit: Unit,
    /// From when on they are bad.
    pub bounds: Bounds,
    /// How much of the page's width it takes, of [`WIDTH`].
    pub width: u32,
}

/// The columns of a page.
pub const WIDTH: u32 = 24;

/// How a panel shows answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A figure: the last value.
    Stat,
    /// Lines over time.
    Series,
    /// The last values, a row each.
    Table,
    /// Lines of logs.
    Logs,
    /// A text, in Markdown: the panel's description.
    Text,
}

impl Kind {
    /// How high such a panel is, in the page's unit (of some 30 pixels).
    pub fn height(self) -> u32 {
        match self {
            Self::Text => 3,
            Self::Stat => 4,
            Self::Series | Self::Table => 8,
            Self::Logs => 14,
        }
    }
}

/// A question.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Query {
    /// Whom it is for, and its text.
    pub expression: Expression,
    /// What its answers are called: a name, with `{{label}}` for a label of each.
    pub legend: &'static str,
}

/// The text of a question.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Expression {
    /// For Prometheus.
    Metrics(String),
    /// For Loki.
    Logs(LogQuery),
}

impl Panel {
    fn new(kind: Kind, title: &'static str, description: &'static str, unit: Unit) -> Self {
        let width = match kind {
            Kind::Stat => WIDTH / 4,
            Kind::Series | Kind::Table => WIDTH / 2,
            Kind::Logs | Kind::Text => WIDTH,
        };
        let (queries, bounds) = (Vec::new(), Bounds::None);
        Self { title, description, kind, queries, unit, bounds, width }
    }

    /// A figure.
    pub fn stat(title: &'static str, description: &'static str, unit: Unit) -> Self {
        Self::new(Kind::Stat, title, description, unit)
    }

    /// Lines over time.
    pub fn series(title: &'static str, description: &'static str, unit: Unit) -> Self {
        Self::new(Kind::Series, title, description, unit)
    }

    /// A table.
    pub fn table(title: &'static str, description: &'static str, unit: Unit) -> Self {
        Self::new(Kind::Table, title, description, unit)
    }

    /// Lines of logs.
    pub fn logs(title: &'static str, description: &'static str, query: LogQuery) -> Self {
        Self::new(Kind::Logs, title, description, Unit::Count).asks(Expression::Logs(query), "")
    }

    /// A text.
    pub fn text(title: &'static str, markdown: &'static str) -> Self {
        Self::new(Kind::Text, title, markdown, Unit::Count)
    }

    fn asks(mut self, expression: Expression, legend: &'static str) -> Self {
        self.queries.push(Query { expression, legend });
        self
    }

    /// Asks Prometheus.
    #[must_use]
    pub fn reads(self, expression: impl Into<String>, legend: &'static str) -> Self {
        self.asks(Expression::Metrics(expression.into()), legend)
    }

    /// Asks Loki how many lines there are.
    #[must_use]
    pub fn counts(self, query: LogQuery, legend: &'static str) -> Self {
        self.asks(Expression::Logs(query), legend)
    }

    /// The more, the worse: to be looked at from the first value on, wrong from the second on.
    #[must_use]
    pub fn worse_above(self, watched: Milli, wrong: Milli) -> Self {
        Self { bounds: Bounds::Above(watched, wrong), ..self }
    }

    /// The less, the worse: wrong below the first value, to be looked at below the second.
    #[must_use]
    pub fn worse_below(self, wrong: Milli, watched: Milli) -> Self {
        Self { bounds: Bounds::Below(wrong, watched), ..self }
    }

    /// As wide as the page allows.
    #[must_use]
    pub fn wide(self) -> Self {
        Self { width: WIDTH, ..self }
    }
}
