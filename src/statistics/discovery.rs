//! Many comparisons at once.

/// Adjusted p values (Benjamini, Hochberg 1995), in the order given: keeping those up to q holds the expected share of
/// false discoveries under q.
pub fn benjamini_hochberg(p: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|&a, &b| p[b].total_cmp(&p[a]));
    let mut adjusted = vec![1.0; p.len()];
    let mut least = 1.0_f64;
    for (place, at) in order.into_iter().enumerate() {
        least = least.min(p[at] * p.len() as f64 / (p.len() - place) as f64);
        adjusted[at] = least;
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics::golden;

    #[test]
    fn adjusted_values_are_those_of_statsmodels() {
        let vector = golden("benjamini_hochberg");
        let list = |key: &str| vector[key].as_array().unwrap().iter().map(|value| value.as_f64().unwrap()).collect::<Vec<f64>>();
        let adjusted = benjamini_hochberg(&list("p"));
        assert!(adjusted.iter().zip(list("q")).all(|(q, wanted)| (q - wanted).abs() < 1e-6), "{adjusted:?}");
    }
}
