//! What a query may read, and what is lost on the way to its result: held against the catalogue of
//! metrics, for alerts and for panels of dashboards alike.

use std::collections::{BTreeMap, BTreeSet};

use espalier::facts::metrics::{Catalogue, SeriesKind};
use promql_parser::{
    label::{MatchOp, Matcher},
    parser::{
        self, AggregateExpr, BinaryExpr, Call, Expr, LabelModifier, VectorMatchCardinality,
        VectorSelector,
    },
};

/// Names of labels.
pub type Labels = BTreeSet<String>;

/// The values of labels that are names of the platform: `namespace`, `statefulset` and so on.
pub type Names = BTreeMap<&'static str, BTreeSet<String>>;

/// Functions of a counter.
const OF_COUNTERS: [&str; 4] = ["increase", "irate", "rate", "resets"];
/// Functions of a gauge: a counter that begins anew is none.
const OF_GAUGES: [&str; 12] = [
    "avg_over_time",
    "delta",
    "deriv",
    "double_exponential_smoothing",
    "idelta",
    "max_over_time",
    "min_over_time",
    "predict_linear",
    "quantile_over_time",
    "stddev_over_time",
    "stdvar_over_time",
    "sum_over_time",
];
/// Aggregations that keep series as they are.
const PICKS: [&str; 4] = ["bottomk", "limit_ratio", "limitk", "topk"];

/// The labels of a query's result, or everything that is wrong with it.
pub fn read(catalogue: &Catalogue, names: &Names, query: &str) -> Result<Labels, Vec<String>> {
    let parsed = parser::parse(query).map_err(|it| vec![format!("does not parse: {it}")])?;
    let mut reader = Reader { catalogue, names, missing: Vec::new(), faults: Vec::new() };
    let shape = reader.walk(&parsed);
    // What is not there has no labels either, of which more could be said.
    let mut wrong = if reader.missing.is_empty() { reader.faults } else { reader.missing };
    wrong.sort();
    wrong.dedup();
    if wrong.is_empty() { Ok(shape.labels) } else { Err(wrong) }
}

/// What an expression gives.
#[derive(Clone, Default)]
struct Shape {
    is_vector: bool,
    /// Labels that each of its series may have.
    labels: Labels,
    /// Those that tell its series apart.
    varying: Labels,
    /// What its values are, as long as they are a metric's.
    kind: Option<SeriesKind>,
}

impl Shape {
    fn vector(labels: Labels) -> Self {
        Self { is_vector: true, varying: labels.clone(), labels, kind: None }
    }

    fn computed(self) -> Self {
        Self { kind: None, ..self }
    }

    fn is_counter(&self) -> bool {
        matches!(self.kind, Some(SeriesKind::Counter | SeriesKind::Bucket))
    }

    fn keep(&mut self, is_kept: impl Fn(&String) -> bool) {
        self.labels.retain(&is_kept);
        self.varying.retain(is_kept);
    }
}

struct Reader<'a> {
    catalogue: &'a Catalogue,
    names: &'a Names,
    /// What no exporter serves.
    missing: Vec<String>,
    /// What is wrong with what is done with the rest.
    faults: Vec<String>,
}

