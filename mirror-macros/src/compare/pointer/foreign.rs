//! Paths to values in other notations: those of RFC 9535 and of jq, and pointers with mistakes.

/// The JSON pointer to the same values, as far as there is one.
pub(super) fn translated(path: &str) -> Option<String> {
    let path = path.trim();
    // `$.items`, `.items` and `#/items` begin at the root of the document.
    let path = path.strip_prefix(['$', '#']).unwrap_or(path);
    let is_pointer = path.starts_with('/');
    let mut tokens = Vec::new();
    // `..` matches at any depth.
    if !is_pointer && path.contains("..") {
        return None;
    }
    for part in parts(path, is_pointer)? {
        match part.as_str() {
            "" if !is_pointer => {}
            // `*`, which is one key or index, is the nearest.
            "**" | "-" | "[]" => tokens.push("*".to_owned()),
            part => tokens.push(part.to_owned()),
        }
    }
    let last_is_all = path.ends_with("/**");
    if last_is_all {
        // A rule for a value is one for everything in it.
        tokens.pop();
    }
    let pointer = format!("/{}", tokens.join("/"));
    let is_plain = |c: char| c.is_alphanumeric() || "/_-*~".contains(c);
    (!tokens.is_empty() && pointer.chars().all(is_plain)).then_some(pointer)
}

/// The keys and indices of a path, of which each is behind a separator or in brackets.
fn parts(path: &str, is_pointer: bool) -> Option<Vec<String>> {
    let separator = if is_pointer { '/' } else { '.' };
    let mut parts = Vec::new();
    let path = if is_pointer { &path[1..] } else { path };
    for part in path.split(separator) {
        let (key, mut rest) = part.split_at(part.find('[').unwrap_or(part.len()));
        if !key.is_empty() || rest.is_empty() {
            parts.push(key.to_owned());
        }
        while let Some(inside) = rest.strip_prefix('[') {
            let end = inside.find(']')?;
            let index = inside[..end].trim_matches(['"', '\'']);
            parts.push(if index.is_empty() { "*" } else { index }.to_owned());
            rest = &inside[end + 1..];
        }
        if !rest.is_empty() {
            return None;
        }
    }
    Some(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_other_notations_have_a_pointer() {
        for (path, pointer) in [
            ("generated_at", "/generated_at"),
            ("$.items", "/items"),
            ("$.items[*].id", "/items/*/id"),
            ("$.items[0].id", "/items/0/id"),
            ("$['items'][0]", "/items/0"),
            (".items[].id", "/items/*/id"),
            ("items.*.id", "/items/*/id"),
            ("#/tags", "/tags"),
            ("/items/[0]/id", "/items/0/id"),
            ("/items/[*]/id", "/items/*/id"),
            ("/items[0]/id", "/items/0/id"),
            ("/**/id", "/*/id"),
            ("/items/**", "/items"),
            ("/items/-", "/items/*"),
            ("a/b", "/a/b"),
        ] {
            assert_eq!(translated(path).as_deref(), Some(pointer), "{path}");
        }
        for path in ["", "$", "$..id", "$.items[?(@.a)]", "$.items[0", "/a b"] {
            assert_eq!(translated(path), None, "{path}");
        }
    }
}
