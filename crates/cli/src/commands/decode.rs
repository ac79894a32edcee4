//! `gettickets decode`: saved replies, offline. No network, no configuration, no environment.

use std::io::Write;

use gettickets_protocol::{ApiError, Decoder, DetectedVersion, Page, Reply, ResponseType, Version};

use crate::args::{DecodeArgs, DecodeAs, Format};
use crate::commands::reply_hints;
use crate::commands::saved::{self, Saved};
use crate::exit::{self, Exit, Failure, Outcome};
use crate::output::clock::Clock;
use crate::output::{self, Shape, TicketWriter, json, sanitize, stdout};

pub(crate) fn run(args: &DecodeArgs) -> Outcome {
    let files = saved::files(&args.files)?;
    let mut writer = match args.format {
        DecodeAs::Table => Some(ticket_writer(args, Format::Table)?),
        DecodeAs::Ndjson => Some(ticket_writer(args, Format::Ndjson)?),
        DecodeAs::Csv => Some(ticket_writer(args, Format::Csv)?),
        DecodeAs::Json | DecodeAs::WireJson | DecodeAs::WireXml | DecodeAs::Findings => None,
    };
    let mut run = Run { args, several: files.len() > 1, tickets: 0, findings: 0, pages: Vec::new() };
    let mut failed = Vec::new();
    for file in &files {
        let outcome = Saved::open(file, Decoder::new().strict(args.strict)).and_then(|mut saved| {
            let name = saved::name(file);
            match &mut writer {
                Some(writer) => run.write_tickets(&mut saved, &name, writer.as_mut()),
                None => run.write_reply(&mut saved, &name),
            }
        });
        // A file that cannot be read does not stop the others.
        if let Err(failure) = outcome {
            failed.push(failure);
        }
    }
    if let Some(mut writer) = writer
        && (failed.len() < files.len() || run.tickets > 0)
    {
        writer.finish()?;
    }
    run.remark();
    outcome_of(failed)
}

/// The outcome of several files: prints every failure, and returns the exit code of the first.
fn outcome_of(mut failed: Vec<Failure>) -> Outcome {
    let Some(last) = failed.pop() else { return Ok(()) };
    let Some(first) = failed.first().map(|failure| failure.exit) else { return Err(last) };
    for failure in failed {
        exit::report(Err(failure));
    }
    Err(Failure { exit: first, ..last })
}

fn ticket_writer(args: &DecodeArgs, format: Format) -> Outcome<Box<dyn TicketWriter>> {
    let shape = Shape {
        width: output::table_width(args.width),
        clock: Clock::new(args.time_zone.as_deref())?,
        version: args.at.unwrap_or(Version::LATEST),
    };
    Ok(output::writer(format, stdout::for_format(format), shape))
}

/// A run over several files.
struct Run<'a> {
    args: &'a DecodeArgs,
    several: bool,
    tickets: u64,
    findings: usize,
    /// For each reply, how many of the matching tickets it has, in words.
    pages: Vec<String>,
}

impl Run<'_> {
    fn at_version(&self, page: Page) -> Page {
        self.args.at.map_or_else(|| page.clone(), |version| page.as_of_version(version))
    }

    /// Writes the tickets of a file.
    fn write_tickets(&mut self, saved: &mut Saved, name: &str, writer: &mut dyn TicketWriter) -> Outcome {
        let has_rows = saved.has_rows();
        while let Some(reply) = saved.next() {
            match reply? {
                Reply::Tickets(page) => {
                    let page = self.at_version(page);
                    writer.write(page.tickets())?;
                    self.tickets += page.len() as u64;
                    if !has_rows {
                        self.findings += page.findings().len();
                        self.pages.push(output::counted(&page));
                    }
                }
                // An error is not a ticket, so it is printed on stderr only.
                Reply::Error(error) => return Err(api_failure(&error, name)),
            }
        }
        Ok(())
    }

    /// Writes a file as one document.
    fn write_reply(&mut self, saved: &mut Saved, name: &str) -> Outcome {
        let has_rows = saved.has_rows();
        let page = match saved.whole()? {
            Reply::Tickets(page) => self.at_version(page),
            Reply::Error(error) => {
                self.write_error(&error)?;
                return Err(api_failure(&error, name));
            }
        };
        let version = self.args.at.unwrap_or(match page.detected_version() {
            DetectedVersion::Exact(version) => version,
            // Fields of later versions are absent.
            DetectedVersion::AtLeast(_) => Version::LATEST,
        });
        match self.args.format {
            DecodeAs::WireJson => {
                stdout::write_text(&(page.to_wire_json(version) + "\n"), sanitize::json)?;
            }
            DecodeAs::WireXml => stdout::write_text(&(page.to_wire_xml(version) + "\n"), sanitize::lines)?,
            DecodeAs::Findings if has_rows => {
                exit::remark(format!("{name} is an export, which has no findings"));
                return Ok(());
            }
            DecodeAs::Findings => return self.write_findings(&page, name),
            _ => {
                let mut out = stdout::for_format(Format::Json);
                json::write_page(&mut out, &page)?;
                out.flush()?;
            }
        }
        if !has_rows {
            self.findings += page.findings().len();
        }
        Ok(())
    }

    fn write_findings(&self, page: &Page, name: &str) -> Outcome {
        let before = if self.several { format!("{name}: ") } else { String::new() };
        let lines =
            page.findings().iter().map(|finding| format!("{before}{}: {finding}", finding.kind.code()));
        let text: String = lines.map(|line| sanitize::line(&line).into_owned() + "\n").collect();
        stdout::write_text(&text, sanitize::lines)?;
        if page.findings().is_empty() {
            exit::remark(format!("{before}the reply has the documented format"));
        }
        Ok(())
    }

    /// Writes an error reply in the formats that can represent one. NDJSON, CSV and the table hold only tickets.
    fn write_error(&self, error: &ApiError) -> Outcome {
        let version = self.args.at.unwrap_or(Version::LATEST);
        let text = match self.args.format {
            // Two texts can always be serialized.
            DecodeAs::Json => serde_json::to_string(error).unwrap_or_default(),
            DecodeAs::WireJson => error.to_wire(ResponseType::Json, version),
            DecodeAs::WireXml => error.to_wire(ResponseType::Xml, version),
            DecodeAs::Table | DecodeAs::Csv | DecodeAs::Ndjson | DecodeAs::Findings => return Ok(()),
        };
        let clean = if self.args.format == DecodeAs::WireXml { sanitize::lines } else { sanitize::json };
        Ok(stdout::write_text(&(text + "\n"), clean)?)
    }

    /// Prints notes for a person at a terminal.
    fn remark(&self) {
        if self.args.format == DecodeAs::Table {
            match self.pages.as_slice() {
                [] if self.tickets == 0 => {}
                [page] if !self.several => exit::remark(page),
                _ => exit::remark(format!("{} {}", self.tickets, output::tickets(self.tickets))),
            }
        }
        if self.findings > 0 && self.args.format != DecodeAs::Findings {
            let (reply, ways) = (
                if self.several { "the replies deviate" } else { "the reply deviates" },
                if self.findings == 1 { "way" } else { "ways" },
            );
            exit::remark(format!(
                "{reply} from the documented format in {} {ways}; --as findings lists them",
                self.findings
            ));
        }
    }
}

fn api_failure(error: &ApiError, name: &str) -> Failure {
    Failure::new(Exit::Server, error).at(name).hint(reply_hints::api_error(error))
}
