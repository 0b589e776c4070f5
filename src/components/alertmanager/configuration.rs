//! Alertmanager's configuration: who gets what, when it is told again, and what need not be told.
//! Nothing in it is secret: it names files that are mounted.

use std::sync::Arc;

use serde::Serialize;

use super::receivers::{Alerts, EmailReceiver};
use crate::{
    builder::internet::Https,
    facts::alerts::{
        CRITICAL_AGAIN, CRITICAL_REPEAT, CRITICAL_WAIT, SWITCH_AGAIN, SWITCH_REPEAT, TOLD_TOGETHER,
        WARNING_AGAIN, WARNING_REPEAT, WARNING_WAIT,
    },
    units::Seconds,
};

/// Who gets what somebody must act on now.
const CRITICAL: &str = "critical";
/// Who gets everything else.
const WARNING: &str = "warning";
/// Who watches from outside.
const SWITCH: &str = "dead-mans-switch";
/// Nobody: for alerts that are no message.
const NOBODY: &str = "null";

/// The chart's alert that always fires, so that its absence tells.
const WATCHDOG: &str = "alertname = \"Watchdog\"";
/// The chart's alert that is there to inhibit.
const INHIBITOR: &str = "alertname = \"InfoInhibitor\"";
/// The chart's alerts of a node that is away. The pods that are missed for it bear the node's name
/// only where they are told of by node.
const NODE_AWAY: &str = "KubeNodeNotReady|KubeNodeUnreachable";
/// Alerts that something is incomplete, ours and the chart's: not told of what is down altogether.
const INCOMPLETE: &str = "DeploymentNotReady|KubeDeploymentReplicasMismatch\
                          |KubeStatefulSetReplicasMismatch|StatefulSetNotReady";

/// The configuration.
#[derive(Serialize)]
pub struct Configuration {
    inhibit_rules: Vec<Inhibition>,
    receivers: Vec<Receiver>,
    route: Route,
    templates: [String; 1],
}

#[derive(Serialize)]
struct Inhibition {
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    equal: &'static [&'static str],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    source_matchers: Vec<String>,
    target_matchers: Vec<String>,
}

#[derive(Default, Serialize)]
struct Receiver {
    name: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    email_configs: Vec<EmailConfig>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    slack_configs: Vec<SlackConfig>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    webhook_configs: Vec<WebhookConfig>,
}

#[derive(Serialize)]
struct Route {
    receiver: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    matchers: Vec<String>,
    #[serde(flatten)]
    pace: Option<Pace>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    routes: Vec<Self>,
}

/// What is told together, and how often.
#[derive(Serialize)]
struct Pace {
    group_by: [&'static str; 2],
    group_wait: String,
    group_interval: String,
    repeat_interval: String,
}

impl Pace {
    fn of(wait: Seconds, again: Seconds, repeat: Seconds) -> Self {
        Self {
            group_by: TOLD_TOGETHER,
            group_wait: wait.to_string(),
            group_interval: again.to_string(),
            repeat_interval: repeat.to_string(),
        }
    }
}

/// What Alertmanager is told of a receiver.
#[derive(Clone)]
pub enum Channel {
    /// Mail.
    Email(EmailConfig),
    /// Slack.
    Slack(SlackConfig),
    /// A webhook.
    Webhook(WebhookConfig),
}

/// Mail.
#[derive(Clone, Serialize)]
pub struct EmailConfig {
    #[serde(skip_serializing_if = "Option::is_none")]
    auth_password_file: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    auth_username: Option<String>,
    from: String,
    headers: Headers,
    send_resolved: bool,
    smarthost: String,
    to: String,
}

#[derive(Clone, Serialize)]
struct Headers {
    subject: &'static str,
}

/// The title of a message, by the name of its text.
const TITLE: &str = "{{ template \"platform.title\" . }}";

impl EmailConfig {
    /// Mail to all of its addresses.
    pub fn new(email: &EmailReceiver, password: Option<String>) -> Self {
        let to: Vec<&str> = email.to.iter().map(|it| &**it).collect();
        Self {
            auth_password_file: password,
            auth_username: email.user.as_ref().map(ToString::to_string),
            from: email.from.to_string(),
            headers: Headers { subject: TITLE },
            send_resolved: true,
            smarthost: email.server.to_string(),
            to: to.join(", "),
        }
    }
}

/// Slack.
#[derive(Clone, Serialize)]
pub struct SlackConfig {
    api_url_file: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    http_config: Option<Http>,
    send_resolved: bool,
    text: &'static str,
    title: &'static str,
    title_link: &'static str,
}

impl SlackConfig {
    /// The channel of a URL that is in a file.
    pub fn new(file: String, http: Option<Http>) -> Self {
        Self {
            api_url_file: file,
            http_config: http,
            send_resolved: true,
            text: "{{ template \"platform.text\" . }}",
            title: TITLE,
            title_link: "{{ template \"platform.link\" . }}",
        }
    }
}

/// A webhook.
#[derive(Clone, Serialize)]
pub struct WebhookConfig {
    #[serde(skip_serializing_if = "Option::is_none")]
    http_config: Option<Http>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_alerts: Option<u32>,
    send_resolved: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    url_file: Option<String>,
}

impl WebhookConfig {
    /// At a URL that everybody may read.
    pub fn named(url: String, http: Option<Http>) -> Self {
        Self {
            http_config: http,
            max_alerts: None,
            send_resolved: true,
            url: Some(url),
            url_file: None,
        }
    }

