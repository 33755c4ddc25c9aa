//! Text in terminal cells: Thai vowels and tone marks take none, so bytes and chars are both wrong.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Cells a text takes.
pub(crate) fn cells(text: &str) -> usize {
    text.width()
}

/// The text in exactly `width` cells: padded, or cut with an ellipsis, never between a letter and its marks.
pub(crate) fn fit(text: &str, width: usize) -> String {
    let mut shown = cut(text, width);
    shown.push_str(&" ".repeat(width.saturating_sub(cells(&shown))));
    shown
}

/// The same, pushed to the right.
pub(crate) fn fit_right(text: &str, width: usize) -> String {
    let shown = cut(text, width);
    " ".repeat(width.saturating_sub(cells(&shown))) + &shown
}

fn cut(text: &str, width: usize) -> String {
    if cells(text) <= width {
        return text.into();
    }
    let Some(room) = width.checked_sub(1) else { return String::new() };
    let mut used = 0;
    let mut shown = String::new();
    for c in text.chars() {
        used += c.width().unwrap_or(0);
        if used > room {
            break;
        }
        shown.push(c);
    }
    shown + "…"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thai_marks_take_no_cell_of_their_own() {
        assert_eq!(cells("ที่"), 1);
        assert_eq!(cells("ท่าเรือ"), 5);
        assert_eq!(fit("ท่าเรือ", 8), "ท่าเรือ   ");
        assert_eq!(fit_right("7", 3), "  7");
    }

    #[test]
    fn a_cut_keeps_a_letter_and_its_marks_together() {
        assert_eq!(fit("ที่นั่งว่าง", 3), "ที่นั่…");
        assert_eq!(cells(&fit("ที่นั่งว่าง", 3)), 3);
        assert_eq!(fit("abc", 0), "");
    }
}
