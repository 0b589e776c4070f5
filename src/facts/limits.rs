//! What a public host takes at once, each figure with its reason.
//!
//! A server reads a body before it knows who sends it: FastAPI parses JSON before it asks for the
//! account. So the bodies that all strangers together can have in flight must fit into its memory,
//! as [`Limits::at_once`] sums them.

use crate::units::Bytes;

/// What one public host takes. No field has a default: whoever has a host decides each.
pub struct Limits {
    /// WebSockets, which stay as long as their pages.
    pub sockets: AtOnce,
    /// Requests without a body of their own (GET, HEAD, OPTIONS).
    pub pages: AtOnce,
    /// Requests whose bodies are said to be short ([`SHORT_DIGITS`]): they are passed on as they
    /// come, and so are their answers.
    pub calls: AtOnce,
    /// Files, where there are paths that take them.
    pub uploads: Option<Uploads>,
    /// All others: long bodies, and those that do not say how long they are. They are read whole
    /// before the server sees them, and so are their answers.
    pub rest: Bodies,
    /// Requests a second.
    pub rate: Rate,
}

/// Requests that are being answered at once.
#[derive(Clone, Copy)]
pub struct AtOnce {
    /// Of one address, where the controller sees addresses.
    pub each: u32,
    /// Of all together.
    pub all: u32,
}

/// Bodies that are read whole.
#[derive(Clone, Copy)]
pub struct Bodies {
    /// The largest.
    pub size: Bytes,
    /// So many at once.
    pub all: u32,
}

/// Paths that take files as forms (`multipart/form-data`), which the server keeps on its disk.
pub struct Uploads {
    /// Exactly these.
    pub paths: &'static [&'static str],
    /// A file with the lines around it.
    pub bodies: Bodies,
}

/// Requests a second, of one address, or of all where the controller does not see addresses.
#[derive(Clone, Copy)]
pub struct Rate {
    /// In the long run.
    pub average: u32,
    /// In one moment.
    pub burst: u32,
    /// How many times as much all together may ask as one address.
    pub crowd: u32,
}

/// Digits of the length of a short body.
pub const SHORT_DIGITS: u32 = 6;
/// The longest short body: ten times a question with the longest context of a small node.
#[cfg(test)]
pub const SHORT: Bytes = Bytes::new(10_u64.pow(SHORT_DIGITS) - 1);
/// Bytes of objects that a byte of JSON can become. Measured with Python 3.11: 24 for `{}`, 28 for
/// `{"":0}`, 31 for `[[]]`, each a million bytes long.
#[cfg(test)]
const PARSED: u64 = 32;
/// The largest answer to a request that is read whole; Traefik keeps it on its disk.
pub const ANSWER: Bytes = Bytes::mib(16);
/// Bits of an IPv6 address that belong to one customer: a home gets 64 at least.
pub const IPV6_CUSTOMER: u32 = 64;

/// Open WebUI. A tab holds one WebSocket and, while it loads, some dozens of requests; the browser
/// asks for an answer with a call that ends at once, an API client with one that lasts as long as
/// the answer.
pub const CHAT: Limits = Limits {
    // An office of fifty with three tabs each is behind one address.
    sockets: AtOnce { each: 150, all: 224 },
    // A browser asks for a hundred files of the page side by side.
    pages: AtOnce { each: 256, all: 512 },
    // As many answers stream at once as a hundred-fold queue of one model on CPUs.
    calls: AtOnce { each: 32, all: 64 },
    uploads: Some(Uploads {
        paths: &UPLOAD_PATHS,
        // A browser sends the files of one question side by side.
        bodies: Bodies { size: LARGEST_UPLOAD, all: 6 },
    }),
    // A chat with its pictures, or a text for a collection.
    rest: Bodies { size: Bytes::mib(3), all: 4 },
    // The page is some 300 files at its first load, of an office at nine o'clock too; one worker
    // answers a few hundred small requests a second.
    rate: Rate { average: 100, burst: 1000, crowd: 4 },
};

/// The largest uploaded file, in Open WebUI's own unit. Its text goes into a context whole, and the
/// longest context is a million tokens: some 4 MiB.
pub const UPLOAD_MIB: u64 = 20;
/// A file with the lines around it.
pub const LARGEST_UPLOAD: Bytes = Bytes::mib(UPLOAD_MIB + 1);
/// Open WebUI 0.12.4 takes files of everybody there; administrators' imports of skills, pipelines
/// and models are short, or refused.
pub const UPLOAD_PATHS: [&str; 3] =
    ["/api/v1/files", "/api/v1/files/", "/api/v1/audio/transcriptions"];
/// The longest message of a WebSocket. A note goes along with each change of it, three times over,
/// so it may have some 80 KB. By itself the server holds 33 messages of 16 MiB for each socket,
/// whoever has opened it.
pub const MESSAGE: Bytes = Bytes::kib(256);
/// Messages that wait in the server, beside the one that comes.
pub const MESSAGES: u64 = 1;
/// Files of one question.
pub const UPLOADS: u32 = 5;

/// Argo CD's page, which few people have: it holds one stream of events, and its command line
/// streams the answers to short calls.
pub const CONSOLE: Limits = Limits {
    sockets: AtOnce { each: 16, all: 32 },
    pages: AtOnce { each: 64, all: 128 },
    calls: AtOnce { each: 16, all: 32 },
    uploads: None,
    // A manifest by hand.
    rest: Bodies { size: Bytes::mib(2), all: 4 },
    rate: Rate { average: 50, burst: 500, crowd: 2 },
};

