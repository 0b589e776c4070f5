//! Text tables: columns as wide as their widest cell, or folded to the width of a terminal.

use std::cmp::Reverse;

/// A table: rows below a heading.
pub struct Table<const N: usize> {
    right: [bool; N],
    rows: Vec<[String; N]>,
}

/// The number of spaces between two columns.
const GAP: usize = 2;
/// The least width of a column that is folded.
const LEAST: usize = 10;
/// The number of rows that decide which column is folded.
const LOOKED_AT: usize = 1000;

impl<const N: usize> Table<N> {
    /// An empty table. A heading that begins with `>` is that of a right-aligned column of numbers.
    pub fn new(headings: &[&str; N]) -> Self {
        Self {
            right: headings.map(|it| it.starts_with('>')),
            rows: vec![headings.map(|it| it.trim_start_matches('>').to_owned())],
        }
    }

    /// An empty table without a heading.
    pub const fn bare() -> Self {
        Self { right: [false; N], rows: Vec::new() }
    }

    /// Adds a row.
    pub fn row(&mut self, cells: [String; N]) {
        self.rows.push(cells);
    }

    /// The table as text, without spaces at the ends of lines.
    pub fn text(&self) -> String {
        self.folded(None)
    }

    /// The table as text in the given width, if possible: long cells continue on the next line.
    pub fn folded(&self, most: Option<usize>) -> String {
        let mut widths = [0; N];
        for row in &self.rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = length(cell).max(*width);
            }
        }
        if let Some(most) = most {
            self.narrow(&mut widths, most.saturating_sub(GAP * N.saturating_sub(1)));
        }
        let mut out = String::new();
        for row in &self.rows {
            let cells: Vec<Vec<String>> =
                row.iter().zip(widths).map(|(cell, width)| wrapped(cell, width)).collect();
            for line in 0..cells.iter().map(Vec::len).max().unwrap_or_default() {
                let from = out.len();
                for (at, (cell, width)) in cells.iter().zip(widths).enumerate() {
                    let cell = cell.get(line).map_or("", String::as_str);
                    let blanks = " ".repeat(width.saturating_sub(length(cell)));
                    let gap = if at == 0 { "" } else { "  " };
                    let (first, second) =
                        if self.right[at] { (&*blanks, cell) } else { (cell, &*blanks) };
                    out.extend([gap, first, second]);
                }
                out.truncate(from + out[from..].trim_end().len());
                out.push('\n');
            }
        }
        out
    }

    /// Narrows the text columns until the table fits, each time the column in which this breaks the
    /// fewest cells: first down to the longest word, then further.
    fn narrow(&self, widths: &mut [usize; N], most: usize) {
        let mut words = [LEAST; N];
        for row in &self.rows {
            for (width, cell) in words.iter_mut().zip(row) {
                *width = pieces(cell)
                    .map(|it| length(it.trim_end()))
                    .max()
                    .unwrap_or_default()
                    .max(*width);
            }
        }
        for least in [words, [LEAST; N]] {
            while widths.iter().sum::<usize>() > most {
                let can = (0..N).filter(|at| !self.right[*at] && widths[*at] > least[*at]);
                let broken = |at: usize| {
                    self.rows
                        .iter()
                        .take(LOOKED_AT)
                        .filter(|row| length(&row[at]) >= widths[at])
                        .count()
                };
                let Some(at) = can.min_by_key(|at| (broken(*at), Reverse(widths[*at]))) else {
                    break;
                };
                widths[at] -= 1;
            }
        }
    }
}

fn length(text: &str) -> usize {
    text.chars().count()
}

/// The pieces between which a line may be broken: after a space or a `/`.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive([' ', '/'])
}

/// Wraps a text to the given width, between pieces, or within a piece that is longer.
pub fn wrapped(text: &str, width: usize) -> Vec<String> {
    if length(text) <= width || width == 0 {
        return vec![text.to_owned()];
    }
    let (mut lines, mut line) = (Vec::new(), String::new());
    for piece in pieces(text) {
        if length(&line) + length(piece.trim_end()) > width && !line.is_empty() {
            lines.push(std::mem::take(&mut line).trim_end().to_owned());
        }
        for character in piece.chars() {
            if length(&line) == width && character != ' ' {
                lines.push(std::mem::take(&mut line));
            }
            line.push(character);
        }
    }
    lines.push(line.trim_end().to_owned());
    lines
}

#[cfg(test)]
mod tests {
    use super::{Table, wrapped};

    #[test]
    fn a_text_is_broken_between_words() {
        assert_eq!(wrapped("app-secrets, postgresql", 12), ["app-secrets,", "postgresql"]);
        assert_eq!(wrapped("argocd/argocd-server", 16), ["argocd/", "argocd-server"]);
        assert_eq!(wrapped("abcdefghij", 4), ["abcd", "efgh", "ij"]);
        assert_eq!(wrapped("fits", 4), ["fits"]);
        assert_eq!(wrapped("", 4), [""]);
    }

    #[test]
    fn a_table_fits_whatever_is_in_it() {
        let mut table = Table::new(&[">n", "name", "why"]);
        table.row([
            "1".to_owned(),
            "ai/a-very-long-name-of-a-pod-that-goes-on".to_owned(),
            "because it, and it, and it need it".to_owned(),
        ]);
        table.row(["1000".to_owned(), "b".to_owned(), "x".repeat(60)]);
        for width in [30, 40, 60, 80] {
            let text = table.folded(Some(width));
            assert!(
                text.lines().all(|it| it.chars().count() <= width && it == it.trim_end()),
                "{width}:\n{text}"
            );
            let letters = |text: &str| text.chars().filter(|it| !it.is_whitespace()).count();
            assert_eq!(letters(&text), letters(&table.text()), "nothing is lost:\n{text}");
        }
        assert_eq!(table.folded(Some(200)), table.text());
    }
}
