//! Tables.

use comfy_table::{Cell, CellAlignment, ContentArrangement, LineStyle, Table, TableStyle};

/// Widest table where the terminal does not say how wide it is.
const WIDTH: u16 = 100;

/// A line under the header, and nothing else.
const STYLE: TableStyle =
    TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─'));

/// A table under a header. Columns of numbers are flush right.
pub fn render(header: &[&str], rows: &[Vec<String>]) -> String {
    let columns = console::Term::stdout().size_checked().map_or(WIDTH, |(_, columns)| columns);
    let mut table = Table::new();
    table
        .load_style(STYLE)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(columns.max(40));
    let numeric: Vec<bool> = (0..header.len())
        .map(|column| {
            let mut cells = rows.iter().filter_map(|row| row.get(column)).peekable();
            cells.peek().is_some() && cells.all(|cell| is_number(cell))
        })
        .collect();
    let align = |column: usize| match numeric.get(column) {
        Some(true) => CellAlignment::Right,
        _ => CellAlignment::Left,
    };
    let line = |cells: Vec<String>| -> Vec<Cell> {
        cells
            .into_iter()
            .enumerate()
            .map(|(column, text)| Cell::new(text).set_alignment(align(column)))
            .collect()
    };
    table.set_header(line(header.iter().map(|&text| text.to_owned()).collect()));
    for row in rows {
        table.add_row(line(row.clone()));
    }
    let lines: Vec<String> =
        table.to_string().lines().map(|line| line.trim_end().to_owned()).collect();
    lines.join("\n") + "\n"
}

fn is_number(text: &str) -> bool {
    text == "-" || text.trim_end_matches('%').parse::<f64>().is_ok()
}
