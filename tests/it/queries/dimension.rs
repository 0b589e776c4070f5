//! What the values of a query are in, as its metrics' names say it, and which units show that.

use espalier::builder::dashboard::unit::Unit;
use promql_parser::{
    label::MatchOp,
    parser::{self, BinaryExpr, Call, Expr, VectorSelector},
};

/// What values are in: powers of bytes and of seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dimension {
    bytes: i32,
    seconds: i32,
    /// Seconds are counted in thousandths.
    in_thousandths: bool,
    form: Form,
}

/// What a value without bytes and seconds is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// So many things; or what it is in.
    Amount,
    /// A part of something.
    Part,
    /// Seconds of each second: a part of the time, or cores.
    OfTime,
    /// Yes or no.
    Flag,
}

/// Metrics whose names do not say what they are in, with bytes and seconds.
const EXCEPTIONS: [(&str, i32, i32); 4] = [
    ("container_memory_rss", 1, 0),
    ("kube_cronjob_status_last_successful_time", 0, 1),
    ("pg_stat_activity_max_tx_duration", 0, 1),
    ("probe_ssl_earliest_cert_expiry", 0, 1),
];

/// Metrics that are 1 or 0.
const FLAGS: [&str; 2] = ["probe_success", "up"];

const fn amount(bytes: i32, seconds: i32) -> Dimension {
    Dimension { bytes, seconds, in_thousandths: false, form: Form::Amount }
}

/// What a query's values are in; none for numbers, which go with anything.
pub fn of(query: &str) -> Result<Option<Dimension>, String> {
    let parsed = parser::parse(query).map_err(|it| format!("does not parse: {it}"))?;
    walk(&parsed)
}

/// Whether a unit shows such values.
pub fn fits(unit: Unit, dimension: Dimension) -> bool {
    let Dimension { bytes, seconds, in_thousandths, form } = dimension;
    let is = |b, s| (bytes, seconds) == (b, s);
    match unit {
        Unit::Count => is(0, 0) && form == Form::Amount,
        Unit::Bytes => is(1, 0),
        Unit::BytesPerSecond => is(1, -1),
        Unit::Seconds => is(0, 1) && !in_thousandths,
        Unit::Milliseconds => is(0, 1) && in_thousandths,
        Unit::Share => is(0, 0) && matches!(form, Form::Part | Form::OfTime),
        Unit::PerSecond | Unit::Requests => is(0, -1) && form == Form::Amount,
        Unit::YesNo => is(0, 0) && form == Form::Flag,
        Unit::Cores => is(0, 0) && form == Form::OfTime,
    }
}

fn walk(expression: &Expr) -> Result<Option<Dimension>, String> {
    Ok(match expression {
        Expr::Aggregate(aggregate) => {
            let inner = walk(&aggregate.expr)?;
            if aggregate.op.to_string() == "count" { Some(amount(0, 0)) } else { inner }
        }
        Expr::Binary(binary) => self::binary(binary)?,
        Expr::Call(call) => self::call(call)?,
        Expr::MatrixSelector(matrix) => Some(metric(&matrix.vs)?),
        Expr::Paren(paren) => walk(&paren.expr)?,
        Expr::Subquery(subquery) => walk(&subquery.expr)?,
        Expr::Unary(unary) => walk(&unary.expr)?,
        Expr::VectorSelector(selector) => Some(metric(selector)?),
        Expr::Extension(_) | Expr::NumberLiteral(_) | Expr::StringLiteral(_) => None,
    })
}

