//! Shares and tables of counts.

use super::NORMAL_975;

/// The 95 % Wilson interval of a share of `k` in `n`; 0 to 1 where nothing was counted.
pub fn wilson(k: usize, n: usize) -> (f64, f64) {
    if n == 0 {
        return (0.0, 1.0);
    }
    let (n, share, z2) = (n as f64, k as f64 / n as f64, NORMAL_975 * NORMAL_975);
    let middle = share + z2 / (2.0 * n);
    let half = NORMAL_975 * (share * (1.0 - share) / n + z2 / (4.0 * n * n)).sqrt();
    let whole = 1.0 + z2 / n;
    (((middle - half) / whole).max(0.0), ((middle + half) / whole).min(1.0))
}

/// Counts of two yes-or-no questions: `[[a, b], [c, d]]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct TwoByTwo {
    /// Yes to the first, yes to the second.
    pub a: usize,
    /// Yes, no.
    pub b: usize,
    /// No, yes.
    pub c: usize,
    /// No, no.
    pub d: usize,
}

impl TwoByTwo {
    fn cells(self) -> [f64; 4] {
        [self.a as f64, self.b as f64, self.c as f64, self.d as f64]
    }

    /// The least of the four counts.
    pub fn least(self) -> usize {
        self.a.min(self.b).min(self.c).min(self.d)
    }

    /// The correlation of the two answers, −1 to 1; 0 where one of them never differs.
    pub fn phi(self) -> f64 {
        let [a, b, c, d] = self.cells();
        let margins = (a + b) * (c + d) * (a + c) * (b + d);
        if margins > 0.0 { (a * d - b * c) / margins.sqrt() } else { 0.0 }
    }

    /// Pearson's chi-square without correction.
    pub fn chi_square(self) -> f64 {
        self.cells().iter().sum::<f64>() * self.phi().powi(2)
    }

    /// The odds ratio with one half added to each cell (Haldane), with its 95 % interval (Wald, on the logarithm).
    pub fn odds_ratio(self) -> (f64, f64, f64) {
        let [a, b, c, d] = self.cells().map(|count| count + 0.5);
        let ratio = a * d / (b * c);
        let width = (NORMAL_975 * (1.0 / a + 1.0 / b + 1.0 / c + 1.0 / d).sqrt()).exp();
        (ratio, ratio / width, ratio * width)
    }

    /// Fisher's exact test, both sides: the chance of a table with the same margins that is no likelier than this one.
    pub fn fisher_p(self) -> f64 {
        let [row, other_row, column] = [self.a + self.b, self.c + self.d, self.a + self.c];
        let logarithms: Vec<f64> = std::iter::once(0.0)
            .chain((1..=row + other_row).scan(0.0, |sum, n| {
                *sum += (n as f64).ln();
                Some(*sum)
            }))
            .collect();
        let choose = |n: usize, k: usize| logarithms[n] - logarithms[k] - logarithms[n - k];
        let chance = |a: usize| choose(row, a) + choose(other_row, column - a) - choose(row + other_row, column);
        let here = chance(self.a);
        // scipy's tolerance for tables that are as likely as this one.
        let from = column.saturating_sub(other_row);
        (from..=column.min(row)).map(chance).filter(|one| *one <= here + 1e-7).map(f64::exp).sum::<f64>().min(1.0)
    }
}

/// The odds ratio that tables have in common (Mantel, Haenszel 1959), with its 95 % interval (Robins, Breslow, Greenland 1986
/// variance of the logarithm): what is left of an association within the groups. `None` where the groups cannot tell.
pub fn mantel_haenszel(tables: &[TwoByTwo]) -> Option<(f64, f64, f64)> {
    let (mut same, mut other) = (0.0, 0.0);
    let (mut of_same, mut mixed, mut of_other) = (0.0, 0.0, 0.0);
    for table in tables {
        let [a, b, c, d] = table.cells();
        let all = (a + b + c + d).max(1.0);
        let (for_it, against) = (a * d / all, b * c / all);
        let (agree, differ) = ((a + d) / all, (b + c) / all);
        same += for_it;
        other += against;
        of_same += agree * for_it;
        mixed += agree * against + differ * for_it;
        of_other += differ * against;
    }
    if same <= 0.0 || other <= 0.0 {
        return None;
    }
    let variance = of_same / (2.0 * same * same) + mixed / (2.0 * same * other) + of_other / (2.0 * other * other);
    let (ratio, width) = (same / other, (NORMAL_975 * variance.sqrt()).exp());
    Some((ratio, ratio / width, ratio * width))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics::golden;

    #[test]
    fn intervals_of_shares_are_those_of_statsmodels() {
        for vector in golden("wilson95").as_array().unwrap() {
            let count = |key: &str| usize::try_from(vector[key].as_u64().unwrap()).unwrap();
            let (low, high) = wilson(count("k"), count("n"));
            assert!((low - vector["ci"][0].as_f64().unwrap()).abs() < 1e-6, "{vector}");
            assert!((high - vector["ci"][1].as_f64().unwrap()).abs() < 1e-6, "{vector}");
        }
    }

    #[test]
    fn tables_are_those_of_scipy_and_statsmodels() {
        for vector in golden("two_by_two").as_array().unwrap() {
            let cell = |row: usize, column: usize| usize::try_from(vector["table"][row][column].as_u64().unwrap()).unwrap();
            let table = TwoByTwo { a: cell(0, 0), b: cell(0, 1), c: cell(1, 0), d: cell(1, 1) };
            let (ratio, low, high) = table.odds_ratio();
            for (value, wanted) in [
                (ratio, &vector["odds_ratio_haldane"]),
                (low, &vector["ci95"][0]),
                (high, &vector["ci95"][1]),
                (table.phi(), &vector["phi"]),
                (table.chi_square(), &vector["chi2_nocorr"]),
                (table.fisher_p(), &vector["fisher_p"]),
            ] {
                let wanted = wanted.as_f64().unwrap();
                assert!((value - wanted).abs() < 1e-6 * wanted.abs().max(1.0), "{value} {vector}");
            }
        }
    }

    #[test]
    fn what_only_the_groups_explain_is_gone_within_them() {
        let table = |a, b, c, d| TwoByTwo { a, b, c, d };
        // One group: the plain odds ratio, 6, and 1/a + 1/b + 1/c + 1/d.
        let (ratio, low, _) = mantel_haenszel(&[table(30, 10, 20, 40)]).unwrap();
        let width = NORMAL_975 * (1.0 / 30.0 + 1.0 / 10.0 + 1.0 / 20.0 + 1.0_f64 / 40.0).sqrt();
        assert!((ratio - 6.0).abs() < 1e-9 && (low - 6.0 / width.exp()).abs() < 1e-9);
        // Busy accounts stay and do everything; within the busy and within the idle ones nothing is associated.
        let (busy, idle) = (table(80, 20, 16, 4), table(4, 16, 20, 80));
        let together = table(84, 36, 36, 84);
        assert!(together.odds_ratio().1 > 2.0);
        let (ratio, low, high) = mantel_haenszel(&[busy, idle]).unwrap();
        assert!((ratio - 1.0).abs() < 1e-9 && low < 1.0 && high > 1.0, "{ratio}");
        assert_eq!((mantel_haenszel(&[]), mantel_haenszel(&[table(3, 0, 0, 4)])), (None, None));
    }
}
