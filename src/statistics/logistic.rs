//! Logistic regression with prior means, prior widths and bounds: a few dozen terms, by Newton's method with projection
//! onto the bounds (Bertsekas 1982).

/// The chance that belongs to these log-odds.
pub fn sigmoid(x: f64) -> f64 {
    if x >= 0.0 { 1.0 / (1.0 + (-x).exp()) } else { x.exp() / (1.0 + x.exp()) }
}

/// What is held of a coefficient before any data.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Term {
    /// The middle of its normal distribution, where the search begins.
    pub prior: f64,
    /// The width (standard deviation) of it; infinite: nothing is held.
    pub width: f64,
    /// It is no lower.
    pub low: f64,
    /// It is no higher.
    pub high: f64,
}

impl Term {
    /// Nothing is held of it.
    pub const FREE: Term = Term { prior: 0.0, width: f64::INFINITY, low: f64::NEG_INFINITY, high: f64::INFINITY };

    /// A normal distribution around `prior`.
    pub fn around(prior: f64, width: f64) -> Term {
        Term { prior, width, ..Term::FREE }
    }
}

/// Cases to learn from.
#[derive(Clone, Debug)]
pub struct Logistic {
    terms: Vec<Term>,
    /// Cases one after the other, each as long as `terms`.
    x: Vec<f64>,
    /// Known part of the log-odds, outcome, weight.
    cases: Vec<(f64, f64, f64)>,
}

impl Logistic {
    /// No case yet. The first term is the intercept: [`Logistic::add`] puts its one in.
    pub fn new(terms: Vec<Term>) -> Logistic {
        Logistic { terms, x: Vec::new(), cases: Vec::new() }
    }

    /// Adds a case: the known part of its log-odds, its values for all terms but the intercept, its outcome, its weight.
    pub fn add(&mut self, offset: f64, values: impl IntoIterator<Item = f64>, event: bool, weight: f64) {
        self.x.push(1.0);
        self.x.extend(values);
        self.cases.push((offset, f64::from(u8::from(event)), weight));
        debug_assert_eq!(self.x.len(), self.cases.len() * self.terms.len());
    }

    /// The coefficients that make Σ weight × log-loss + Σ (b − prior)² / 2 width² least, within their bounds.
    pub fn fit(&self) -> Vec<f64> {
        let k = self.terms.len();
        let mut b: Vec<f64> = self.terms.iter().map(|term| term.prior.clamp(term.low, term.high)).collect();
        let mut loss = self.loss(&b);
        for _ in 0..100 {
            let (gradient, hessian) = self.slopes(&b);
            // Whoever stands at a bound and would cross it stays there.
            let free: Vec<usize> = (0..k)
                .filter(|&j| {
                    let down = b[j] <= self.terms[j].low && gradient[j] > 0.0;
                    let up = b[j] >= self.terms[j].high && gradient[j] < 0.0;
                    !down && !up
                })
                .collect();
            let step = solve(&hessian, &gradient, &free, k);
            let mut length = 1.0;
            let next = loop {
                let trial: Vec<f64> =
                    (0..k).map(|j| (b[j] - length * step[j]).clamp(self.terms[j].low, self.terms[j].high)).collect();
                let trial_loss = self.loss(&trial);
                if trial_loss <= loss {
                    break Some((trial, trial_loss));
                }
                length /= 2.0;
                if length < 1e-9 {
                    break None;
                }
            };
            let Some((trial, trial_loss)) = next else { break };
            let moved = b.iter().zip(&trial).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
            (b, loss) = (trial, trial_loss);
            if moved < 1e-10 {
                break;
            }
        }
        b
    }

    fn rows(&self) -> impl Iterator<Item = (&[f64], (f64, f64, f64))> {
        self.x.chunks_exact(self.terms.len()).zip(self.cases.iter().copied())
    }

    fn loss(&self, b: &[f64]) -> f64 {
        let data: f64 = self
            .rows()
            .map(|(x, (offset, y, weight))| {
                let eta = offset + dot(x, b);
                // log(1 + e^eta) − y eta, without overflow.
                weight * (eta.max(0.0) + (-eta.abs()).exp().ln_1p() - y * eta)
            })
            .sum();
        let prior: f64 = self.terms.iter().zip(b).map(|(term, b)| ((b - term.prior) / term.width).powi(2) / 2.0).sum();
        data + prior
    }