fn metric(selector: &VectorSelector) -> Result<Dimension, String> {
    let name = selector.name.as_deref().unwrap_or_default();
    if let Some((_, bytes, seconds)) = EXCEPTIONS.iter().find(|it| it.0 == name) {
        return Ok(amount(*bytes, *seconds));
    }
    if FLAGS.contains(&name) {
        return Ok(Dimension { form: Form::Flag, ..amount(0, 0) });
    }
    // One name for the amounts of several things.
    let is_resource = name.starts_with("kube_pod_container_resource_")
        || ["kube_node_status_allocatable", "kube_node_status_capacity"].contains(&name);
    if is_resource {
        let mut matchers = selector.matchers.matchers.iter();
        let resource = matchers
            .find(|it| it.name == "resource" && matches!(it.op, MatchOp::Equal))
            .map(|it| it.value.as_str());
        return match resource {
            Some("memory" | "ephemeral_storage") => Ok(amount(1, 0)),
            Some("cpu" | "pods" | "nvidia_com_gpu") => Ok(amount(0, 0)),
            _ => Err(format!("`{name}` without its `resource` adds bytes to cores")),
        };
    }
    if name.ends_with("_count") {
        return Ok(amount(0, 0));
    }
    let stem =
        ["_bucket", "_sum", "_total"].iter().fold(name, |stem, end| stem.trim_end_matches(end));
    Ok(match stem {
        _ if stem.ends_with("_milliseconds") => Dimension { in_thousandths: true, ..amount(0, 1) },
        _ if stem.ends_with("_seconds") => amount(0, 1),
        _ if stem.ends_with("_bytes") => amount(1, 0),
        _ => amount(0, 0),
    })
}

fn call(call: &Call) -> Result<Option<Dimension>, String> {
    let name = call.func.name;
    let argument = |at: usize| walk(&call.args.args[at]);
    Ok(match name {
        "time" => Some(amount(0, 1)),
        "vector" | "scalar" | "pi" => None,
        "absent" => Some(Dimension { form: Form::Flag, ..amount(0, 0) }),
        // Buckets count; what they are in is what `le` is in.
        "histogram_quantile" => {
            argument(1)?.map(|it| Dimension { seconds: it.seconds + 1, form: Form::Amount, ..it })
        }
        "rate" | "irate" | "deriv" => argument(0)?.map(|of| {
            let seconds = of.seconds - 1;
            let form = if of.seconds == 1 && of.bytes == 0 { Form::OfTime } else { of.form };
            Dimension { seconds, form, ..of }
        }),
        _ => call.args.args.iter().find_map(|it| walk(it).transpose()).transpose()?,
    })
}

fn binary(binary: &BinaryExpr) -> Result<Option<Dimension>, String> {
    let (left, right) = (walk(&binary.lhs)?, walk(&binary.rhs)?);
    let operation = binary.op.to_string();
    let (Some(one), Some(other)) = (left, right) else {
        return Ok(left.or(right).map(|one| match operation.as_str() {
            "/" if left.is_none() => {
                Dimension { bytes: -one.bytes, seconds: -one.seconds, form: Form::Amount, ..one }
            }
            _ => one,
        }));
    };
    let is_same = (one.bytes, one.seconds, one.in_thousandths)
        == (other.bytes, other.seconds, other.in_thousandths);
    Ok(Some(match operation.as_str() {
        "+" | "-" | "or" => {
            if !is_same || one.form != other.form {
                return Err(format!("`{operation}` of {one:?} and {other:?}"));
            }
            one
        }
        "*" => {
            let (bytes, seconds) = (one.bytes + other.bytes, one.seconds + other.seconds);
            Dimension { bytes, seconds, ..one }
        }
        "/" => {
            let (bytes, seconds) = (one.bytes - other.bytes, one.seconds - other.seconds);
            let form = if (bytes, seconds) == (0, 0) { Form::Part } else { Form::Amount };
            Dimension { bytes, seconds, in_thousandths: one.in_thousandths && !is_same, form }
        }
        _ => {
            if binary.op.is_comparison_operator() && !is_same {
                return Err(format!("`{operation}` compares {one:?} with {other:?}"));
            }
            one
        }
    }))
}

