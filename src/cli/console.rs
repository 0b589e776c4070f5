//! The two output streams: results on stdout, messages on stderr; a closed stream is no error.

use std::io::{self, ErrorKind, Write};

use anstream::{AutoStream, ColorChoice};
use anyhow::Context as _;

use crate::{
    cli::{
        args::{Color, Format},
        fold::{columns, folded},
        names::Names,
        session::Session,
    },
    diag::{
        diagnostic::{Diagnostics, Severity},
        plain,
    },
    report,
};

/// Findings about more files than this are rendered in parts, so that the texts of all files are
/// never in memory at once.
const MANY_FILES: usize = 256;

/// Where output goes and how it looks.
pub struct Console {
    format: Format,
    deny_warnings: bool,
    out: Stream<io::BufWriter<AutoStream<Box<dyn Write>>>>,
    talk: Stream<AutoStream<Box<dyn Write>>>,
}

/// An output stream, until its reader closes it.
struct Stream<W> {
    to: W,
    color: bool,
    /// The width of its terminal in columns; none if it is not a terminal.
    columns: Option<usize>,
    closed: bool,
}

impl Console {
    /// A console on the streams of this process.
    pub fn new(format: Format, color: Color, deny_warnings: bool) -> Self {
        let choose = |auto: ColorChoice| match color {
            Color::Auto => auto,
            Color::Always => ColorChoice::Always,
            Color::Never => ColorChoice::Never,
        };
        let (out, err) =
            (choose(AutoStream::choice(&io::stdout())), choose(AutoStream::choice(&io::stderr())));
        let mut console = Self::of(
            format,
            deny_warnings,
            (Box::new(io::stdout()), out),
            (Box::new(io::stderr()), err),
        );
        console.out.columns = columns(&io::stdout());
        console.talk.columns = columns(&io::stderr());
        console
    }

    /// A console on two given streams, without colors: for programs and tests that run the
    /// commands.
    #[cfg(feature = "internals")]
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

    /// The output format.
    pub const fn format(&self) -> Format {
        self.format
    }

    /// The width of stdout in columns; none if it is not a terminal.
    pub const fn width(&self) -> Option<usize> {
        self.out.columns
    }

    /// Whether stdout is colored.
    pub const fn is_colored(&self) -> bool {
        self.out.color
    }

    /// Writes results to stdout; all control characters except colors are replaced.
    ///
    /// # Errors
    /// When stdout cannot be written, except because it was closed.
    pub fn data(&mut self, text: &str) -> anyhow::Result<()> {
        self.out.write(&plain::colored(text)).context("cannot write to stdout")
    }

    /// Writes sentences to stdout, folded to the width of the terminal.
    ///
    /// # Errors
    /// When stdout cannot be written, except because it was closed.
    pub fn prose(&mut self, text: &str) -> anyhow::Result<()> {
        self.data(&folded(text, self.width()))
    }

    /// Writes workflow commands to stdout: the only output whose lines may begin with `::`. The
    /// contents of files were escaped when the commands were built.
    ///
    /// # Errors
    /// When stdout cannot be written, except because it was closed.
    fn commands(&mut self, text: &str) -> anyhow::Result<()> {
        self.out.write(text).context("cannot write to stdout")
    }

    /// Writes a message to stderr, folded to the width of the terminal. A failure to write it is
    /// ignored.
    pub fn say(&mut self, text: &str) {
        self.say_whole(&folded(text, self.talk.columns));
    }

    /// Writes a message to stderr without folding it: text with its own lines, or to be pasted.
    pub fn say_whole(&mut self, text: &str) {
        let _ = self.talk.write(&plain::colored(text));
    }

    /// Turns warnings into errors if `--deny warnings` was given.
    pub fn judge(&self, findings: Diagnostics) -> Diagnostics {
        if !self.deny_warnings {
            return findings;
        }
        let denied = findings.into_iter().map(|mut finding| {
            if finding.severity == Severity::Warning {
                finding.severity = Severity::Error;
                finding
                    .notes
                    .push("a warning, which `--deny warnings` treats as an error".to_owned());
            }
            finding
        });
        denied.collect()
    }

    /// Writes findings in the chosen format: formats for programs to stdout, formats for people to
    /// stderr.
    ///
    /// # Errors
    /// When stdout cannot be written.
    pub fn findings(&mut self, session: Session<'_>, findings: Diagnostics) -> anyhow::Result<()> {
        let Session { disk, work, .. } = session;
        if self.format == Format::Json {
            let names = Names::for_programs(work);
            let text = report::json(&findings, &work.texts(disk, &findings, &names));
            return self.data(&ended(text));
        }
        if !matches!(self.format, Format::Github | Format::Short) {
            self.findings_for_people(session, findings);
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

    /// Writes findings to stderr for people, whatever the format: for commands whose results have
    /// a format of their own.
    pub fn findings_for_people(&mut self, session: Session<'_>, findings: Diagnostics) {
        let Session { disk, work, .. } = session;
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

    /// Writes an error with its causes to stderr.
    pub fn trouble(&mut self, error: &anyhow::Error) {
        let (on, off) = if self.talk.color { ("\u{1b}[1;31m", "\u{1b}[0m") } else { ("", "") };
        self.say(&format!("{on}error{off}: {}\n", plain::lines(&format!("{error:#}"))));
    }

    /// Flushes stdout.
    ///
    /// # Errors
    /// When stdout cannot be written.
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
            done => done,
        }
    }
}

/// "1 file", "2 files".
pub fn count(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

/// The text with a line break at its end, unless it is empty.
fn ended(mut text: String) -> String {
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    text
}

/// All findings in one part, or, if they are about very many files, one part for each share of the
/// files, in the order of the files.
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
