//! `gettickets decode`: a saved reply, offline.

use std::fs;
use std::io::{self, Read};
use std::path::Path;

use gettickets_protocol::{ApiError, Decoder, Page, Reply, ResponseType, ShownVersion, Version};

use crate::args::{DecodeArgs, DecodeAs, Format};
use crate::commands::explain;
use crate::exit::{self, Exit, Failure, Outcome};
use crate::output::clock::Clock;
use crate::output::{self, Shape, json, sanitise, stdout};

pub(crate) fn run(args: &DecodeArgs) -> Outcome {
    let place = place(&args.file);
    let body = read(&args.file, &place)?;
    let reply = Decoder::new().strict(args.strict).decode(body).map_err(|error| {
        let hint = explain::decode_error(&error);
        Failure::new(Exit::Unreadable, error).at(&place).hint(hint)
    })?;
    match reply {
        Reply::Tickets(page) => write_page(args, &page),
        Reply::Error(error) => {
            write_error(args, &error)?;
            Err(Failure::new(Exit::Server, &error).at(&place).hint(explain::api_error(&error)))
        }
    }
}

fn place(file: &Path) -> String {
    if file == Path::new("-") { "standard input".to_owned() } else { file.display().to_string() }
}

/// At most as much as the decoder would take, so that an endless pipe ends.
fn read(file: &Path, place: &str) -> Outcome<Vec<u8>> {
    let limit = Decoder::DEFAULT_MAX_LEN as u64 + 1;
    let mut body = Vec::new();
    let read = if file == Path::new("-") {
        io::stdin().lock().take(limit).read_to_end(&mut body)
    } else {
        fs::File::open(file).and_then(|file| file.take(limit).read_to_end(&mut body))
    };
    read.map_err(|error| {
        // Not repeated: a reply may hold the keys of tickets.
        if file.to_string_lossy().trim_start().starts_with(['{', '<']) {
            return Failure::usage("FILE is a reply itself, where the name of a file was looked for")
                .hint("Pipe it in, and give - for FILE");
        }
        Failure::usage(format!("{place} cannot be read: {error}"))
            .hint("Give the name of a saved reply, or - for standard input")
    })?;
    Ok(body)
}

fn write_page(args: &DecodeArgs, page: &Page) -> Outcome {
    let page = args.at.map_or_else(|| page.clone(), |version| page.at(version));
    let version = args.at.unwrap_or(match page.shows_version() {
        ShownVersion::Exactly(version) => version,
        // What a later server would add is not there to be written.
        ShownVersion::AtLeast(_) => Version::LATEST,
    });
    match args.format {
        DecodeAs::Table => write_tickets(args, &page, Format::Table)?,
        DecodeAs::Ndjson => write_tickets(args, &page, Format::Ndjson)?,
        DecodeAs::Csv => write_tickets(args, &page, Format::Csv)?,
        DecodeAs::Json => json::write_page(stdout::for_format(Format::Json), &page)?,
        DecodeAs::WireJson => stdout::write_text(&(page.to_wire_json(version) + "\n"), sanitise::json)?,
        DecodeAs::WireXml => stdout::write_text(&(page.to_wire_xml(version) + "\n"), sanitise::lines)?,
        DecodeAs::Findings => return write_findings(&page),
    }
    match page.findings().len() {
        0 => {}
        count => exit::remark(format!(
            "the reply departs from the documented shape in {count} {}; --as findings tells",
            if count == 1 { "way" } else { "ways" }
        )),
    }
    Ok(())
}

fn write_tickets(args: &DecodeArgs, page: &Page, format: Format) -> Outcome {
    let shape = Shape {
        width: output::table_width(args.width),
        clock: Clock::new(args.time_zone.as_deref())?,
        version: args.at.unwrap_or(Version::LATEST),
    };
    let mut writer = output::writer(format, stdout::for_format(format), shape);
    writer.write(page.tickets())?;
    writer.finish()?;
    if format == Format::Table {
        exit::remark(output::counted(page));
    }
    Ok(())
}

fn write_findings(page: &Page) -> Outcome {
    let lines = page.findings().iter().map(|finding| format!("{}: {finding}", finding.kind.code()));
    let text: String = lines.map(|line| sanitise::line(&line).into_owned() + "\n").collect();
    stdout::write_text(&text, sanitise::lines)?;
    if page.findings().is_empty() {
        exit::remark("the reply has the documented shape");
    }
    Ok(())
}

/// Programs that ask for a format of the wire, or the canonical one, get the error in it too.
fn write_error(args: &DecodeArgs, error: &ApiError) -> Outcome {
    let version = args.at.unwrap_or(Version::LATEST);
    let text = match args.format {
        DecodeAs::Json | DecodeAs::Ndjson => {
            // Two texts always have a spelling.
            serde_json::to_string(error).unwrap_or_default()
        }
        DecodeAs::WireJson => error.to_wire(ResponseType::Json, version),
        DecodeAs::WireXml => error.to_wire(ResponseType::Xml, version),
        DecodeAs::Table | DecodeAs::Csv | DecodeAs::Findings => return Ok(()),
    };
    let clean = if args.format == DecodeAs::WireXml { sanitise::lines } else { sanitise::json };
    Ok(stdout::write_text(&(text + "\n"), clean)?)
}