    fn slopes(&self, b: &[f64]) -> (Vec<f64>, Vec<f64>) {
        let k = b.len();
        let mut gradient: Vec<f64> = self.terms.iter().zip(b).map(|(term, b)| (b - term.prior) / term.width.powi(2)).collect();
        let mut hessian = vec![0.0; k * k];
        for (j, term) in self.terms.iter().enumerate() {
            hessian[j * k + j] = term.width.powi(-2);
        }
        for (x, (offset, y, weight)) in self.rows() {
            let p = sigmoid(offset + dot(x, b));
            let (error, bend) = (weight * (p - y), weight * p * (1.0 - p));
            for i in 0..k {
                gradient[i] += error * x[i];
                let scaled = bend * x[i];
                if scaled != 0.0 {
                    for j in 0..=i {
                        hessian[i * k + j] += scaled * x[j];
                    }
                }
            }
        }
        (gradient, hessian)
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// The Newton step of the free terms by Cholesky's factors; zero for the others. `hessian`: the lower half.
fn solve(hessian: &[f64], gradient: &[f64], free: &[usize], k: usize) -> Vec<f64> {
    let n = free.len();
    let mut factor = vec![0.0; n * n];
    for i in 0..n {
        for j in 0..=i {
            let (row, column) = (free[i], free[j]);
            let known: f64 = (0..j).map(|m| factor[i * n + m] * factor[j * n + m]).sum();
            let rest = hessian[row.max(column) * k + row.min(column)] - known;
            // A hair more than nothing, so that a term without data stays where it is.
            factor[i * n + j] = if i == j { rest.max(1e-10).sqrt() } else { rest / factor[j * n + j] };
        }
    }
    let mut solved = vec![0.0; n];
    for i in 0..n {
        let known: f64 = (0..i).map(|m| factor[i * n + m] * solved[m]).sum();
        solved[i] = (gradient[free[i]] - known) / factor[i * n + i];
    }
    for i in (0..n).rev() {
        let known: f64 = (i + 1..n).map(|m| factor[m * n + i] * solved[m]).sum();
        solved[i] = (solved[i] - known) / factor[i * n + i];
    }
    let mut step = vec![0.0; k];
    for (&at, value) in free.iter().zip(solved) {
        step[at] = value;
    }
    step
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics::golden;

    fn learn(terms: Vec<Term>, vector: &serde_json::Value, weight: f64) -> Vec<f64> {
        let mut logistic = Logistic::new(terms);
        for (x, y) in vector["X"].as_array().unwrap().iter().zip(vector["y"].as_array().unwrap()) {
            logistic.add(0.0, x.as_array().unwrap().iter().map(|value| value.as_f64().unwrap()), *y == 1, weight);
        }
        logistic.fit()
    }

    fn wanted(vector: &serde_json::Value) -> Vec<f64> {
        let coefficients = vector["coef"].as_array().unwrap().iter();
        std::iter::once(&vector["intercept"]).chain(coefficients).map(|value| value.as_f64().unwrap()).collect()
    }

    #[test]
    fn fits_are_those_of_scikit_learn_and_statsmodels() {
        let vector = golden("logistic");
        let plain = learn(vec![Term::FREE; 4], &vector, 1.0);
        assert!(plain.iter().zip(wanted(&vector["mle"])).all(|(b, wanted)| (b - wanted).abs() < 1e-6), "{plain:?}");
        let mut terms = vec![Term::FREE];
        terms.extend([Term::around(0.0, 1.0); 3]);
        let ridge = learn(terms, &vector, 0.5);
        assert!(ridge.iter().zip(wanted(&vector["ridge_C0_5"])).all(|(b, wanted)| (b - wanted).abs() < 1e-6), "{ridge:?}");
    }

    #[test]
    fn bounds_hold_and_the_rest_is_fitted_around_them() {
        let vector = golden("logistic");
        let plain = learn(vec![Term::FREE; 4], &vector, 1.0);
        let (least, most) = (plain[1].min(plain[2]).min(plain[3]), plain[1].max(plain[2]).max(plain[3]));
        let bound = Term { low: least + 0.1, high: most - 0.1, ..Term::FREE };
        let fitted = learn(vec![Term::FREE, bound, bound, bound], &vector, 1.0);
        assert!(fitted[1..].iter().all(|b| (least + 0.1..=most - 0.1).contains(b)), "{fitted:?}");
        // At the best point within the bounds, going on would cross one.
        let mut logistic = Logistic::new(vec![Term::FREE, bound, bound, bound]);
        for (x, y) in vector["X"].as_array().unwrap().iter().zip(vector["y"].as_array().unwrap()) {
            logistic.add(0.0, x.as_array().unwrap().iter().map(|value| value.as_f64().unwrap()), *y == 1, 1.0);
        }
        let (gradient, _) = logistic.slopes(&fitted);
        for j in 0..4 {
            let at_low = fitted[j] <= logistic.terms[j].low && gradient[j] >= 0.0;
            let at_high = fitted[j] >= logistic.terms[j].high && gradient[j] <= 0.0;
            assert!(at_low || at_high || gradient[j].abs() < 1e-6, "{j} {gradient:?}");
        }
    }

    #[test]
    fn a_tight_prior_stays_and_separation_does_not_run_away() {
        let mut logistic = Logistic::new(vec![Term::FREE, Term::around(4.5, 0.01), Term::around(0.0, 1.0)]);
        for n in 0..40 {
            logistic.add(0.0, [f64::from(n) / 40.0, f64::from(u8::from(n >= 20))], n >= 20, 1.0);
        }
        let fitted = logistic.fit();
        assert!((fitted[1] - 4.5).abs() < 0.1 && fitted.iter().all(|b| b.is_finite() && b.abs() < 10.0), "{fitted:?}");
    }
}
