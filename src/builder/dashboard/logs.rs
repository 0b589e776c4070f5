//! Queries of logs: typed, so that what they select are labels which every stored line has.

use std::fmt;

/// A label of every stored line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLabel {
    /// The namespace of the pod.
    Namespace,
    /// The container.
    Container,
    /// The workload: the pod's `app.kubernetes.io/name`.
    App,
}

impl LogLabel {
    fn name(self) -> &'static str {
        match self {
            Self::Namespace => "namespace",
            Self::Container => "container",
            Self::App => "app",
        }
    }
}

/// Which lines, and whether they are shown or counted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LogQuery {
    selected: Vec<(LogLabel, &'static str)>,
    matching: Option<&'static str>,
    counted: Option<LogLabel>,
}

impl LogQuery {
    /// Lines whose label is like a pattern, which may be a variable (`$namespace`).
    pub fn of(label: LogLabel, pattern: &'static str) -> Self {
        Self { selected: vec![(label, pattern)], matching: None, counted: None }
    }

    /// Of these, those in which a pattern is found.
    #[must_use]
    pub fn with(self, pattern: &'static str) -> Self {
        Self { matching: Some(pattern), ..self }
    }

    /// How many a second, by a label.
    #[must_use]
    pub fn counted_by(self, label: LogLabel) -> Self {
        Self { counted: Some(label), ..self }
    }
}

/// In the language of Loki. Patterns stand in quotes, in which a backslash and a quote are escaped.
impl fmt::Display for LogQuery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quoted =
            |text: &str| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
        let selected = self
            .selected
            .iter()
            .map(|(label, pattern)| format!("{}=~{}", label.name(), quoted(pattern)));
        let mut lines = format!("{{{}}}", selected.collect::<Vec<_>>().join(", "));
        if let Some(pattern) = self.matching {
            lines.push_str(" |~ ");
            lines.push_str(&quoted(pattern));
        }
        match self.counted {
            None => f.write_str(&lines),
            Some(label) => write!(f, "sum by ({}) (rate({lines} [$__auto]))", label.name()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{LogLabel, LogQuery};

    #[test]
    fn queries_are_written_in_lokis_language() {
        let lines = LogQuery::of(LogLabel::Namespace, "$namespace");
        assert_eq!(lines.to_string(), "{namespace=~\"$namespace\"}");
        let wrong = lines.with(r#"(?i)"level":"error"|\bfatal\b"#);
        assert_eq!(
            wrong.to_string(),
            r#"{namespace=~"$namespace"} |~ "(?i)\"level\":\"error\"|\\bfatal\\b""#
        );
        assert_eq!(
            LogQuery::of(LogLabel::App, ".+").counted_by(LogLabel::Container).to_string(),
            "sum by (container) (rate({app=~\".+\"} [$__auto]))"
        );
    }
}
