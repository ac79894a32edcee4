//! Subject lines and file names.

use super::rng::Rng;

/// Subject lines, as the server stores them: HTML-encoded. `{d}` is a domain, `{n}` a number, `{s}` a
/// server's name.
const SUBJECTS: &[&str] = &[
    "Cannot log in to cPanel for {d}",
    "E-mail to {d} is bounced with &quot;550 5.1.1 user unknown&quot;",
    "Invoice #{n}: wrong VAT number",
    "Please upgrade {s} to PHP 8.3",
    "SSL certificate for {d} expires soon",
    "Site is down!!! {d}",
    "Transfer of {d} &amp; two more domains",
    "Refund for invoice #{n}",
    "Re: Re: Fwd: backup of {s} failed",
    "Slow queries on {s} since last night",
    "How do I point {d} to 198.51.100.{n}?",
    "Error 500 after update: \"Class &#039;WP_Query&#039; not found\" in C:\\www\\{d}\\index.php",
    "Upgrade from 2/4 to 4/8 (vCPU/GB) on {s}",
    "Password reset link doesn&#039;t arrive",
    "&lt;script&gt; blocked by the firewall on {d}",
    "Paiement refusé pour la facture n° {n}",
    "Domäne {d} läuft ab – bitte verlängern",
    "No puedo acceder a mi correo en {d}",
    "Не работает почта на {d}",
    "メールが届きません ({d})",
    "Thanks for the quick help 🎉",
    "Question before I order: is {n} GB enough for a shop?",
    "Cancellation request for {s}",
    "Disk quota exceeded on {s} (99% of {n} GB)",
    "DNS record TXT &quot;v=spf1 include:{d} ~all&quot; is missing",
    "Monthly report/statistics for {d}",
    "IP 203.0.113.{n} is on a blacklist",
    "FTP times out in /public_html/wp-content/uploads/{n}",
    "Two-factor code is not accepted",
    "Add {n} e-mail accounts to {d}",
    "Database `shop_{n}` can&#039;t be imported",
    "Abuse report: phishing page below http://{d}/login/",
];

const DOMAIN_WORDS: &[&str] = &[
    "bluebird",
    "oak-street",
    "pixelworks",
    "greenleaf",
    "northwind",
    "cafe-luna",
    "fastparts",
    "quietdesk",
    "brightside",
    "harbour",
    "tinyshop",
    "maple",
    "redkite",
    "silverline",
    "openfield",
    "sunrise",
];
const ENDINGS: &[&str] = &["example", "example.com", "example.net", "example.org"];
const SERVERS: &[&str] = &["web01", "web02", "web17", "mx1", "db-3", "vps-2044", "node7.fra", "node2.nyc"];

const FILES: &[&str] = &[
    "screenshot.png",
    "error.log",
    "invoice.pdf",
    "Screenshot 2024-03-01 at 10.12.44.png",
    "capture d’écran.png",
    "traceroute.txt",
    "headers.eml",
    "phpinfo.html",
    "IMG_2041.jpg",
    "zone.txt",
    "rechnung_märz.pdf",
    "dump.sql.gz",
];

/// A subject line.
pub(crate) fn subject(rng: &mut Rng) -> String {
    let pattern = rng.word(SUBJECTS);
    let mut subject = String::with_capacity(pattern.len() + 24);
    let mut rest = pattern;
    while let Some((before, after)) = rest.split_once('{') {
        subject.push_str(before);
        let (kind, after) = after.split_once('}').unwrap_or((after, ""));
        match kind {
            "d" => {
                subject.push_str(rng.word(DOMAIN_WORDS));
                subject.push('.');
                subject.push_str(rng.word(ENDINGS));
            }
            "s" => subject.push_str(rng.word(SERVERS)),
            _ => subject.push_str(&(1 + rng.below(254)).to_string()),
        }
        rest = after;
    }
    subject.push_str(rest);
    subject
}

/// The name of an attached file.
pub(crate) fn file_name(rng: &mut Rng) -> &'static str {
    rng.word(FILES)
}