#[track_caller]
fn shows(unit: Unit, query: &str) {
    let found = of(query).unwrap_or_else(|it| panic!("{query}: {it}"));
    let dimension = found.expect("it is in something");
    assert!(fits(unit, dimension), "{unit:?} does not show {query}: {dimension:?}");
}

#[track_caller]
fn does_not_show(unit: Unit, query: &str) {
    let found = of(query).unwrap_or_else(|it| panic!("{query}: {it}"));
    let dimension = found.expect("it is in something");
    assert!(!fits(unit, dimension), "{unit:?} shows {query}: {dimension:?}");
}

#[test]
fn units_show_what_a_metric_s_name_says() {
    shows(Unit::Bytes, "sum(container_memory_rss)");
    shows(Unit::BytesPerSecond, "rate(traefik_entrypoint_requests_bytes_total[5m])");
    shows(Unit::Cores, "sum by (pod) (rate(container_cpu_usage_seconds_total[5m]))");
    shows(Unit::Share, "rate(node_pressure_memory_waiting_seconds_total[5m])");
    shows(Unit::Share, "sum(container_memory_rss) / sum(container_memory_working_set_bytes)");
    shows(Unit::Count, "increase(argocd_app_sync_total[1h])");
    shows(Unit::Count, "count(up == 0) or vector(0)");
    shows(Unit::Seconds, "certmanager_certificate_expiration_timestamp_seconds - time()");
    let quantile = |of: &str| format!("histogram_quantile(0.95, sum by (le) (rate({of}[5m])))");
    shows(Unit::Seconds, &quantile("traefik_entrypoint_request_duration_seconds_bucket"));
    shows(Unit::Milliseconds, &quantile("http_server_duration_milliseconds_bucket"));
    shows(Unit::YesNo, "min by (instance) (probe_success)");
    shows(Unit::Bytes, "kube_pod_container_resource_limits{resource=\"memory\"}");
}

#[test]
fn units_do_not_show_their_cousins() {
    // A rate is no amount, and an amount no rate.
    does_not_show(Unit::Bytes, "rate(traefik_entrypoint_requests_bytes_total[5m])");
    does_not_show(Unit::BytesPerSecond, "container_memory_rss");
    does_not_show(Unit::Count, "rate(argocd_app_sync_total[5m])");
    does_not_show(Unit::Requests, "increase(traefik_entrypoint_requests_total[5m])");
    // Hundredths of what is no part.
    does_not_show(Unit::Share, "sum(up)");
    does_not_show(Unit::Share, "container_memory_rss");
    does_not_show(Unit::Count, "sum(container_memory_rss) / sum(container_memory_rss)");
    // Thousandths of a second are a thousand times as many.
    let quantile = |of: &str| format!("histogram_quantile(0.95, sum by (le) (rate({of}[5m])))");
    does_not_show(Unit::Seconds, &quantile("http_server_duration_milliseconds_bucket"));
    does_not_show(Unit::Milliseconds, &quantile("probe_duration_seconds_bucket"));
    // The moment, and not what is left of it, is still in seconds; a count of such is not.
    does_not_show(Unit::Seconds, "count(certmanager_certificate_expiration_timestamp_seconds)");
    does_not_show(Unit::YesNo, "count(probe_success == 0)");
    does_not_show(Unit::Bytes, "kube_pod_container_resource_limits{resource=\"cpu\"}");
    does_not_show(Unit::Cores, "kube_pod_container_resource_limits{resource=\"cpu\"}");
}

#[test]
fn what_is_in_nothing_is_refused() {
    let faults = |query: &str| of(query).err().unwrap_or_default();
    assert!(faults("sum(kube_pod_container_resource_limits)").contains("adds bytes to cores"));
    assert!(
        faults("container_memory_rss + rate(container_cpu_usage_seconds_total[5m])")
            .contains("`+` of")
    );
    assert!(faults("container_memory_rss > time()").contains("compares"));
    assert!(faults("sum(").contains("does not parse"));
}
