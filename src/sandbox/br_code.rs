//! The BR Code ("copia e cola") of a charge: EMV tags, a length and a CRC.

use crate::domain::money::Centavos;

/// A dynamic BR Code that charges `amount`; `location` is the payload's address without `https://`.
pub(super) fn dynamic(location: &str, amount: Centavos) -> String {
    let account = [field("00", "br.gov.bcb.pix"), field("25", location)].concat();
    let mut code = [
        field("00", "01"),
        field("01", "12"),
        field("26", &account),
        field("52", "0000"),
        field("53", "986"),
        field("54", &amount.to_decimal()),
        field("58", "BR"),
        field("59", "SANDBOX APOSTAS LTDA"),
        field("60", "SAO PAULO"),
        // The txid of a dynamic code stands behind its address; here three stars stand for none.
        field("62", &field("05", "***")),
    ]
    .concat();
    code.push_str("6304");
    code.push_str(&format!("{:04X}", crc16(code.as_bytes())));
    code
}

/// All values here are ASCII and below 100 characters.
fn field(id: &str, value: &str) -> String {
    format!("{id}{:02}{value}", value.len())
}

/// CRC-16/CCITT-FALSE: polynomial 0x1021, start 0xFFFF, no reflection.
fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0xffff, |crc, byte| {
        (0..8).fold(crc ^ (u16::from(*byte) << 8), |crc, _| {
            if crc & 0x8000 == 0 { crc << 1 } else { (crc << 1) ^ 0x1021 }
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crc_as_published() {
        assert_eq!(crc16(b"123456789"), 0x29b1);
    }

    #[test]
    fn a_code_is_well_formed() {
        let code = dynamic("sandbox.invalid/qr/v2/4a3e", Centavos::new(5_025));
        let (rest, crc) = code.split_at(code.len() - 4);
        assert_eq!(crc, format!("{:04X}", crc16(rest.as_bytes())));
        assert!(code.starts_with("000201010212"));
        assert!(code.contains("540550.25"));
        let mut at = 0;
        while at < code.len() {
            at += 4 + code[at + 2..at + 4].parse::<usize>().unwrap();
        }
        assert_eq!(at, code.len(), "every length leads to the next tag");
    }
}
