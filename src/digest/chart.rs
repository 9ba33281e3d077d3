//! Small charts as PNG, drawn without text: the numbers stand beside them. The ground is transparent and the colours are of
//! middle lightness, so that they can be read on white and on black, also where a mail program turns colours round.

use std::io::Write;

use flate2::Compression;
use flate2::write::ZlibEncoder;

use super::Picture;

/// Red, green, blue.
pub type Colour = [u8; 3];

/// What is good, or simply is.
pub const GREEN: Colour = [0x2e, 0x9e, 0x66];
/// What is bad.
pub const RED: Colour = [0xd9, 0x4a, 0x3d];
/// What is neither.
pub const BLUE: Colour = [0x3f, 0x86, 0xd9];
/// Axes, and what is not known.
const GREY: Colour = [0x86, 0x8f, 0x99];

/// Pixels of a picture: twice of what is shown, for screens that have so many.
const SIZE: (usize, usize) = (1120, 280);
/// What is shown of a picture in points: its width and height attributes.
pub const SHOWN: (&str, &str) = ("560", "140");
/// Pixels left free on all sides.
const EDGE: f64 = 12.0;

/// A part of a bar: how high it reaches above the one below, as a share of the whole height, and its colour.
pub type Part = (f64, Colour);

/// A line: its heights from left to right as shares of the whole height, and its colour.
pub type Curve = (Vec<f64>, Colour);

/// Bars side by side, each of parts on top of each other; one without parts is a short grey stub: not known.
pub fn bars(name: &'static str, bars: &[Vec<Part>]) -> Picture {
    let mut canvas = Canvas::new();
    let (width, height) = (SIZE.0 as f64 - 2.0 * EDGE, SIZE.1 as f64 - 2.0 * EDGE);
    let step = width / bars.len().max(1) as f64;
    canvas.grid();
    for (number, parts) in bars.iter().enumerate() {
        let left = EDGE + step * (number as f64 + 0.15);
        let mut bottom = SIZE.1 as f64 - EDGE;
        if parts.is_empty() {
            canvas.rectangle(left, bottom - 6.0, step * 0.7, 6.0, GREY);
        }
        for &(share, colour) in parts {
            let tall = height * share.clamp(0.0, 1.0);
            canvas.rectangle(left, bottom - tall, step * 0.7, tall, colour);
            bottom -= tall;
        }
    }
    canvas.picture(name)
}

/// Lines over each other.
pub fn curves(name: &'static str, curves: &[Curve]) -> Picture {
    let mut canvas = Canvas::new();
    let (width, height) = (SIZE.0 as f64 - 2.0 * EDGE, SIZE.1 as f64 - 2.0 * EDGE);
    canvas.grid();
    for (heights, colour) in curves {
        let step = width / (heights.len().max(2) - 1) as f64;
        let at = |number: usize| {
            let share = heights[number].clamp(0.0, 1.0);
            (EDGE + step * number as f64, SIZE.1 as f64 - EDGE - height * share)
        };
        for number in 1..heights.len() {
            canvas.stroke(at(number - 1), at(number), *colour);
        }
    }
    canvas.picture(name)
}

/// Pixels with red, green, blue and opacity.
struct Canvas(Vec<[u8; 4]>);

impl Canvas {
    fn new() -> Canvas {
        Canvas(vec![[0; 4]; SIZE.0 * SIZE.1])
    }

    /// Four lines from the bottom to the top.
    fn grid(&mut self) {
        for quarter in 0..=4 {
            let from_top = EDGE + (SIZE.1 as f64 - 2.0 * EDGE) * f64::from(quarter) / 4.0;
            let opacity = if quarter == 4 { 255 } else { 90 };
            self.fill(EDGE, from_top - 1.0, SIZE.0 as f64 - 2.0 * EDGE, 2.0, GREY, opacity);
        }
    }

    fn rectangle(&mut self, left: f64, top: f64, wide: f64, tall: f64, colour: Colour) {
        self.fill(left, top, wide, tall, colour, 255);
    }

    fn fill(&mut self, left: f64, top: f64, wide: f64, tall: f64, [red, green, blue]: Colour, opacity: u8) {
        for row in pixel(top, SIZE.1)..pixel(top + tall, SIZE.1) {
            for column in pixel(left, SIZE.0)..pixel(left + wide, SIZE.0) {
                self.0[row * SIZE.0 + column] = [red, green, blue, opacity];
            }
        }
    }

