//! A QR code as a picture in a file: PNG or SVG, by the file's ending.

use std::path::{Path, PathBuf};

use qrcode::render::svg;
use qrcode::{Color, EcLevel, QrCode};

/// Modules of white around the code that a camera needs (ISO/IEC 18004).
const QUIET: usize = 4;
/// Pixels of a module.
const SCALE: usize = 8;

/// Where a picture goes, and of which kind it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct QrFile {
    path: PathBuf,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Png,
    Svg,
}

impl QrFile {
    /// Reads the kind from the ending.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let path = PathBuf::from(text);
        let ending = path.extension().and_then(|ending| ending.to_str()).map(str::to_ascii_lowercase);
        let kind = match ending.as_deref() {
            Some("png") => Kind::Png,
            Some("svg") => Kind::Svg,
            _ => return Err("the file's name has to end in .png or .svg".to_owned()),
        };
        Ok(Self { path, kind })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Draws `text` into the file.
    pub(super) fn write(&self, text: &str) -> Result<(), String> {
        let code =
            QrCode::with_error_correction_level(text, EcLevel::M).map_err(|error| error.to_string())?;
        let bytes = match self.kind {
            Kind::Svg => {
                code.render::<svg::Color<'_>>().quiet_zone(true).min_dimensions(256, 256).build().into_bytes()
            }
            Kind::Png => png(&code),
        };
        std::fs::write(&self.path, bytes).map_err(|error| error.to_string())
    }
}

/// A PNG of one bit a pixel (W3C, PNG third edition), its rows stored and not deflated: a code is a few kilobytes.
fn png(code: &QrCode) -> Vec<u8> {
    let width = code.width();
    let side = (width + 2 * QUIET) * SCALE;
    let is_dark = |x: usize, y: usize| {
        let inside = |at: usize| (at / SCALE).checked_sub(QUIET).filter(|at| *at < width);
        matches!((inside(x), inside(y)), (Some(x), Some(y)) if code[(x, y)] == Color::Dark)
    };
    let mut rows = Vec::with_capacity(side * (side / 8 + 1));
    for y in 0..side {
        // No filter.
        rows.push(0);
        for byte in 0..side / 8 {
            // White is one.
            rows.push((0..8).fold(0, |bits, bit| bits << 1 | u8::from(!is_dark(byte * 8 + bit, y))));
        }
    }
    let pixels = u32::try_from(side).unwrap_or(u32::MAX).to_be_bytes();
    let header = [&pixels[..], &pixels[..], &[1, 0, 0, 0, 0]].concat();
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    for (kind, data) in [(b"IHDR", header), (b"IDAT", stored(&rows)), (b"IEND", Vec::new())] {
        file.extend(u32::try_from(data.len()).unwrap_or(u32::MAX).to_be_bytes());
        let body = [&kind[..], &data].concat();
        file.extend(&body);
        file.extend(crc32(&body).to_be_bytes());
    }
    file
}

/// zlib (RFC 1950) around stored blocks (RFC 1951).
fn stored(bytes: &[u8]) -> Vec<u8> {
    let mut stream = vec![0x78, 0x01];
    let mut blocks = bytes.chunks(usize::from(u16::MAX)).peekable();
    while let Some(block) = blocks.next() {
        let length = u16::try_from(block.len()).unwrap_or(u16::MAX);
        stream.push(u8::from(blocks.peek().is_none()));
        stream.extend(length.to_le_bytes());
        stream.extend((!length).to_le_bytes());
        stream.extend(block);
    }
    let (a, b) = bytes.iter().fold((1_u32, 0_u32), |(a, b), byte| {
        let a = (a + u32::from(*byte)) % 65_521;
        (a, (b + a) % 65_521)
    });
    stream.extend((b << 16 | a).to_be_bytes());
    stream
}

/// CRC-32 of ISO 3309, as PNG wants it.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, byte| {
        (0..8).fold(
            crc ^ u32::from(*byte),
            |crc, _| {
                if crc & 1 == 0 { crc >> 1 } else { (crc >> 1) ^ 0xEDB8_8320 }
            },
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ending_says_the_kind() {
        assert_eq!(QrFile::parse("a/b.PNG").unwrap().kind, Kind::Png);
        assert_eq!(QrFile::parse("b.svg").unwrap().kind, Kind::Svg);
        for text in ["", "png", "a.gif", ".svg", "a."] {
            assert!(QrFile::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn checksums_as_published() {
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
        // RFC 1950's own example text, Adler-32 over "Wikipedia".
        assert!(stored(b"Wikipedia").ends_with(&0x11E6_0398_u32.to_be_bytes()));
    }

    #[test]
    fn a_reader_that_shares_no_code_reads_it() {
        let text = "00020101021226760014br.gov.bcb.pix2554sandbox.invalid/qr/v2/7w4HrB78X7tLjhEwpd72GnVBiEiItgZY52040000530398\
                    6540550.255802BR5920SANDBOX APOSTAS LTDA6009SAO PAULO62070503***63041961";
        let code = QrCode::with_error_correction_level(text, EcLevel::M).unwrap();
        let side = (code.width() + 2 * QUIET) * SCALE;
        let file = png(&code);
        let rows = &file[8 + 25 + 8 + 7..];
        let is_dark = |x: usize, y: usize| rows[y * (side / 8 + 1) + 1 + x / 8] >> (7 - x % 8) & 1 == 0;
        let mut seen = rqrr::PreparedImage::prepare_from_bitmap(side, side, is_dark);
        assert_eq!(seen.detect_grids().remove(0).decode().unwrap().1, text);
    }

    #[test]
    fn the_pixels_are_the_modules() {
        let code = QrCode::with_error_correction_level("PIX", EcLevel::M).unwrap();
        let file = png(&code);
        let side = (21 + 2 * QUIET) * SCALE;
        assert_eq!(&file[16..24], [0, 0, 0, 232, 0, 0, 0, 232]);
        // Signature, header chunk, the data chunk's length and kind, the zlib and block headers.
        let rows = &file[8 + 25 + 8 + 7..];
        let row = |y: usize| &rows[y * (side / 8 + 1)..][1..=side / 8];
        assert!(row(0).iter().all(|byte| *byte == 0xFF), "the quiet zone is white");
        let finder = row(QUIET * SCALE);
        assert_eq!(
            finder[QUIET..QUIET + 8],
            [0, 0, 0, 0, 0, 0, 0, 0xFF],
            "seven dark modules, then a white one"
        );
    }
}
