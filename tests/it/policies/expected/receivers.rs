//! Whom Alertmanager calls, worked out from its configuration.

use serde_yaml::Value;

use super::{End, STACK, out, place};
use crate::{
    invariants::Tree,
    support::{at, items},
};

/// Alertmanager's configuration, where the chart's values have one.
pub fn configuration(tree: &Tree) -> Option<&Value> {
    let mut charts = tree.of_kind("Application").filter(|it| it.text("spec/source/chart") == STACK);
    let config = charts.next()?.at("spec/source/helm/valuesObject/alertmanager/config");
    (!config.is_null()).then_some(config)
}

/// Where those are that a configuration names: mail servers, webhooks by their URL; what is in a
/// file is on the internet, or behind the proxy that is written beside it.
pub fn told(config: &Value) -> Vec<(End, u16)> {
    let mut all = Vec::new();
    for receiver in items(at(config, "receivers")) {
        let mails = items(at(receiver, "email_configs"));
        all.extend(mails.map(|it| place(at(it, "smarthost").as_str().unwrap_or_default(), 25)));
        let calls = items(at(receiver, "slack_configs"));
        for call in calls.chain(items(at(receiver, "webhook_configs"))) {
            let proxy = at(call, "http_config/proxy_url").as_str();
            let url = at(call, "url").as_str().filter(|_| proxy.is_none());
            all.push(url.and_then(|it| it.split_once("://")).map_or_else(
                || out(proxy),
                |(scheme, rest)| {
                    let usual = if scheme == "https" { 443 } else { 80 };
                    place(rest.split('/').next().unwrap_or_default(), usual)
                },
            ));
        }
    }
    all
}
