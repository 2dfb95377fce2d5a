//! A plain table: first column to the left, the others to the right, two blanks between.

/// Lays out rows of equal length. The first column gives way, down to eight characters, so that
/// lines fit `width`; what is cut of it ends in `…`.
pub(crate) fn lay_out(rows: &[Vec<String>], width: usize) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let mut widths = (0..columns)
        .map(|column| {
            let cells = rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        })
        .collect::<Vec<_>>();
    let others = widths.iter().skip(1).map(|width| width + 2).sum::<usize>();
    if let Some(first) = widths.first_mut() {
        *first = (*first).min(width.saturating_sub(others).max(8));
    }
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (column, (cell, &width)) in row.iter().zip(&widths).enumerate() {
            if column == 0 {
                line.extend([format!("{:<width$}", shortened(cell, width))]);
            } else {
                line.extend([format!("  {cell:>width$}")]);
            }
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// The text in at most `width` characters.
pub(crate) fn shortened(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let mut short = text
        .chars()
        .take(width.saturating_sub(1))
        .collect::<String>();
    short.push('…');
    short
}

/// Breaks a sentence into lines of at most `width` characters; all but the first are indented.
pub(crate) fn wrapped(sentence: &str, indent: usize, width: usize) -> String {
    let mut lines = vec![String::new()];
    for word in sentence.split(' ') {
        let line = lines.last().map_or(0, |line| line.chars().count());
        if line > indent && line + 1 + word.chars().count() > width {
            lines.push(" ".repeat(indent) + word);
        } else if let Some(last) = lines.last_mut() {
            if line > 0 {
                last.push(' ');
            }
            last.push_str(word);
        }
    }
    lines.join("\n") + "\n"
}
