//! Text tables: columns as wide as their widest cell.

/// Rows below a heading.
pub struct Table<const N: usize> {
    right: [bool; N],
    rows: Vec<[String; N]>,
}

impl<const N: usize> Table<N> {
    /// An empty table. A heading that begins with `>` is of a column of numbers, which stand to the right.
    pub fn new(headings: &[&str; N]) -> Self {
        Self { right: headings.map(|it| it.starts_with('>')), rows: vec![headings.map(|it| it.trim_start_matches('>').to_owned())] }
    }

    /// Adds a row.
    pub fn row(&mut self, cells: [String; N]) {
        self.rows.push(cells);
    }

    /// The table, without blanks at the ends of lines.
    pub fn text(&self) -> String {
        let mut widths = [0; N];
        for row in &self.rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = cell.chars().count().max(*width);
            }
        }
        let mut out = String::new();
        for row in &self.rows {
            let from = out.len();
            for (at, (cell, width)) in row.iter().zip(widths).enumerate() {
                let blanks = " ".repeat(width - cell.chars().count());
                let gap = if at == 0 { "" } else { "  " };
                let (first, second) = if self.right[at] { (&blanks, cell) } else { (cell, &blanks) };
                out.extend([gap, first, second]);
            }
            out.truncate(from + out[from..].trim_end().len());
            out.push('\n');
        }
        out
    }
}
