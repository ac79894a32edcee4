//! Converts an offset in JSON to a path such as `tickets.ticket[3].id`.

use crate::text;

/// The most levels that a path names.
const MAX_LEVELS: usize = 16;

enum Level {
    Object { key: Option<String> },
    List { index: usize },
}

/// Returns the path of the value that starts at or contains this offset. The text may be incomplete, not UTF-8, and
/// anything after the offset.
pub(super) fn path_at(json: &[u8], offset: usize) -> String {
    let mut levels: Vec<Level> = Vec::new();
    // Deeper levels are only counted: a body may open a level with every byte.
    let mut unnamed = 0_usize;
    let mut at = 0;
    while at < offset {
        match json.get(at) {
            None => break,
            Some(b'{' | b'[') if levels.len() == MAX_LEVELS => unnamed += 1,
            Some(b'{') => levels.push(Level::Object { key: None }),
            Some(b'[') => levels.push(Level::List { index: 0 }),
            Some(b'}' | b']') if unnamed > 0 => unnamed -= 1,
            Some(b'}' | b']') => {
                levels.pop();
            }
            Some(b',') if unnamed > 0 => {}
            Some(b',') => match levels.last_mut() {
                Some(Level::List { index }) => *index += 1,
                Some(Level::Object { key }) => *key = None,
                None => {}
            },
            Some(b'"') => {
                let end = string_end(json, at);
                if end > offset {
                    break;
                }
                if unnamed == 0
                    && let Some(Level::Object { key: key @ None }) = levels.last_mut()
                {
                    let name = json.get(at + 1..end - 1).unwrap_or_default();
                    *key = Some(text::excerpt(&String::from_utf8_lossy(name), 64));
                }
                at = end;
                continue;
            }
            Some(_) => {}
        }
        at += 1;
    }
    render(&levels)
}

/// Returns the offset after the closing quote of the string that starts here.
fn string_end(json: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    loop {
        match json.get(at) {
            None => return usize::MAX,
            Some(b'"') => return at + 1,
            Some(b'\\') => at += 2,
            Some(_) => at += 1,
        }
    }
}

fn render(levels: &[Level]) -> String {
    let mut path = String::new();
    for level in levels {
        match level {
            Level::Object { key: Some(key) } => {
                if !path.is_empty() {
                    path.push('.');
                }
                path.push_str(key);
            }
            Level::Object { key: None } => {}
            Level::List { index } => path.push_str(&format!("[{index}]")),
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_are_converted_to_paths() {
        let json = r#"{"result":"success","tickets":{"ticket":[{"id":"1","x\"y":[1,{"a":2}]},{"id":"2"}]}}"#;
        let path = |at: &str| path_at(json.as_bytes(), json.find(at).unwrap());
        assert_eq!(path("\"success"), "result");
        assert_eq!(path("uccess"), "result");
        assert_eq!(path("{\"id\":\"1"), "tickets.ticket[0]");
        assert_eq!(path("\"1\""), "tickets.ticket[0].id");
        assert_eq!(path("2}"), "tickets.ticket[0].x\\\"y[1].a");
        assert_eq!(path("\"2\""), "tickets.ticket[1].id");
        // Within a key, and right after it.
        assert_eq!(path("sult"), "");
        assert_eq!(path(":\"success"), "result");
        assert_eq!(path_at(json.as_bytes(), json.len()), "");
        assert_eq!(path_at(b"{\"tickets\":{\"ticket\":[{\"id\":\"1\"", 31), "tickets.ticket[0].id");
    }

    #[test]
    fn hostile_text_ends_quickly_with_a_bounded_path() {
        let deep = "{\"a\":".repeat(10_000);
        assert!(path_at(deep.as_bytes(), deep.len()).len() < 100);
        // Close levels that are not named, and open one again.
        let back = format!("{}{},{{\"x\":[7,8", "[".repeat(40), "]".repeat(40 - MAX_LEVELS));
        assert_eq!(path_at(back.as_bytes(), back.len()), format!("{}[1]", "[0]".repeat(MAX_LEVELS - 1)));
        assert_eq!(path_at(b"\"\\", 9), "");
        assert_eq!(path_at(b"]]}},,", 6), "");
    }
}
