//! Proof of display: a hash of the lines a panel shows, so that the server can tell whether a panel
//! draws what it should. It proves what was drawn, not that the backlight works.

/// CRC-32 (hex, eight digits) of the lines joined by line feeds, Thai marks in canonical order.
#[must_use]
pub fn proof(lines: &[String]) -> String {
    let text: Vec<String> = lines.iter().map(|line| thai_canonical(line)).collect();
    format!("{:08x}", crc32fast::hash(text.join("\n").as_bytes()))
}

/// Thai marks in the canonical order of Unicode (NFC), all else unchanged.
///
/// Thai has no precomposed letters, so NFC of Thai is only this reordering (Unicode Standard, 3.11).
/// Latin texts are expected in NFC from the feed: a full table is too heavy for a panel.
#[must_use]
pub fn thai_canonical(text: &str) -> String {
    let mut marks: Vec<char> = Vec::new();
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if thai_class(c) == 0 {
            flush(&mut marks, &mut out);
            out.push(c);
        } else {
            marks.push(c);
        }
    }
    flush(&mut marks, &mut out);
    out
}

fn flush(marks: &mut Vec<char>, out: &mut String) {
    marks.sort_by_key(|c| thai_class(*c));
    out.extend(marks.drain(..));
}

/// `Canonical_Combining_Class` of the Thai block (`UnicodeData.txt`).
fn thai_class(c: char) -> u8 {
    match c {
        '\u{0E3A}' => 9,
        '\u{0E38}' | '\u{0E39}' => 103,
        '\u{0E48}'..='\u{0E4B}' => 107,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_in_which_thai_marks_were_typed_does_not_change_the_proof() {
        let typed = ["ป้\u{0E38}", "ป\u{0E38}้"].map(|s| proof(&[s.to_owned()]));
        assert_eq!(typed[0], typed[1]);
        assert_eq!(thai_canonical("ท่าเรือ Wat Sothon"), "ท่าเรือ Wat Sothon");
    }

    #[test]
    fn the_proof_is_the_usual_crc_and_sees_every_line() {
        assert_eq!(proof(&["123456789".to_owned()]), "cbf43926");
        assert_ne!(proof(&["a".to_owned(), "b".to_owned()]), proof(&["ab".to_owned()]));
    }
}
