//! The JSON of a dashboard, as Grafana reads it from a file.

use serde::Serialize;
use serde_json::Value;

use super::{
    Dashboard, Row, Variable,
    panel::{Kind, Panel, WIDTH},
    shown::{Fields, Source, Target, fields, kind, options, target, transformations},
};

/// The form of a dashboard's JSON that Grafana 13 writes itself; it reads older ones too.
pub const SCHEMA_VERSION: u32 = 42;

/// How often an open page asks again.
const REFRESH: &str = "1m";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Page<'a> {
    uid: &'a str,
    title: &'a str,
    description: &'a str,
    tags: [&'static str; 1],
    editable: bool,
    // A mark at the same moment in every panel.
    graph_tooltip: u32,
    annotations: Annotations,
    links: Vec<Link>,
    panels: Vec<Placed<'a>>,
    refresh: &'static str,
    schema_version: u32,
    templating: Templating,
    time: Range,
    timezone: &'static str,
}

/// Marks that Grafana draws by itself: none.
#[derive(Serialize)]
struct Annotations {
    list: [(); 0],
}

#[derive(Serialize)]
struct Range {
    from: &'static str,
    to: &'static str,
}

#[derive(Serialize)]
struct Templating {
    list: Vec<Chosen>,
}

/// A variable.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Chosen {
    name: &'static str,
    label: &'static str,
    r#type: &'static str,
    datasource: Source,
    definition: String,
    query: Asked,
    // Once with the page, and whenever another time is chosen.
    refresh: u32,
    // By name.
    sort: u32,
    include_all: bool,
    all_value: &'static str,
    multi: bool,
    current: Current,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Asked {
    qry_type: u32,
    query: String,
    ref_id: &'static str,
}

/// "All" at first.
#[derive(Serialize)]
struct Current {
    text: [&'static str; 1],
    value: [&'static str; 1],
}

impl From<&Variable> for Chosen {
    fn from(variable: &Variable) -> Self {
        let query = format!("label_values({}, namespace)", variable.series());
        Self {
            name: variable.name(),
            label: variable.label(),
            r#type: "query",
            datasource: Source::PROMETHEUS,
            definition: query.clone(),
            query: Asked { qry_type: 1, query, ref_id: "values" },
            refresh: 2,
            sort: 1,
            include_all: true,
            all_value: ".+",
            multi: true,
            current: Current { text: ["All"], value: ["$__all"] },
        }
    }
}

/// A way to another dashboard.
#[expect(clippy::struct_excessive_bools, reason = "they are Grafana's keys")]
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Link {
    title: String,
    r#type: &'static str,
    url: String,
    icon: &'static str,
    tooltip: &'static str,
    tags: [(); 0],
    as_dropdown: bool,
    target_blank: bool,
    include_vars: bool,
    keep_time: bool,
}

impl Link {
    fn to(title: &str, name: &str) -> Self {
        Self {
            title: title.to_owned(),
            r#type: "link",
            url: address(name),
            icon: "dashboard",
            tooltip: "",
            tags: [],
            as_dropdown: false,
            target_blank: false,
            include_vars: false,
            keep_time: true,
        }
    }
}

/// Where a dashboard is, below Grafana's address.
pub fn address(name: &str) -> String {
    format!("/d/{name}")
}

/// A panel in its place.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Placed<'a> {
    id: u32,
    r#type: &'static str,
    title: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    description: &'a str,
    grid_pos: Place,
    #[serde(skip_serializing_if = "Option::is_none")]
    datasource: Option<Source>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    targets: Vec<Target>,
    #[serde(skip_serializing_if = "Option::is_none")]
    field_config: Option<Fields>,
    #[serde(skip_serializing_if = "Option::is_none")]
    options: Option<Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    transformations: Vec<Value>,
    // Of a heading: its panels are not hidden.
    #[serde(skip_serializing_if = "Option::is_none")]
    collapsed: Option<bool>,
    // Of a heading that hides its panels: these. None is hidden.
    #[serde(skip_serializing_if = "Option::is_none")]
    panels: Option<[(); 0]>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    links: Vec<Link>,
}

/// Where a panel is: columns and rows of the page.
#[derive(Clone, Copy, Serialize)]
struct Place {
    h: u32,
    w: u32,
    x: u32,
    y: u32,
}

/// The file of a dashboard.
///
/// # Panics
/// Never: it has no key that is no text.
pub fn file(dashboard: &Dashboard) -> String {
    let mut canvas = Canvas::default();
    // One heading says nothing: the dashboard has its own.
    let has_headings = dashboard.rows.len() > 1;
    for row in &dashboard.rows {
        canvas.row(row, has_headings);
    }
    let is_home = dashboard.name == HOME;
    page(dashboard, canvas, if is_home { Vec::new() } else { vec![Link::to("Home", HOME)] })
}

/// The name of the dashboard that Grafana opens with.
pub const HOME: &str = "home";

/// The file of the dashboard with which Grafana opens: what each of the others says of itself, and
/// the way to it.
///
/// # Panics
/// Never: it has no key that is no text.
pub fn home(home: &Dashboard, others: &[Dashboard]) -> String {
    let mut canvas = Canvas::default();
    for row in &home.rows {
        canvas.row(row, true);
    }
    // What people use stands on all the rest: it was built last, and is seen first.
    for other in others.iter().rev().filter(|it| !it.home.is_empty()) {
        canvas.row_of(other.title, &other.home, Some(other.name));
    }
    let links = others.iter().rev().map(|it| Link::to(it.title, it.name)).collect();
    page(home, canvas, links)
}

fn page(dashboard: &Dashboard, canvas: Canvas<'_>, links: Vec<Link>) -> String {
    let page = Page {
        uid: dashboard.name,
        title: dashboard.title,
        description: dashboard.description,
        tags: ["platform"],
        editable: false,
        graph_tooltip: 1,
        annotations: Annotations { list: [] },
        links,
        panels: canvas.placed,
        refresh: REFRESH,
        schema_version: SCHEMA_VERSION,
        templating: Templating { list: dashboard.variables.iter().map(Chosen::from).collect() },
        time: Range { from: "now-6h", to: "now" },
        timezone: "browser",
    };
    let mut text = serde_json::to_string_pretty(&page).expect("all keys are texts");
    text.push('\n');
    text
}

/// Panels, placed from left to right and from top to bottom: none lies over another.
#[derive(Default)]
struct Canvas<'a> {
    placed: Vec<Placed<'a>>,
    x: u32,
    y: u32,
    /// The height of the line that is being filled.
    height: u32,
}

