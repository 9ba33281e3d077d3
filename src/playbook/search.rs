//! Finds solutions by words.

use super::Solution;
use crate::model::nearest;

/// The solutions that hold all the words, those with them in the head first; all of them for no word. A word also finds
/// longer ones that begin with it.
pub fn search<'a>(solutions: impl Iterator<Item = &'a Solution>, words: &[String]) -> Vec<&'a Solution> {
    let words: Vec<String> = words.iter().flat_map(|text| parts(text)).collect();
    let found = solutions.filter_map(|solution| {
        let notes = &solution.head;
        let in_short = [&solution.in_short, &notes.dose, &notes.side_effects, &notes.worked].map(String::as_str).join(" ");
        let places = [(8, head(solution)), (3, in_short), (1, solution.text.clone())];
        let places = places.map(|(weight, text)| (weight, parts(&text).collect::<Vec<_>>()));
        let mut sum = 0;
        for word in &words {
            let of = |(weight, text): &(usize, Vec<String>)| {
                weight * usize::from(text.iter().any(|one| one.starts_with(word.as_str())))
            };
            let score: usize = places.iter().map(of).sum();
            if score == 0 {
                return None;
            }
            sum += score;
        }
        Some((sum, solution))
    });
    let mut found: Vec<(usize, &Solution)> = found.collect();
    found.sort_by(|(a, one), (b, other)| b.cmp(a).then_with(|| one.name.cmp(&other.name)));
    found.into_iter().map(|(_, solution)| solution).collect()
}

/// The word of some head that may have been meant by the first of the words that no solution holds.
pub fn meant<'a>(solutions: impl Iterator<Item = &'a Solution> + Clone, words: &[String]) -> Option<String> {
    let words = words.iter().flat_map(|text| parts(text));
    let unknown = words.into_iter().find(|word| search(solutions.clone(), std::slice::from_ref(word)).is_empty())?;
    let known: Vec<String> = solutions.flat_map(|solution| parts(&head(solution)).collect::<Vec<_>>()).collect();
    nearest(&unknown, known.iter().map(String::as_str)).map(str::to_owned)
}

/// What it is, and for which diagnosis, industry, size and product.
fn head(solution: &Solution) -> String {
    let plays = solution.helps.iter().map(|(play, _)| play);
    let notes = &solution.head;
    let lists = notes.industry.iter().chain(&notes.size).chain(&notes.product);
    [&solution.name, &solution.title].into_iter().chain(plays).chain(lists).map(String::as_str).collect::<Vec<_>>().join(" ")
}

fn parts(text: &str) -> impl Iterator<Item = String> {
    text.split(|letter: char| !letter.is_alphanumeric()).filter(|part| !part.is_empty()).map(str::to_lowercase)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_in_the_head_come_first_and_all_must_be_there() {
        let solution = |name: &str, title: &str, text: &str| {
            Solution::parse(&format!("solutions/{name}.md"), &format!("---\ntitle: {title}\n---\n{text}\n")).unwrap()
        };
        let large = "---\ntitle: Visit\nsize: [enterprise]\nindustry: [food]\nworked: They smile\n---\nGo there.\n";
        let large = [Solution::parse("solutions/visit.md", large).unwrap()];
        for words in ["enterprise", "Food smile"] {
            assert_eq!(search(large.iter(), &[words.to_owned()]).len(), 1, "{words}");
        }
        let all = [
            solution("call", "Call the admin", "Ask about the renewal."),
            solution("renew", "Agree on the renewal", "Ask the buyer."),
            solution("train", "Train the team", "Half a day."),
        ];
        let names = |words: &[&str]| {
            let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
            search(all.iter(), &words).iter().map(|one| one.name.clone()).collect::<Vec<_>>()
        };
        assert_eq!(names(&["Renew"]), ["renew", "call"]);
        assert_eq!(names(&["renewal admin"]), ["call"]);
        assert_eq!(names(&["zebra"]), Vec::<String>::new());
        assert_eq!(names(&[]).len(), 3);
        let said = |word: &str| meant(all.iter(), &["the".to_owned(), word.to_owned()]);
        assert_eq!((said("amdin").as_deref(), said("zebra")), (Some("admin"), None));
    }
}
