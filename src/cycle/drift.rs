//! What has changed in the shape of what a source brings: columns of a file, or fields of an answer with what they are.

/// New, gone and changed columns, in words. A column is a name, or a name and a kind: `/properties/name (a text)`.
pub fn drift(before: &[String], now: &[String]) -> Option<String> {
    let split = |column: &'_ String| -> (String, Option<String>) {
        let (name, kind) = column.split_once(" (").unwrap_or((column, ""));
        (name.to_owned(), Some(kind.trim_end_matches(')').to_owned()).filter(|kind| !kind.is_empty()))
    };
    let (before, now): (Vec<_>, Vec<_>) = (before.iter().map(split).collect(), now.iter().map(split).collect());
    let beyond = |these: &[(String, Option<String>)], those: &[(String, Option<String>)]| -> Vec<String> {
        let absent = |name: &String| !those.iter().any(|(other, _)| other == name);
        these.iter().filter(|(name, _)| absent(name)).map(|(name, _)| format!("`{name}`")).collect()
    };
    let changed = now.iter().filter_map(|(name, kind)| {
        let kind = kind.as_ref()?;
        let was = before.iter().find(|(other, _)| other == name)?.1.as_ref()?;
        let known: Vec<&str> = was.split(" or ").collect();
        let other = kind.split(" or ").any(|kind| !known.contains(&kind));
        other.then(|| format!("`{name}` was {was} and is {kind}"))
    });
    let parts = [("new: ", beyond(&now, &before)), ("gone: ", beyond(&before, &now)), ("", changed.collect())];
    let parts = parts.into_iter().filter(|(_, names)| !names.is_empty());
    let parts: Vec<String> = parts.map(|(what, names)| format!("{what}{}", names.join(", "))).collect();
    (!parts.is_empty()).then(|| parts.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_new_gone_or_something_else_is_named() {
        let said = |before: &[&str], now: &[&str]| {
            let own = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
            drift(&own(before), &own(now))
        };
        assert_eq!(said(&["id", "name"], &["name", "id"]), None);
        assert_eq!(said(&["id", "name"], &["id", "title"]).unwrap(), "new: `title`; gone: `name`");
        assert_eq!(
            said(&["/id (a text)", "/x"], &["/id (a number)", "/x (a text)"]).unwrap(),
            "`/id` was a text and is a number"
        );
        assert_eq!(said(&["/id (a number or a text)"], &["/id (a number)"]), None);
    }
}
