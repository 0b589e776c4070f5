//! Who is told of alerts, as the spec writes it: one receiver of each kind.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    names::{
        Cidr, Email,
        receiver::{MailServer, MailUser, NtfyServer, WebhookUrl},
    },
    platform::outside::{Outside, Role},
};

/// Who is told of alerts. At least one is written, and one of them takes warnings too.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Receivers {
    /// E-mail: `email_configs` of Alertmanager. Absent: no mail is sent.
    #[schemars(extend("examples" = [{"server": "mail.example.org:587", "from": "alerts@example.org", "to": ["ops@example.org"], "user": "alerts"}]))]
    pub email: Option<EmailReceiver>,
    /// An ntfy server, which tells phones: `webhook_configs` of Alertmanager. Its topic and its
    /// access token are the sealed credential `alertmanager-ntfy`. Absent: no phone is told.
    #[schemars(extend("examples" = [{"server": "https://ntfy.example.org"}]))]
    pub ntfy: Option<NtfyReceiver>,
    /// A channel of Slack, or of a server that takes Slack's messages, such as Mattermost:
    /// `slack_configs` of Alertmanager. The URL of the incoming webhook is the sealed credential
    /// `alertmanager-slack`. Absent: no channel is told.
    #[schemars(extend("examples" = [{"alerts": "critical"}]))]
    pub slack: Option<SlackReceiver>,
    /// A webhook of your own, which gets Alertmanager's JSON: `webhook_configs` of Alertmanager.
    /// Absent: none is called.
    #[schemars(extend("examples" = [{"url": "https://hooks.example.org/alerts"}]))]
    pub webhook: Option<WebhookReceiver>,
}

/// Which alerts a receiver gets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Alerts {
    /// All: what somebody must act on now, and what may wait for working hours.
    #[default]
    All,
    /// Only what somebody must act on now: `severity="critical"`.
    Critical,
}

/// A mail server, and who gets the mail. The connection is always encrypted: by STARTTLS, or from
/// the beginning at the port 465.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EmailReceiver {
    /// Mail server with its port: `smarthost` of the receiver.
    #[schemars(example = &"mail.example.org:587")]
    pub server: MailServer,
    /// Address that the mail comes from: `from` of the receiver.
    #[schemars(example = &"alerts@example.org")]
    pub from: Email,
    /// Addresses that the mail goes to: `to` of the receiver.
    #[schemars(extend("examples" = [["ops@example.org"]]))]
    pub to: Vec<Email>,
    /// Name that Alertmanager signs in with at the mail server: `auth_username` of the receiver;
    /// its password is the sealed credential `alertmanager-email`. Absent: it does not sign in.
    #[schemars(example = &"alerts@example.org")]
    pub user: Option<MailUser>,
    /// Which alerts are sent there: all, or those on which somebody must act now.
    #[serde(default)]
    #[schemars(example = &"critical")]
    pub alerts: Alerts,
    /// Network of the mail server, where its name leads to a private address: the NetworkPolicy
    /// opens its port to this network. Absent: the server is on the internet, or has the address
    /// that `server` names.
    #[schemars(example = &"10.0.0.0/24")]
    pub cidr: Option<Cidr>,
}

/// An ntfy server, which tells phones.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NtfyReceiver {
    /// Address of the server, without a topic. It has to be of version 2.10 or later.
    #[schemars(example = &"https://ntfy.example.org")]
    pub server: NtfyServer,
    /// How Alertmanager proves who it is: `http_config.authorization` of the receiver. With `none`,
    /// only the topic is sealed: on a server that takes messages from everybody, such as `ntfy.sh`,
    /// whoever knows the topic reads along, so it has to be one that nobody guesses.
    #[serde(default)]
    #[schemars(example = &"none")]
    pub authorization: Authorization,
    /// Which alerts are sent there: all, or those on which somebody must act now.
    #[serde(default)]
    #[schemars(example = &"critical")]
    pub alerts: Alerts,
    /// Network of the server, where its name leads to a private address: the NetworkPolicy opens
    /// its port to this network. Absent: the server is on the internet, or has the address that
    /// `server` names.
    #[schemars(example = &"10.0.0.0/24")]
    pub cidr: Option<Cidr>,
}

/// A channel of Slack.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct SlackReceiver {
    /// Which alerts are sent there: all, or those on which somebody must act now.
    #[schemars(example = &"critical")]
    pub alerts: Alerts,
}

