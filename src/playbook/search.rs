//! Finds solutions by words.

use super::Solution;

/// The solutions that hold all the words, those with them in the head first; all of them for no word. A word also finds
/// longer ones that begin with it.
pub fn search<'a>(solutions: impl Iterator<Item = &'a Solution>, words: &[String]) -> Vec<&'a Solution> {
    let words: Vec<String> = words.iter().flat_map(|text| parts(text)).collect();
    let found = solutions.filter_map(|solution| {
        let places = [(8, head(solution)), (3, solution.in_short.clone()), (1, solution.text.clone())];
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

fn head(solution: &Solution) -> String {
    let plays: Vec<&str> = solution.helps.iter().map(|(play, _)| play.as_str()).collect();
    [&[solution.name.as_str(), &solution.title], &plays[..]].concat().join(" ")
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
    }
}