impl<'a> Canvas<'a> {
    fn row(&mut self, row: &'a Row, has_heading: bool) {
        if has_heading {
            self.heading(row.title);
        }
        for panel in &row.panels {
            self.panel(panel, None);
        }
        self.end_line();
    }

    fn row_of(&mut self, title: &'a str, panels: &'a [Panel], of: Option<&str>) {
        self.heading(title);
        for panel in panels {
            self.panel(panel, of.map(|name| Link::to(title, name)));
        }
        self.end_line();
    }

    fn end_line(&mut self) {
        self.y += self.height;
        (self.x, self.height) = (0, 0);
    }

    fn id(&self) -> u32 {
        u32::try_from(self.placed.len()).expect("a page of few panels") + 1
    }

    fn place(&mut self, w: u32, h: u32) -> Place {
        if self.x + w > WIDTH {
            self.end_line();
        }
        let place = Place { h, w, x: self.x, y: self.y };
        self.x += w;
        self.height = self.height.max(h);
        place
    }

    fn heading(&mut self, title: &'a str) {
        let (id, grid_pos) = (self.id(), self.place(WIDTH, 1));
        self.end_line();
        self.placed.push(Placed {
            id,
            r#type: "row",
            title,
            description: "",
            grid_pos,
            datasource: None,
            targets: Vec::new(),
            field_config: None,
            options: None,
            transformations: Vec::new(),
            collapsed: Some(false),
            panels: Some([]),
            links: Vec::new(),
        });
    }

    fn panel(&mut self, panel: &'a Panel, link: Option<Link>) {
        let (id, grid_pos) = (self.id(), self.place(panel.width, panel.kind.height()));
        let is_text = panel.kind == Kind::Text;
        self.placed.push(Placed {
            id,
            r#type: kind(panel.kind),
            title: panel.title,
            description: if is_text { "" } else { panel.description },
            grid_pos,
            datasource: panel.queries.first().map(|it| Source::of(&it.expression)),
            targets: panel.queries.iter().zip('A'..).map(|it| target(panel.kind, it)).collect(),
            field_config: (!matches!(panel.kind, Kind::Text | Kind::Logs)).then(|| fields(panel)),
            options: Some(options(panel)),
            transformations: transformations(panel),
            collapsed: None,
            panels: None,
            links: link.into_iter().collect(),
        });
    }
}