    /// At a URL that is in a file.
    pub fn sealed(file: String, http: Option<Http>) -> Self {
        Self {
            http_config: http,
            max_alerts: None,
            send_resolved: true,
            url: None,
            url_file: Some(file),
        }
    }

    /// With so many alerts in a message at most.
    #[must_use]
    pub fn of_alerts(self, most: u32) -> Self {
        Self { max_alerts: Some(most), ..self }
    }
}

/// How HTTP is spoken, where there is something to say.
#[derive(Clone, Serialize)]
pub struct Http {
    #[serde(skip_serializing_if = "Option::is_none")]
    authorization: Option<Token>,
    #[serde(skip_serializing_if = "Option::is_none")]
    proxy_url: Option<String>,
}

/// A bearer token, by its file.
#[derive(Clone, Serialize)]
struct Token {
    credentials_file: String,
}

impl Http {
    /// With a token, through a proxy.
    pub fn new(token: Option<String>, proxy: Option<Arc<str>>) -> Option<Self> {
        (token.is_some() || proxy.is_some()).then(|| Self {
            authorization: token.map(|credentials_file| Token { credentials_file }),
            proxy_url: proxy.map(|it| it.to_string()),
        })
    }
}

impl Configuration {
    /// The channels in two groups, and the way of each alert to one of them.
    pub fn new(
        channels: Vec<(Alerts, Channel)>,
        switch: Option<String>,
        https: &Https,
        templates: [String; 1],
    ) -> Self {
        let mut receivers = vec![
            Receiver { name: CRITICAL, ..Receiver::default() },
            Receiver { name: WARNING, ..Receiver::default() },
            Receiver { name: NOBODY, ..Receiver::default() },
        ];
        for (alerts, channel) in channels {
            if alerts == Alerts::All {
                receivers[1].add(channel.clone());
            }
            receivers[0].add(channel);
        }
        let watched = switch.is_some();
        if let Some(file) = switch {
            let mut call = WebhookConfig::sealed(file, Http::new(None, https.proxy()));
            // That alerting works is never over.
            call.send_resolved = false;
            receivers.push(Receiver {
                name: SWITCH,
                webhook_configs: vec![call],
                ..Receiver::default()
            });
        }
        Self { inhibit_rules: inhibitions(), receivers, route: route(watched), templates }
    }
}

impl Receiver {
    fn add(&mut self, channel: Channel) {
        match channel {
            Channel::Email(config) => self.email_configs.push(config),
            Channel::Slack(config) => self.slack_configs.push(config),
            Channel::Webhook(config) => self.webhook_configs.push(config),
        }
    }
}

fn route(is_watched: bool) -> Route {
    let to = |receiver, matcher: &str, pace| Route {
        receiver,
        matchers: vec![matcher.to_owned()],
        pace,
        routes: Vec::new(),
    };
    let watchdog = if is_watched {
        let pace = Pace::of(Seconds::new(0), SWITCH_AGAIN, SWITCH_REPEAT);
        to(SWITCH, WATCHDOG, Some(pace))
    } else {
        to(NOBODY, WATCHDOG, None)
    };
    let now = Pace::of(CRITICAL_WAIT, CRITICAL_AGAIN, CRITICAL_REPEAT);
    Route {
        receiver: WARNING,
        matchers: Vec::new(),
        pace: Some(Pace::of(WARNING_WAIT, WARNING_AGAIN, WARNING_REPEAT)),
        routes: vec![
            watchdog,
            to(NOBODY, INHIBITOR, None),
            to(CRITICAL, "severity = \"critical\"", Some(now)),
        ],
    }
}

/// What need not be told, because something else was. A label that neither has is equal too, so
/// what must be there is asked for.
fn inhibitions() -> Vec<Inhibition> {
    let rule = |source: &[&str], target: &[&str], equal| Inhibition {
        equal,
        source_matchers: source.iter().map(|it| (*it).to_owned()).collect(),
        target_matchers: target.iter().map(|it| (*it).to_owned()).collect(),
    };
    let away = format!("alertname =~ \"{NODE_AWAY}\"");
    let incomplete = format!("alertname =~ \"{INCOMPLETE}\"");
    vec![
        // The same thing, and worse.
        rule(
            &["severity = \"critical\""],
            &["severity =~ \"warning|info\""],
            &["alertname", "namespace"],
        ),
        rule(&["severity = \"warning\""], &["severity = \"info\""], &["alertname", "namespace"]),
        // What is down altogether is not ready, either.
        rule(
            &["alertname =~ \".+Down\""],
            &[&incomplete],
            &["namespace", "deployment", "statefulset"],
        ),
        // Whatever else is said of a node that is away.
        rule(&[&away], &["node =~ \".+\"", &format!("alertname !~ \"{NODE_AWAY}\"")], &["node"]),
        // What is worth a look only beside something else.
        rule(&[INHIBITOR], &["severity = \"info\""], &["namespace"]),
    ]
}