impl Reader<'_> {
    fn fault(&mut self, what: String) {
        self.faults.push(what);
    }

    fn walk(&mut self, expression: &Expr) -> Shape {
        match expression {
            Expr::Aggregate(aggregate) => self.aggregate(aggregate),
            Expr::Binary(binary) => self.binary(binary),
            Expr::Call(call) => self.call(call),
            Expr::MatrixSelector(matrix) => self.selector(&matrix.vs),
            Expr::Paren(paren) => self.walk(&paren.expr),
            Expr::Subquery(subquery) => self.walk(&subquery.expr).computed(),
            Expr::Unary(unary) => self.walk(&unary.expr).computed(),
            Expr::VectorSelector(selector) => self.selector(selector),
            Expr::Extension(_) | Expr::NumberLiteral(_) | Expr::StringLiteral(_) => {
                Shape::default()
            }
        }
    }

    /// Of exporters that serve a metric of the name, those that have all labels that are asked for.
    fn selector(&mut self, selector: &VectorSelector) -> Shape {
        let name = selector.name.clone().unwrap_or_default();
        if !selector.matchers.or_matchers.is_empty() {
            self.fault(format!("`{name}`: matchers with `or` are for one server only"));
        }
        let matchers = &selector.matchers.matchers;
        let (mut fits, mut faults) = (Vec::new(), Vec::new());
        for series in self.catalogue.series(&name) {
            let wrong: Vec<String> = matchers
                .iter()
                .filter_map(|matcher| match series.labels.get(&matcher.name) {
                    None => Some(format!("`{name}` has no label `{}`", matcher.name)),
                    Some(values) => {
                        let known: Option<Vec<&str>> = match values {
                            Some(values) => Some(values.iter().copied().collect()),
                            None => self
                                .names
                                .get(matcher.name.as_str())
                                .map(|names| names.iter().map(String::as_str).collect()),
                        };
                        let known = known?;
                        (!can_match(matcher, &known)).then(|| {
                            format!("`{name}`: {matcher} matches none of {}", known.join(", "))
                        })
                    }
                })
                .collect();
            if wrong.is_empty() {
                fits.push(series);
            } else if faults.is_empty() {
                faults = wrong;
            }
        }
        let Some(first) = fits.first() else {
            if faults.is_empty() {
                faults = vec![if self.catalogue.is_histogram(&name) {
                    format!("`{name}` is a histogram: read `_bucket`, `_sum` or `_count`")
                } else {
                    format!("no exporter serves `{name}`")
                }];
            }
            self.missing.extend(faults);
            return Shape::vector(Labels::new());
        };
        let is_one = |label: &String| {
            matchers.iter().any(|it| it.name == *label && matches!(it.op, MatchOp::Equal))
        };
        Shape {
            is_vector: true,
            labels: fits.iter().flat_map(|it| it.labels.keys().cloned()).collect(),
            varying: fits.iter().flat_map(|it| &it.own).filter(|it| !is_one(it)).cloned().collect(),
            kind: Some(first.kind),
        }
    }

    fn aggregate(&mut self, aggregate: &AggregateExpr) -> Shape {
        let (shape, operation) = (self.walk(&aggregate.expr), aggregate.op.to_string());
        let Some(modifier) = &aggregate.modifier else {
            let is_pick = PICKS.contains(&operation.as_str());
            return if is_pick {
                shape
            } else {
                Shape { kind: shape.kind, ..Shape::vector(Labels::new()) }
            };
        };
        for label in &modifier.labels().labels {
            if !shape.labels.contains(label) {
                self.fault(format!("`{operation}` names the label `{label}`, which nothing has"));
            }
        }
        let mut shape = shape;
        match modifier {
            LabelModifier::Include(kept) => {
                shape.keep(|it| kept.labels.contains(it));
                shape.varying.clone_from(&shape.labels);
            }
            LabelModifier::Exclude(lost) => shape.keep(|it| !lost.labels.contains(it)),
        }
        shape
    }

    fn call(&mut self, call: &Call) -> Shape {
        let name = call.func.name;
        let shapes: Vec<Shape> = call.args.args.iter().map(|it| self.walk(it)).collect();
        let of = shapes.iter().find(|it| it.is_vector).cloned().unwrap_or_default();
        if OF_COUNTERS.contains(&name) && !of.is_counter() {
            self.fault(format!("`{name}` is of counters, and this is none"));
        }
        if OF_GAUGES.contains(&name) && of.is_counter() {
            self.fault(format!("`{name}` is of gauges, and this is a counter"));
        }
        match name {
            "time" | "scalar" | "pi" => Shape::default(),
            "vector" => Shape::vector(Labels::new()),
            "absent" | "absent_over_time" => Shape::vector(asked_for(&call.args.args[0])),
            "rate" | "irate" | "increase" => {
                let kind = of.kind.filter(|it| *it == SeriesKind::Bucket);
                Shape { kind, ..of }
            }
            "histogram_quantile" => {
                if of.kind != Some(SeriesKind::Bucket) || !of.labels.contains("le") {
                    self.fault("`histogram_quantile` is of buckets by `le`".to_owned());
                }
                let mut of = of.computed();
                of.keep(|it| it != "le");
                of
            }
            "label_replace" | "label_join" => self.label(call, of),
            _ => of.computed(),
        }
    }

    /// A label that is made of others: the second argument of both functions.
    fn label(&mut self, call: &Call, of: Shape) -> Shape {
        let text = |at: usize| match call.args.args.get(at).map(|it| &**it) {
            Some(Expr::StringLiteral(text)) => Some(text.val.clone()),
            _ => None,
        };
        let sources: Vec<String> = if call.func.name == "label_replace" {
            text(3).into_iter().filter(|it| !it.is_empty()).collect()
        } else {
            (3..call.args.args.len()).filter_map(text).collect()
        };
        for source in sources.iter().filter(|it| !of.labels.contains(*it)) {
            self.fault(format!(
                "`{}` reads the label `{source}`, which nothing has",
                call.func.name
            ));
        }
        let mut of = of.computed();
        of.labels.extend(text(1));
        of
    }

    fn binary(&mut self, binary: &BinaryExpr) -> Shape {
        let (left, right) = (self.walk(&binary.lhs), self.walk(&binary.rhs));
        if !left.is_vector || !right.is_vector {
            let vector = if left.is_vector { left } else { right };
            if binary.op.is_comparison_operator() && vector.is_counter() {
                self.fault(format!(
                    "a counter is compared as it is, and not by `rate` or `increase`: {binary}"
                ));
            }
            return vector.computed();
        }
        let operation = binary.op.to_string();
        let modifier = binary.modifier.as_ref();
        let matching = modifier.and_then(|it| it.matching.as_ref());
        let card = modifier.map_or(&VectorMatchCardinality::OneToOne, |it| &it.card);
        self.sides_match(&operation, matching, card, [&left, &right]);
        let mut kept = match (operation.as_str(), card) {
            ("or", _) => {
                let mut both = left.clone();
                both.labels.retain(|it| right.labels.contains(it));
                both.varying.extend(right.varying.iter().cloned());
                both
            }
            ("and" | "unless", _) | (_, VectorMatchCardinality::ManyToMany) => left,
            (_, VectorMatchCardinality::ManyToOne(more)) => self.with(left, &right, &more.labels),
            (_, VectorMatchCardinality::OneToMany(more)) => self.with(right, &left, &more.labels),
            (_, VectorMatchCardinality::OneToOne) => {
                let mut left = left;
                match matching {
                    Some(LabelModifier::Include(on)) => left.keep(|it| on.labels.contains(it)),
                    Some(LabelModifier::Exclude(not)) => left.keep(|it| !not.labels.contains(it)),
                    None => {}
                }
                left
            }
        };
        kept.kind = None;
        kept
    }

    /// The many side, with labels of the other one.
    fn with(&mut self, many: Shape, one: &Shape, more: &[String]) -> Shape {
        let mut many = many;
        for label in more {
            if !one.labels.contains(label) {
                self.fault(format!(
                    "`group_left` or `group_right` takes `{label}`, which is not there"
                ));
            }
            many.labels.insert(label.clone());
        }
        many
    }

    /// Whether series of one side find their own of the other, and no more than one.
    fn sides_match(
        &mut self,
        operation: &str,
        matching: Option<&LabelModifier>,
        card: &VectorMatchCardinality,
        [left, right]: [&Shape; 2],
    ) {
        let ones: &[&Shape] = match card {
            VectorMatchCardinality::OneToOne => &[left, right],
            VectorMatchCardinality::ManyToOne(_) => &[right],
            VectorMatchCardinality::OneToMany(_) => &[left],
            VectorMatchCardinality::ManyToMany => &[],
        };
        let is_matched = |label: &String| match matching {
            Some(LabelModifier::Include(on)) => on.labels.contains(label),
            Some(LabelModifier::Exclude(not)) => !not.labels.contains(label),
            None => true,
        };
        for label in ones.iter().flat_map(|it| &it.varying).filter(|it| !is_matched(it)) {
            self.fault(format!(
                "`{operation}` drops the label `{label}`, which tells series of a side apart"
            ));
        }
        let sides = [left, right];
        match matching {
            Some(LabelModifier::Include(on)) => {
                for label in &on.labels {
                    if sides.iter().any(|it| !it.labels.contains(label)) {
                        self.fault(format!("`{operation} on ({label})`: a side has no such label"));
                    }
                }
            }
            Some(LabelModifier::Exclude(not)) => {
                for label in &not.labels {
                    if sides.iter().all(|it| !it.labels.contains(label)) {
                        self.fault(format!(
                            "`{operation} ignoring ({label})`: neither side has it"
                        ));
                    }
                }
            }
            // `or` takes what the other side does not have.
            None if operation == "or" => {}
            None => {
                if left.labels != right.labels {
                    let differ: Vec<&String> =
                        left.labels.symmetric_difference(&right.labels).collect();
                    self.fault(format!("`{operation}`: one side alone has the labels {differ:?}"));
                }
            }
        }
    }
}

/// The labels of `absent`: those that are asked for by one value.
fn asked_for(expression: &Expr) -> Labels {
    let selector = match expression {
        Expr::VectorSelector(selector) => selector,
        Expr::MatrixSelector(matrix) => &matrix.vs,
        _ => return Labels::new(),
    };
    let matchers = selector.matchers.matchers.iter();
    matchers.filter(|it| matches!(it.op, MatchOp::Equal)).map(|it| it.name.clone()).collect()
}

/// Whether a matcher is written for values that there are. An empty one is for series without the
/// label.
fn can_match(matcher: &Matcher, known: &[&str]) -> bool {
    let is_plain = |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c));
    match &matcher.op {
        MatchOp::Equal | MatchOp::NotEqual => {
            matcher.value.is_empty() || known.contains(&matcher.value.as_str())
        }
        MatchOp::Re(expression) | MatchOp::NotRe(expression) => {
            let mut all = matcher.value.split('|');
            if all.clone().all(is_plain) {
                all.all(|it| it.is_empty() || known.contains(&it))
            } else {
                known.iter().any(|it| expression.is_match(it))
            }
        }
    }
}
