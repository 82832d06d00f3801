//! The quantile function of the standard normal distribution, by Wichura's algorithm AS 241 (PPND16; Applied
//! Statistics 37, 1988), accurate to about one part in 10¹⁶. An inverse transform keeps a draw monotone in its
//! uniform number, so that policies compared on the same stream stay coupled.

/// Evaluates a polynomial whose coefficients are given from the highest power down.
#[inline]
fn polynomial(x: f64, coefficients: &[f64; 8]) -> f64 {
    coefficients.iter().fold(0.0, |sum, c| sum * x + c)
}

const CENTRE_TOP: [f64; 8] = [
    2.509_080_928_730_122_6e3,
    3.343_057_558_358_813e4,
    6.726_577_092_700_87e4,
    4.592_195_393_154_987e4,
    1.373_169_376_550_946e4,
    1.971_590_950_306_551_3e3,
    1.331_416_678_917_843_8e2,
    3.387_132_872_796_366_5,
];
const CENTRE_BOTTOM: [f64; 8] = [
    5.226_495_278_852_545e3,
    2.872_908_573_572_194_3e4,
    3.930_789_580_009_271e4,
    2.121_379_430_158_659_7e4,
    5.394_196_021_424_751e3,
    6.871_870_074_920_579e2,
    4.231_333_070_160_091e1,
    1.0,
];
const MIDDLE_TOP: [f64; 8] = [
    7.745_450_142_783_414e-4,
    2.272_384_498_926_918_4e-2,
    2.417_807_251_774_506e-1,
    1.270_458_252_452_368_4,
    3.647_848_324_763_204_5,
    5.769_497_221_460_691,
    4.630_337_846_156_546,
    1.423_437_110_749_683_5,
];
const MIDDLE_BOTTOM: [f64; 8] = [
    1.050_750_071_644_416_9e-9,
    5.475_938_084_995_345e-4,
    1.519_866_656_361_645_7e-2,
    1.481_039_764_274_800_8e-1,
    6.897_673_349_851e-1,
    1.676_384_830_183_803_8,
    2.053_191_626_637_758_7,
    1.0,
];
const TAIL_TOP: [f64; 8] = [
    2.010_334_399_292_288_1e-7,
    2.711_555_568_743_487_6e-5,
    1.242_660_947_388_078_4e-3,
    2.653_218_952_657_612_4e-2,
    2.965_605_718_285_048_7e-1,
    1.784_826_539_917_291_3,
    5.463_784_911_164_114,
    6.657_904_643_501_103,
];
const TAIL_BOTTOM: [f64; 8] = [
    2.044_263_103_389_939_8e-15,
    1.421_511_758_316_446e-7,
    1.846_318_317_510_054_8e-5,
    7.868_691_311_456_133e-4,
    1.487_536_129_085_061_5e-2,
    1.369_298_809_227_358e-1,
    5.998_322_065_558_88e-1,
    1.0,
];

/// The standard normal quantile of `p`, for `p` strictly between 0 and 1.
pub(super) fn quantile(p: f64) -> f64 {
    let q = p - 0.5;
    if q.abs() <= 0.425 {
        let r = 0.180_625 - q * q;
        return q * polynomial(r, &CENTRE_TOP) / polynomial(r, &CENTRE_BOTTOM);
    }
    let tail = if q < 0.0 { p } else { 1.0 - p };
    let r = libm::sqrt(-libm::log(tail));
    let magnitude = if r <= 5.0 {
        polynomial(r - 1.6, &MIDDLE_TOP) / polynomial(r - 1.6, &MIDDLE_BOTTOM)
    } else {
        polynomial(r - 5.0, &TAIL_TOP) / polynomial(r - 5.0, &TAIL_BOTTOM)
    };
    if q < 0.0 { -magnitude } else { magnitude }
}

#[cfg(test)]
mod tests {
    use super::quantile;

    #[test]
    fn quantiles_are_the_published_ones() {
        // Phi⁻¹ at well-known points, to ten digits.
        for (p, z) in [
            (0.5, 0.0),
            (0.9, 1.281_551_565_5),
            (0.975, 1.959_963_984_5),
            (0.999, 3.090_232_306_2),
            (0.999_999_99, 5.612_001_244_2),
            (0.025, -1.959_963_984_5),
            (1e-12, -7.034_483_825_4),
        ] {
            assert!((quantile(p) - z).abs() < 2e-9, "{p}: {} against {z}", quantile(p));
        }
    }

    #[test]
    fn the_pieces_meet() {
        for edge in [0.075, 0.925, libm::exp(-25.0)] {
            let (below, above) = (quantile(edge * (1.0 - 1e-13)), quantile(edge * (1.0 + 1e-13)));
            assert!((below - above).abs() < 1e-9, "{edge}: {below} {above}");
        }
    }
}
