//! What the parts of random platforms are made of: sections, amounts.

use proptest::{prelude::*, sample};
use serde_yaml::{Mapping, Value};

/// A section of a spec: of each field its value, if it has one.
pub fn map(pairs: impl IntoIterator<Item = (&'static str, Option<Value>)>) -> Value {
    Value::Mapping(
        pairs
            .into_iter()
            .filter_map(|(key, value)| Some((key.into(), value?)))
            .collect::<Mapping>(),
    )
}

/// The value of a field.
pub fn some(value: impl Into<Value>) -> Option<Value> {
    Some(value.into())
}

/// Memory (request and limit, or one of them, or none) and CPU; the limit is at least `least` MiB.
pub fn resources(least: u64) -> impl Strategy<Value = Option<Value>> {
    let memory = (least..least * 2 + 64, 0_u64..512, any::<bool>());
    let cpu = sample::select(vec!["10m", "0.1", "250m", "1", "1500m"]);
    let both =
        (memory, cpu, any::<bool>()).prop_map(|((request, more, has_request), cpu, has_cpu)| {
            let memory = map([
                ("request", has_request.then(|| format!("{request}Mi").into())),
                ("limit", some(format!("{}Mi", request + more))),
            ]);
            map([("memory", Some(memory)), ("cpu", has_cpu.then(|| map([("request", some(cpu))])))])
        });
    proptest::option::of(both)
}
