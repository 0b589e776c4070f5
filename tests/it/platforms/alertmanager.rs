//! Who is told of alerts in random platforms.

use proptest::{prelude::*, sample};
use serde_yaml::Value;

use super::parts::{map, resources, some};

/// Alertmanager, with receivers of any kind; where nobody opens sealed values, with such as need
/// none.
pub fn alertmanager() -> impl Strategy<Value = Option<(Value, Value)>> {
    let mail = sample::select(vec!["mail.example.org:587", "10.0.0.25:25"]);
    let hook = sample::select(vec!["https://hooks.example.org/a", "http://10.0.0.9:8080/a"]);
    let alerts = sample::select(vec!["all", "critical"]);
    let authorization = sample::select(vec!["bearer", "none"]);
    let all = (
        mail,
        hook,
        (alerts, authorization),
        proptest::array::uniform4(any::<bool>()),
        resources(64),
    );
    let all = all.prop_map(
        |(mail, hook, (alerts, way), [has_mail, has_ntfy, has_slack, is_watched], pods)| {
            let email = |user: Option<&str>| {
                map([
                    ("server", some(mail)),
                    ("from", some("alerts@example.org")),
                    ("to", some(vec!["ops@example.org"])),
                    ("user", user.map(Into::into)),
                    ("alerts", some(alerts)),
                ])
            };
            let webhook =
                |way: &'static str| map([("url", some(hook)), ("authorization", some(way))]);
            let ntfy = || {
                map([("server", some("https://ntfy.example.org")), ("authorization", some(way))])
            };
            let whole = |receivers: Value, is_watched: bool| {
                map([
                    ("enabled", some(true)),
                    ("deadMansSwitch", some(is_watched)),
                    ("receivers", Some(receivers)),
                    ("resources", pods.clone()),
                ])
            };
            let sealed = map([
                ("email", has_mail.then(|| email(Some("alerts")))),
                ("ntfy", has_ntfy.then(ntfy)),
                ("slack", has_slack.then(|| map([("alerts", some(alerts))]))),
                ("webhook", some(webhook("bearer"))),
            ]);
            let open =
                map([("email", has_mail.then(|| email(None))), ("webhook", some(webhook("none")))]);
            (whole(sealed, is_watched), whole(open, false))
        },
    );
    proptest::option::of(all)
}
