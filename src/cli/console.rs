//! The two streams: data on stdout, talk on stderr, and who went away is not written to.

use std::io::{self, ErrorKind, Write};

use anstream::{AutoStream, ColorChoice};
use anyhow::Context as _;

use crate::{
    cli::{
        args::{Color, Format},
        disk::Disk,
        fold::{columns, folded},
        names::Names,
        sources::Work,
    },
    diag::{
        diagnostic::{Diagnostics, Severity},
        plain,
    },
    report,
};

/// Findings of so many files are told file by file, so that their texts are never held all at once.
const MANY_FILES: usize = 256;

/// Where results go and how they look.
pub struct Console {
    format: Format,
    deny_warnings: bool,
    out: Stream<io::BufWriter<AutoStream<Box<dyn Write>>>>,
    talk: Stream<AutoStream<Box<dyn Write>>>,
}

/// A stream, until its reader goes away.
struct Stream<W> {
    to: W,
    color: bool,
    /// How many columns its terminal has; none where it is no terminal.
    columns: Option<usize>,
    closed: bool,
}

impl Console {
    /// The process's own streams.
    pub fn new(format: Format, color: Color, deny_warnings: bool) -> Self {
        let choose = |auto: ColorChoice| match color {
            Color::Auto => auto,
            Color::Always => ColorChoice::Always,
            Color::Never => ColorChoice::Never,
        };
        let (out, err) =
            (choose(AutoStream::choice(&io::stdout())), choose(AutoStream::choice(&io::stderr())));
        let mut it = Self::of(
            format,
            deny_warnings,
            (Box::new(io::stdout()), out),
            (Box::new(io::stderr()), err),
        );
        (it.out.columns, it.talk.columns) = (columns(&io::stdout()), columns(&io::stderr()));
        it
    }

    /// Two streams of one's own, without colors: for programs, and tests, that call the verbs.
    pub fn to(
        format: Format,
        deny_warnings: bool,
        out: Box<dyn Write>,
        talk: Box<dyn Write>,
    ) -> Self {
        Self::of(format, deny_warnings, (out, ColorChoice::Never), (talk, ColorChoice::Never))
    }

    fn of(
        format: Format,
        deny_warnings: bool,
        out: (Box<dyn Write>, ColorChoice),
        talk: (Box<dyn Write>, ColorChoice),
    ) -> Self {
        let is_colored = |color_choice: ColorChoice| color_choice != ColorChoice::Never;
        Self {
            format,
            deny_warnings,
            out: Stream {
                to: io::BufWriter::new(AutoStream::new(out.0, out.1)),
                color: is_colored(out.1),
                columns: None,
                closed: false,
            },
            talk: Stream {
                to: AutoStream::new(talk.0, talk.1),
                color: is_colored(talk.1),
                columns: None,
                closed: false,
            },
        }
    }

    /// How results are told.
    pub const fn format(&self) -> Format {
        self.format
    }

    /// How many columns the terminal has that stdout is; none where it is no terminal.
    pub const fn width(&self) -> Option<usize> {
        self.out.columns
    }

    /// Whether stdout takes colors.
    pub const fn is_colored(&self) -> bool {
        self.out.color
    }

    /// Whether nobody reads stdout any more.
    pub const fn is_closed(&self) -> bool {
        self.out.closed
    }

    /// Writes data to stdout; colors are the only control characters that go through.
    ///
    /// # Errors
    /// When stdout takes no more, other than by being closed.
    pub fn data(&mut self, text: &str) -> anyhow::Result<()> {
        self.out.write(&plain::colored(text)).context("cannot write to stdout")
    }

    /// The same for sentences: folded at the terminal's width.
    ///
    /// # Errors
    /// When stdout takes no more, other than by being closed.
    pub fn prose(&mut self, text: &str) -> anyhow::Result<()> {
        self.data(&folded(text, self.width()))
    }

    /// Writes commands for a workflow's runner to stdout: the one text whose lines may begin so.
    /// What a file has in it was escaped when they were made.
    ///
    /// # Errors
    /// When stdout takes no more, other than by being closed.
    fn commands(&mut self, text: &str) -> anyhow::Result<()> {
        self.out.write(text).context("cannot write to stdout")
    }

    /// Says something on stderr, folded at the terminal's width. That nobody can hear it is no
    /// reason to stop.
    pub fn say(&mut self, text: &str) {
        self.say_whole(&folded(text, self.talk.columns));
    }

    /// Says what has its own lines, or is to be pasted without backticks around it.
    pub fn say_whole(&mut self, text: &str) {
        let _ = self.talk.write(&plain::colored(text));
    }