    /// A line of six pixels, smooth at its sides.
    fn stroke(&mut self, from: (f64, f64), to: (f64, f64), [red, green, blue]: Colour) {
        const HALF: f64 = 3.0;
        let (across, along) = ((to.0 - from.0), (to.1 - from.1));
        let length = (across * across + along * along).max(1e-9);
        let (top, bottom) = (from.1.min(to.1) - HALF - 1.0, from.1.max(to.1) + HALF + 1.0);
        for row in pixel(top, SIZE.1)..pixel(bottom, SIZE.1) {
            for column in pixel(from.0 - HALF - 1.0, SIZE.0)..pixel(to.0 + HALF + 1.0, SIZE.0) {
                let (x, y) = (column as f64 + 0.5 - from.0, row as f64 + 0.5 - from.1);
                let part = ((x * across + y * along) / length).clamp(0.0, 1.0);
                let away = (x - part * across).hypot(y - part * along);
                #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 255")]
                let opacity = ((HALF + 0.5 - away).clamp(0.0, 1.0) * 255.0) as u8;
                let known = &mut self.0[row * SIZE.0 + column];
                if opacity > 0 && (opacity >= known[3] || known[..3] != [red, green, blue]) {
                    *known = [red, green, blue, opacity.max(known[3])];
                }
            }
        }
    }

    /// The file: one image chunk of rows without a filter, which compresses flat colours well.
    fn picture(self, name: &'static str) -> Picture {
        let mut rows = Vec::with_capacity(SIZE.1 * (SIZE.0 * 4 + 1));
        for row in self.0.chunks(SIZE.0) {
            rows.push(0);
            rows.extend(row.iter().flatten());
        }
        let mut zlib = ZlibEncoder::new(Vec::new(), Compression::best());
        // Writing to memory cannot fail.
        let packed = zlib.write_all(&rows).and_then(|()| zlib.finish()).unwrap_or_default();
        let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
        let side = |side: usize| u32::try_from(side).unwrap_or_default().to_be_bytes();
        // Eight bits each of red, green, blue and opacity.
        let head = [&side(SIZE.0)[..], &side(SIZE.1), &[8, 6, 0, 0, 0]].concat();
        chunk(&mut png, *b"IHDR", &head);
        chunk(&mut png, *b"IDAT", &packed);
        chunk(&mut png, *b"IEND", &[]);
        Picture { name, png }
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within the picture")]
fn pixel(place: f64, end: usize) -> usize {
    place.round().clamp(0.0, end as f64) as usize
}

/// Length, kind, data and checksum.
fn chunk(png: &mut Vec<u8>, kind: [u8; 4], data: &[u8]) {
    png.extend(u32::try_from(data.len()).unwrap_or_default().to_be_bytes());
    let from = png.len();
    png.extend(kind);
    png.extend(data);
    let mut sum = flate2::Crc::new();
    sum.update(&png[from..]);
    png.extend(sum.sum().to_be_bytes());
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    /// The pixels of a file, its checksums checked.
    fn read(picture: &Picture) -> Vec<u8> {
        let (mut rest, mut packed) = (&picture.png[8..], Vec::new());
        while !rest.is_empty() {
            let number = |bytes: &[u8]| u32::from_be_bytes(bytes.try_into().unwrap());
            let length = number(&rest[..4]) as usize;
            let (body, after) = rest[4..].split_at(length + 4);
            let mut sum = flate2::Crc::new();
            sum.update(body);
            assert_eq!(sum.sum(), number(&after[..4]));
            if body.starts_with(b"IDAT") {
                packed = body[4..].to_vec();
            }
            rest = &after[4..];
        }
        let mut rows = Vec::new();
        flate2::read::ZlibDecoder::new(packed.as_slice()).read_to_end(&mut rows).unwrap();
        assert_eq!(rows.len(), SIZE.1 * (SIZE.0 * 4 + 1));
        rows
    }

    fn at(rows: &[u8], column: usize, row: usize) -> &[u8] {
        &rows[row * (SIZE.0 * 4 + 1) + 1 + column * 4..][..4]
    }

    #[test]
    fn bars_are_as_high_as_they_are_said_to_be() {
        let rows = read(&bars("b", &[vec![(0.5, GREEN), (0.25, RED)], Vec::new()]));
        assert_eq!(at(&rows, 280, 200), [GREEN[0], GREEN[1], GREEN[2], 255]);
        assert_eq!(at(&rows, 280, 100), [RED[0], RED[1], RED[2], 255]);
        assert_eq!(at(&rows, 280, 40)[3], 0, "transparent above");
        assert_eq!(at(&rows, 840, 265), [GREY[0], GREY[1], GREY[2], 255], "not known");
    }

    #[test]
    fn a_curve_goes_through_its_heights() {
        let rows = read(&curves("c", &[(vec![0.0, 1.0], BLUE)]));
        assert_eq!(at(&rows, 560, 139), [BLUE[0], BLUE[1], BLUE[2], 255], "halfway up in the middle");
        assert_eq!(at(&rows, 200, 60)[3], 0);
    }

    #[test]
    fn a_picture_is_small_and_the_same_every_time() {
        let many: Vec<Vec<Part>> = (0..24).map(|number| vec![(f64::from(number) / 24.0, GREEN)]).collect();
        let picture = bars("b", &many);
        assert!(picture.png.len() < 20_000, "{} bytes", picture.png.len());
        assert_eq!(picture, bars("b", &many));
        curves("none", &[]);
        curves("odd", &[(vec![f64::NAN, 2.0, -1.0], RED), (Vec::new(), RED)]);
    }
}
