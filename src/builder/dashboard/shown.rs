//! How a panel's JSON says what it asks and how it shows the answers.

use serde::Serialize;
use serde_json::{Value, json};

use super::{
    panel::{Expression, Kind, Panel, Query},
    unit::{Bounds, Milli, Unit},
};
use crate::facts::charts::grafana::source;

/// Whom a query is for.
#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
pub(super) struct Source {
    r#type: &'static str,
    uid: &'static str,
}

impl Source {
    pub(super) const PROMETHEUS: Self = Self { r#type: "prometheus", uid: source::PROMETHEUS };
    const LOKI: Self = Self { r#type: "loki", uid: source::LOKI };

    pub(super) fn of(expression: &Expression) -> Self {
        match expression {
            Expression::Metrics(_) => Self::PROMETHEUS,
            Expression::Logs(_) => Self::LOKI,
        }
    }
}

/// A query of a panel.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Target {
    ref_id: String,
    datasource: Source,
    expr: String,
    #[serde(skip_serializing_if = "str::is_empty")]
    legend_format: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    format: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    query_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    instant: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    range: Option<bool>,
}

#[derive(Serialize)]
pub(super) struct Fields {
    defaults: Shown,
    overrides: [(); 0],
}

/// How values are shown.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown {
    unit: Unit,
    color: Value,
    thresholds: Steps,
    #[serde(skip_serializing_if = "Option::is_none")]
    min: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    custom: Option<Value>,
}

#[derive(Serialize)]
struct Steps {
    mode: &'static str,
    steps: Vec<Step>,
}

/// From a value on, a colour; the first is from nothing on.
#[derive(Serialize)]
struct Step {
    color: &'static str,
    value: Option<Milli>,
}

impl From<Bounds> for Steps {
    fn from(bounds: Bounds) -> Self {
        const GOOD: &str = "green";
        const WATCHED: &str = "orange";
        const WRONG: &str = "red";
        let step = |color, value| Step { color, value };
        let steps = match bounds {
            Bounds::None => vec![step("text", None)],
            Bounds::Above(watched, wrong) => {
                vec![step(GOOD, None), step(WATCHED, Some(watched)), step(WRONG, Some(wrong))]
            }
            Bounds::Below(wrong, watched) => {
                vec![step(WRONG, None), step(WATCHED, Some(wrong)), step(GOOD, Some(watched))]
            }
        };
        Self { mode: "absolute", steps }
    }
}

pub(super) fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Stat => "stat",
        Kind::Series => "timeseries",
        Kind::Table => "table",
        Kind::Logs => "logs",
        Kind::Text => "text",
    }
}

pub(super) fn target(kind: Kind, (query, letter): (&Query, char)) -> Target {
    let is_instant = matches!(kind, Kind::Stat | Kind::Table);
    let (expr, is_metrics) = match &query.expression {
        Expression::Metrics(text) => (text.clone(), true),
        Expression::Logs(logs) => (logs.to_string(), false),
    };
    Target {
        ref_id: letter.to_string(),
        datasource: Source::of(&query.expression),
        expr,
        legend_format: query.legend,
        format: (kind == Kind::Table).then_some("table"),
        query_type: (!is_metrics).then_some(if is_instant { "instant" } else { "range" }),
        instant: (is_metrics && is_instant).then_some(true),
        range: (is_metrics && is_instant).then_some(false),
    }
}

pub(super) fn fields(panel: &Panel) -> Fields {
    let is_coloured = panel.bounds != Bounds::None && panel.kind != Kind::Series;
    let colour =
        if is_coloured || panel.kind == Kind::Stat { "thresholds" } else { "palette-classic" };
    let lines = if panel.bounds == Bounds::None { "off" } else { "dashed" };
    let custom = match panel.kind {
        Kind::Series => Some(json!({
            "fillOpacity": 10,
            "showPoints": "never",
            "thresholdsStyle": {"mode": lines},
        })),
        Kind::Table if is_coloured => Some(json!({
            "align": "auto",
            "cellOptions": {"type": "color-text"},
            "inspect": false,
        })),
        _ => None,
    };
    Fields {
        defaults: Shown {
            unit: panel.unit,
            color: json!({"mode": colour}),
            thresholds: panel.bounds.into(),
            min: (panel.kind == Kind::Series).then_some(0),
            custom,
        },
        overrides: [],
    }
}

pub(super) fn options(panel: &Panel) -> Value {
    match panel.kind {
        Kind::Stat => json!({
            "colorMode": "value",
            "graphMode": "none",
            "justifyMode": "auto",
            "orientation": "auto",
            "percentChangeColorMode": "standard",
            "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": false},
            "showPercentChange": false,
            "textMode": "auto",
            "wideLayout": true,
        }),
        Kind::Series => json!({
            "legend": {
                "calcs": [],
                "displayMode": "list",
                "placement": "bottom",
                "showLegend": true,
            },
            "tooltip": {"mode": "multi", "sort": "desc"},
        }),
        Kind::Table => json!({"frameIndex": 0, "showHeader": true}),
        Kind::Logs => json!({
            "dedupStrategy": "none",
            "enableLogDetails": true,
            "prettifyLogMessage": false,
            "showCommonLabels": false,
            "showLabels": false,
            "showLogContextToggle": false,
            "showTime": true,
            "sortOrder": "Descending",
            "wrapLogMessage": true,
        }),
        Kind::Text => json!({"content": panel.description, "mode": "markdown"}),
    }
}

/// Of a table: the answers to several queries side by side, under their names, without the moment.
pub(super) fn transformations(panel: &Panel) -> Vec<Value> {
    if panel.kind != Kind::Table {
        return Vec::new();
    }
    let value = |letter: char| {
        if panel.queries.len() == 1 { "Value".to_owned() } else { format!("Value #{letter}") }
    };
    let named = panel.queries.iter().zip('A'..);
    let names: serde_json::Map<String, Value> =
        named.map(|(query, letter)| (value(letter), query.legend.into())).collect();
    let merged = (panel.queries.len() > 1).then(|| json!({"id": "merge", "options": {}}));
    let organized = json!({
        "id": "organize",
        "options": {"excludeByName": {"Time": true}, "renameByName": names},
    });
    merged.into_iter().chain([organized]).collect()
}
