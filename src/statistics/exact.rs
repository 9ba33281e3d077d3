//! Tests that need no approximation.

/// The chance, under probability `p` (above 0 and below 1), of a count out of `n` that is no likelier than `k`: the exact
/// binomial test, both sides. 1 where `k` is above `n`.
pub fn binomial_two_sided(k: u32, n: u32, p: f64) -> f64 {
    if k > n || n == 0 {
        return 1.0;
    }
    // Logarithms of the chances, each from the one before.
    let mut chances = Vec::with_capacity(n as usize + 1);
    let mut chance = f64::from(n) * (-p).ln_1p();
    let odds = (p / (1.0 - p)).ln();
    for count in 0..=n {
        chances.push(chance);
        chance += (f64::from(n - count) / f64::from(count + 1)).ln() + odds;
    }
    let here = chances[k as usize];
    chances.into_iter().filter(|&one| one <= here + 1e-7).map(f64::exp).sum::<f64>().min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics::golden;

    #[test]
    fn chances_are_those_of_scipy() {
        for vector in golden("binomial_two_sided").as_array().unwrap() {
            let count = |key: &str| u32::try_from(vector[key].as_u64().unwrap()).unwrap();
            let p = binomial_two_sided(count("k"), count("n"), vector["p"].as_f64().unwrap());
            assert!((p - vector["pvalue"].as_f64().unwrap()).abs() < 1e-6, "{p} {vector}");
        }
        assert!((binomial_two_sided(0, 0, 0.5) - 1.0).abs() < 1e-12);
    }
}
