//! `gettickets sandbox`: serves generated tickets until Ctrl-C.

mod load;

use std::io::{self, Write};
use std::sync::mpsc;

use gettickets_sandbox::{Quirk, Sandbox, SandboxBuilder};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::args::SandboxArgs;
use crate::connect::environment::Environment;
use crate::connect::secret::SecretSource;
use crate::exit::{self, Exit, Failure, Outcome};
use crate::output::{style, width};

pub(crate) fn run(args: &SandboxArgs) -> Outcome {
    if args.list_quirks {
        return list_quirks();
    }
    // Set before the sandbox starts, so that Ctrl-C is always handled.
    let (stop, stopped) = mpsc::channel();
    // Fails if the receiver is gone, when the sandbox has stopped.
    let stop = move || stop.send(()).unwrap_or_default();
    ctrlc::set_handler(stop).map_err(|error| Failure::usage(format!("Ctrl-C cannot be handled: {error}")))?;
    let (builder, count) = builder(args)?;
    let sandbox = builder.start().map_err(|error| {
        Failure::new(Exit::Unreached, format!("the sandbox did not start: {error}"))
            .hint("Use another --port; --port 0 uses a free one")
    })?;
    announce(args, &sandbox, count)?;
    // The handler has the sender and lives as long as the process.
    let _ = stopped.recv();
    exit::remark("\nstopped");
    Ok(())
}

/// The settings of the sandbox, and the number of its tickets.
fn builder(args: &SandboxArgs) -> Outcome<(SandboxBuilder, u64)> {
    let mut count = args.tickets;
    let mut builder = Sandbox::builder()
        .host(args.host)
        .port(args.port)
        .tickets(args.tickets)
        .seed(args.seed)
        .server_version(args.server_version)
        .quirks(args.quirk.iter().copied());
    builder = args.allow_host.iter().fold(builder, |builder, host| builder.allow_host(host));
    if let Some(latency) = args.latency {
        builder = builder.latency(latency);
    }
    if let Some(timeout) = args.request_timeout {
        builder = builder.request_timeout(timeout);
    }
    if let Some(newest) = args.newest {
        builder = builder.newest(newest.resolve(Timestamp::now(), &TimeZone::system()));
    }
    let identifier = args.identifier.as_deref().unwrap_or(Sandbox::IDENTIFIER);
    let secret = match &args.secret_file {
        Some(file) => SecretSource::File(file.clone()).read("the API secret", &Environment::process())?,
        None => Sandbox::SECRET.to_owned(),
    };
    builder = builder.api_credentials(identifier, secret);
    if let Some(file) = &args.load {
        let tickets = load::tickets(file)?;
        count = tickets.len() as u64;
        builder = builder.load(tickets);
    }
    Ok((builder, count))
}

/// Prints the address and the credentials that the sandbox accepts. A secret from a file is not shown.
fn announce(args: &SandboxArgs, sandbox: &Sandbox, count: u64) -> Outcome {
    let mut err = style::stderr();
    let (bold, dim) = (style::BOLD, style::DIM);
    let url = sandbox.url();
    let secret = match &args.secret_file {
        Some(file) => format!("in {}", file.display()),
        None => sandbox.secret().to_owned(),
    };
    writeln!(
        err,
        "{bold}{url}{bold:#} serves {count} tickets as server version {}",
        sandbox.server_version()
    )?;
    writeln!(err, "  identifier  {}", sandbox.identifier())?;
    writeln!(err, "  secret      {secret}")?;
    for quirk in &args.quirk {
        writeln!(err, "  quirk       {}: {}", quirk, quirk.description())?;
    }
    if !args.host.is_loopback() {
        exit::warn(format!(
            "the sandbox listens on {}: any machine that reaches this one can use it",
            args.host
        ));
    }
    if args.secret_file.is_none() {
        let (identifier, secret) = (sandbox.identifier(), sandbox.secret());
        writeln!(err, "\nIn another terminal:")?;
        writeln!(
            err,
            "  export GETTICKETS_URL={url} GETTICKETS_IDENTIFIER={identifier} GETTICKETS_SECRET={secret}"
        )?;
        writeln!(err, "  gettickets list")?;
    }
    writeln!(err, "{dim}Ctrl-C stops it.{dim:#}")?;
    Ok(())
}

fn list_quirks() -> Outcome {
    let mut out = anstream::AutoStream::auto(io::stdout().lock());
    let bold = style::BOLD;
    let widest = Quirk::ALL.iter().map(|quirk| width::of(quirk.name())).max().unwrap_or(0);
    for quirk in Quirk::ALL {
        let name = quirk.name();
        writeln!(out, "{bold}{name}{bold:#}{}  {}", width::fill(name, widest), quirk.description())?;
    }
    Ok(out.flush()?)
}