/// A webhook of one's own.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WebhookReceiver {
    /// URL that is called by POST: `url` of the receiver. It is in Git for everybody to read, so it
    /// holds nothing secret.
    #[schemars(example = &"https://hooks.example.org/alerts")]
    pub url: WebhookUrl,
    /// How Alertmanager proves who it is: `http_config.authorization` of the receiver. The bearer
    /// token is the sealed credential `alertmanager-webhook`.
    #[serde(default)]
    #[schemars(example = &"none")]
    pub authorization: Authorization,
    /// Which alerts are sent there: all, or those on which somebody must act now.
    #[serde(default)]
    #[schemars(example = &"critical")]
    pub alerts: Alerts,
    /// Network of the webhook, where its name leads to a private address: the NetworkPolicy opens
    /// its port to this network. Absent: it is on the internet, or has the address that `url`
    /// names.
    #[schemars(example = &"10.0.0.0/24")]
    pub cidr: Option<Cidr>,
}

/// How Alertmanager proves who it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Authorization {
    /// By a bearer token, which is sealed.
    #[default]
    Bearer,
    /// Not at all: whoever reaches the server may call it.
    None,
}

/// The way to somebody who is told.
pub enum Way {
    /// A server that the spec names, and that is asked by HTTP.
    Web(Outside),
    /// One that takes mail.
    Mail(Outside),
    /// One on the internet whose name is sealed.
    Internet,
}

const MAIL_SERVER: Role = Role {
    what: "the mail server",
    caller: "Alertmanager",
    without: "nobody is told by mail then",
    host: &["components", "alertmanager", "receivers", "email", "server"],
    cidr: &["components", "alertmanager", "receivers", "email", "cidr"],
};

const NTFY_SERVER: Role = Role {
    what: "the ntfy server",
    caller: "Alertmanager",
    without: "no phone is told then",
    host: &["components", "alertmanager", "receivers", "ntfy", "server"],
    cidr: &["components", "alertmanager", "receivers", "ntfy", "cidr"],
};

const WEBHOOK_SERVER: Role = Role {
    what: "the webhook",
    caller: "Alertmanager",
    without: "the webhook is not told then",
    host: &["components", "alertmanager", "receivers", "webhook", "url"],
    cidr: &["components", "alertmanager", "receivers", "webhook", "cidr"],
};

impl EmailReceiver {
    /// The server, as pods reach it.
    pub(super) fn outside(&self) -> Outside {
        Outside::new(MAIL_SERVER, self.server.host(), self.server.port(), self.cidr.as_ref())
    }
}

impl NtfyReceiver {
    /// The server, as pods reach it.
    pub(super) fn outside(&self) -> Outside {
        Outside::new(NTFY_SERVER, self.server.host(), self.server.port(), self.cidr.as_ref())
    }
}

impl WebhookReceiver {
    /// The server, as pods reach it.
    pub(super) fn outside(&self) -> Outside {
        Outside::new(WEBHOOK_SERVER, self.url.host(), self.url.port(), self.cidr.as_ref())
    }
}

impl Receivers {
    /// Which alerts each of them gets.
    pub fn audience(&self) -> Vec<Alerts> {
        let Self { email, ntfy, slack, webhook } = self;
        [
            email.as_ref().map(|it| it.alerts),
            ntfy.as_ref().map(|it| it.alerts),
            slack.as_ref().map(|it| it.alerts),
            webhook.as_ref().map(|it| it.alerts),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    /// Whether anything of them is sealed.
    pub fn are_sealed(&self) -> bool {
        let Self { email, ntfy, slack, webhook } = self;
        email.as_ref().is_some_and(|it| it.user.is_some())
            || ntfy.is_some()
            || slack.is_some()
            || webhook.as_ref().is_some_and(|it| it.authorization == Authorization::Bearer)
    }

    /// The ways to them.
    pub(super) fn ways(&self) -> Vec<Way> {
        let Self { email, ntfy, slack, webhook } = self;
        let ways = [
            email.as_ref().map(|it| Way::Mail(it.outside())),
            ntfy.as_ref().map(|it| Way::Web(it.outside())),
            slack.as_ref().map(|_| Way::Internet),
            webhook.as_ref().map(|it| Way::Web(it.outside())),
        ];
        ways.into_iter().flatten().collect()
    }
}