/// Grafana's pages. A dashboard asks for each of its panels with a short call of its own, some
/// thirty at once, and again every half minute; nothing that a visitor may do has a long body.
pub const DASHBOARDS: Limits = Limits {
    // It opens none: what would use them is off.
    sockets: AtOnce { each: 8, all: 16 },
    // A browser asks for some hundred files of the page side by side.
    pages: AtOnce { each: 128, all: 256 },
    calls: AtOnce { each: 40, all: 80 },
    uploads: None,
    // An administrator's dashboard.
    rest: Bodies { size: Bytes::mib(1), all: 4 },
    rate: Rate { average: 50, burst: 500, crowd: 2 },
};

/// The API of workspaces, with its page. It refuses by itself what is longer than [`API_BODY`], a
/// request beyond 64 at once and who asks too often, each with the reason, so that these bounds are
/// for strangers: they lie above its own.
pub const API: Limits = Limits {
    // It opens none.
    sockets: AtOnce { each: 4, all: 8 },
    // A page is a few files, and asks for the list again and again.
    pages: AtOnce { each: 32, all: 96 },
    calls: AtOnce { each: 32, all: 96 },
    uploads: None,
    // Whoever does not say how long a body is, or deletes.
    rest: Bodies { size: API_BODY, all: 8 },
    rate: Rate { average: 50, burst: 200, crowd: 4 },
};

/// The largest body of a call of that API: a workspace's file with all that it may have.
pub const API_BODY: Bytes = Bytes::kib(64);

#[cfg(test)]
mod tests {
    use super::{
        ANSWER, API, API_BODY, Bodies, CHAT, CONSOLE, DASHBOARDS, Limits, MESSAGE, MESSAGES,
        PARSED, SHORT, UPLOAD_MIB,
    };
    use crate::{
        facts::{
            node::BODIES,
            requests::{
                ARGO_SERVER, GRAFANA, OPEN_WEBUI, OPEN_WEBUI_RESIDENT, OPEN_WEBUI_STANDARD,
                OPEN_WEBUI_STANDARD_RESIDENT, WORKSPACE_API,
            },
        },
        units::Bytes,
    };

    fn read_whole(limits: &Limits) -> (Bytes, u32) {
        let uploads = limits.uploads.as_ref().map(|it| it.bodies);
        let all = [Some(limits.rest), uploads].into_iter().flatten();
        all.fold((Bytes::new(0), 0), |(bytes, count), Bodies { size, all }| {
            (bytes + size * u64::from(all), count + all)
        })
    }

    /// What the bodies of all strangers together take in the server's memory: each as it is, and
    /// the largest that is JSON as objects too, for one is parsed at a time.
    fn in_memory(limits: &Limits) -> Bytes {
        SHORT * u64::from(limits.calls.all) + read_whole(limits).0 + limits.rest.size * PARSED
    }

    /// The same with the messages of all sockets.
    fn with_messages(limits: &Limits) -> Bytes {
        in_memory(limits) + MESSAGE * ((MESSAGES + 1) * u64::from(limits.sockets.all))
    }

    /// What bodies and answers that are read whole take on the controller's disk.
    fn on_disk(limits: &Limits) -> Bytes {
        let (bodies, count) = read_whole(limits);
        bodies + ANSWER * u64::from(count)
    }

    #[test]
    fn what_strangers_send_at_once_fits_into_the_server() {
        let chat = OPEN_WEBUI.limit.saturating_sub(OPEN_WEBUI_RESIDENT);
        assert!(with_messages(&CHAT) <= chat, "{} of {chat}", with_messages(&CHAT));
        let standard = OPEN_WEBUI_STANDARD.limit.saturating_sub(OPEN_WEBUI_STANDARD_RESIDENT);
        assert!(with_messages(&CHAT) <= standard, "{} of {standard}", with_messages(&CHAT));
        let console = ARGO_SERVER.limit.saturating_sub(ARGO_SERVER.request);
        assert!(in_memory(&CONSOLE) <= console, "{} of {console}", in_memory(&CONSOLE));
        let dashboards = GRAFANA.limit.saturating_sub(GRAFANA.request);
        assert!(in_memory(&DASHBOARDS) <= dashboards, "{} of {dashboards}", in_memory(&DASHBOARDS));
        // It reads no more of a call than it takes, and parses one at a time.
        let room = WORKSPACE_API.limit.saturating_sub(WORKSPACE_API.request);
        let calls = API_BODY * u64::from(API.calls.all) + read_whole(&API).0 + API_BODY * PARSED;
        assert!(calls <= room, "{calls} of {room}");
        // The sum is one that can fail: there is no room for as many calls again.
        assert!(with_messages(&CHAT) + SHORT * u64::from(CHAT.calls.all) > chat);
    }

    #[test]
    fn what_is_read_whole_fits_beside_the_controller() {
        let (chat, console) = (on_disk(&CHAT), on_disk(&CONSOLE));
        let (dashboards, api) = (on_disk(&DASHBOARDS), on_disk(&API));
        let largest = console.max(dashboards).max(api);
        assert!(largest <= Bytes::mib(132), "{console}, {dashboards} and {api}");
        let all = chat + console + dashboards + api;
        assert!(all <= BODIES, "{chat}, {console}, {dashboards} and {api}");
        // A dozen workspaces with a host each, and not a second dozen.
        assert!(chat * 12 <= BODIES && chat * 24 > BODIES, "{chat}");
    }

    #[test]
    fn a_file_of_the_largest_size_passes() {
        let uploads = CHAT.uploads.as_ref().expect("files are uploaded");
        assert!(uploads.bodies.size > Bytes::mib(UPLOAD_MIB));
        assert_eq!(SHORT.get(), 999_999);
    }
}
