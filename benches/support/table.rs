//! Figures against goals, as a table.

/// Rows of a name, a figure and a goal.
#[derive(Default)]
pub struct Table {
    rows: Vec<Figure>,
}

struct Figure {
    what: String,
    figure: String,
    /// The upper bound, and whether the figure is within it.
    goal: Option<(f64, bool)>,
}

impl Table {
    /// Adds a figure with an upper bound.
    pub fn goal(&mut self, what: impl Into<String>, figure: f64, unit: &str, most: f64) {
        self.rows.push(Figure {
            what: what.into(),
            figure: format!("{figure:.2} {unit}"),
            goal: Some((most, figure <= most)),
        });
    }

    /// Adds a figure without a goal.
    pub fn figure(&mut self, what: impl Into<String>, figure: f64, unit: &str) {
        self.rows.push(Figure {
            what: what.into(),
            figure: format!("{figure:.2} {unit}"),
            goal: None,
        });
    }

    /// Prints the table below a headline.
    pub fn print(&self, headline: &str) {
        println!("\n{headline}\n");
        println!("| {:<58} | {:>12} | {:>7} |         |", "what", "figure", "goal");
        println!("|{:-<60}|{:->14}|{:->9}|---------|", "", ":", ":");
        for Figure { what, figure, goal } in &self.rows {
            let (most, verdict) = match goal {
                Some((most, reached)) => {
                    (format!("≤ {most}"), if *reached { "reached" } else { "missed" })
                }
                None => (String::new(), ""),
            };
            println!("| {what:<58} | {:>12} | {most:>7} | {verdict:<7} |", figure.trim_end());
        }
    }
}
