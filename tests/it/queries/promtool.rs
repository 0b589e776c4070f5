//! Files for `promtool test rules`: each alert fires on its own fault, and not on health.

use std::collections::BTreeMap;

use espalier::builder::{contribution::Alert, example::Series};
use promql_parser::{
    parser::{self, Expr},
    util::{ExprVisitor, walk_expr},
};
use serde_json::{Value, json};

/// An alert as a file of rules, named `rules.json`, and the file of tests that stands beside it.
pub fn case(alert: &Alert) -> [Value; 2] {
    let rules = json!({"groups": [{"name": alert.name, "rules": [{
        "alert": alert.name,
        "expr": alert.expression,
        "for": alert.after.to_string(),
        "labels": {"severity": alert.severity.as_str()},
        "annotations": {"summary": alert.summary},
    }]}]});
    let examples = &alert.examples;
    let mut labels: BTreeMap<&str, &str> =
        examples.labels.iter().map(|(label, value)| (*label, value.as_str())).collect();
    let summary = shown(&alert.summary, &labels);
    labels.insert("severity", alert.severity.as_str());
    let fires = json!([{"exp_labels": labels, "exp_annotations": {"summary": summary}}]);
    // Five minutes for what is looked at every minute to be seen.
    let asked = alert.after.get() + examples.old.get() + looks_back(&alert.expression) + 300;
    let test = |name: &str, all: &[Series], expected: Value| {
        let series = |series: &Series| {
            let values = format!("{}{:+}x{}", series.first, series.per_minute, asked / 60 + 1);
            json!({"series": series.name, "values": values})
        };
        json!({
            "name": format!("{}: {name}", alert.name),
            "interval": "1m",
            "input_series": all.iter().map(series).collect::<Vec<_>>(),
            "alert_rule_test": [{
                "eval_time": format!("{}m", asked / 60),
                "alertname": alert.name,
                "exp_alerts": expected,
            }],
        })
    };
    let tests = json!({
        "rule_files": ["rules.json"],
        "evaluation_interval": "1m",
        "tests": [
            test("a fault", &examples.fires_on, fires),
            test("health", &examples.quiet_on, json!([])),
        ],
    });
    [rules, tests]
}

/// A text with its labels filled in, as Prometheus shows it.
pub fn shown(text: &str, labels: &BTreeMap<&str, &str>) -> String {
    labels.iter().fold(text.to_owned(), |text, (label, value)| {
        text.replace(&format!("{{{{ $labels.{label} }}}}"), value)
    })
}

/// The longest that a query looks back, in seconds.
pub fn looks_back(query: &str) -> u64 {
    struct Ranges(u64);
    impl ExprVisitor for Ranges {
        type Error = String;
        fn pre_visit(&mut self, expression: &Expr) -> Result<bool, String> {
            let range = match expression {
                Expr::MatrixSelector(matrix) => matrix.range.as_secs(),
                Expr::Subquery(subquery) => subquery.range.as_secs(),
                _ => 0,
            };
            self.0 = self.0.max(range);
            Ok(true)
        }
    }
    let mut ranges = Ranges(0);
    let parsed = parser::parse(query).expect("it parses");
    walk_expr(&mut ranges, &parsed).expect("it ends by itself");
    ranges.0
}