    /// Takes warnings for errors where that was asked for.
    pub fn judge(&self, findings: Diagnostics) -> Diagnostics {
        if !self.deny_warnings {
            return findings;
        }
        let denied = findings.into_iter().map(|mut finding| {
            if finding.severity == Severity::Warning {
                finding.severity = Severity::Error;
                finding
                    .notes
                    .push("a warning, and `--deny warnings` takes it for an error".to_owned());
            }
            finding
        });
        denied.collect()
    }

    /// Tells findings in the format that was asked for: for programs on stdout, for people on
    /// stderr.
    ///
    /// # Errors
    /// When stdout takes no more.
    pub fn findings(
        &mut self,
        disk: &dyn Disk,
        work: &Work,
        findings: Diagnostics,
    ) -> anyhow::Result<()> {
        if self.format == Format::Json {
            let names = Names::for_programs(work);
            let text = report::json(&findings, &work.texts(disk, &findings, &names));
            return self.data(&ended(text));
        }
        if !matches!(self.format, Format::Github | Format::Short) {
            self.findings_for_people(disk, work, findings);
            return Ok(());
        }
        let names = if self.format == Format::Github {
            Names::for_programs(work)
        } else {
            Names::for_people(work)
        };
        for part in parts(findings) {
            let texts = work.texts(disk, &part, &names);
            match self.format {
                Format::Github => self.commands(&ended(report::github(&part, &texts)))?,
                _ => self.say_whole(&ended(report::short(&part, &texts))),
            }
        }
        Ok(())
    }

    /// Tells findings to people whatever the format: for verbs whose data have a format of their
    /// own.
    pub fn findings_for_people(&mut self, disk: &dyn Disk, work: &Work, findings: Diagnostics) {
        let names = Names::for_people(work);
        for part in parts(findings) {
            let text = report::human(&part, &work.texts(disk, &part, &names), self.talk.color);
            self.say_whole(&format!("{}\n\n", text.trim_end()));
        }
    }

    /// `2 errors, 1 warning`, or `no findings`.
    pub fn totals(findings: &Diagnostics) -> String {
        let of = |severity, noun| {
            Some(findings.count(severity)).filter(|it| *it > 0).map(|it| count(it, noun))
        };
        let parts: Vec<String> = [of(Severity::Error, "error"), of(Severity::Warning, "warning")]
            .into_iter()
            .flatten()
            .collect();
        if parts.is_empty() { "no findings".to_owned() } else { parts.join(", ") }
    }

    /// Says what went wrong, with its causes, on one line.
    pub fn trouble(&mut self, error: &anyhow::Error) {
        let (on, off) = if self.talk.color { ("\u{1b}[1;31m", "\u{1b}[0m") } else { ("", "") };
        self.say(&format!("{on}error{off}: {}\n", plain::lines(&format!("{error:#}"))));
    }

    /// Sends what is still held.
    ///
    /// # Errors
    /// When stdout takes no more.
    pub fn finish(mut self) -> anyhow::Result<()> {
        self.out.flush().context("cannot write to stdout")
    }
}

impl<W: Write> Stream<W> {
    fn write(&mut self, text: &str) -> io::Result<()> {
        self.attempt(|to| to.write_all(text.as_bytes()))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.attempt(Write::flush)
    }

    fn attempt(&mut self, what: impl FnOnce(&mut W) -> io::Result<()>) -> io::Result<()> {
        if self.closed {
            return Ok(());
        }
        match what(&mut self.to) {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => {
                self.closed = true;
                Ok(())
            }
            it => it,
        }
    }
}

/// "1 file", "2 files".
pub fn count(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

/// Text that ends with a line break, or nothing.
fn ended(mut text: String) -> String {
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    text
}

/// All findings as one, or, where they lie in very many files, a part for each share of the files.
/// The order by file stays.
fn parts(findings: Diagnostics) -> Vec<Diagnostics> {
    let mut files: Vec<_> = findings.iter().filter_map(|it| it.place.file()).cloned().collect();
    files.sort_unstable();
    files.dedup();
    if files.len() <= MANY_FILES {
        return if findings.is_empty() { Vec::new() } else { vec![findings] };
    }
    let mut parts = vec![Diagnostics::new(); files.len().div_ceil(MANY_FILES) + 1];
    for finding in findings {
        let at = finding
            .place
            .file()
            .and_then(|it| files.binary_search(it).ok())
            .map_or(0, |at| 1 + at / MANY_FILES);
        parts[at].push(finding);
    }
    parts.retain(|it| !it.is_empty());
    parts
}
