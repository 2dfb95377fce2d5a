//! Rows as Parquet.

use std::io::{self, Write};
use std::sync::Arc;

use parquet::basic::{Compression, Encoding};
use parquet::data_type::{BoolType, ByteArrayType, DoubleType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{WriterProperties, WriterPropertiesBuilder};
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::parser::parse_message_type;
use parquet::schema::types::{ColumnPath, Type};

use super::layout::{Kind, Layout};
use super::rows::{Cells, Data, Rows};
use crate::summary::Manifest;

/// A Parquet file that is being written.
pub(super) struct Sink<W: Write + Send>(SerializedFileWriter<W>);

impl<W: Write + Send> Sink<W> {
    pub(super) fn new(layout: &Layout, manifest: &Manifest, file: W) -> io::Result<Self> {
        let schema = Arc::new(schema(layout)?);
        let properties = Arc::new(properties(layout, manifest));
        let writer = SerializedFileWriter::new(file, schema, properties).map_err(into_io)?;
        Ok(Self(writer))
    }

    /// Writes the rows as a row group.
    pub(super) fn write(&mut self, rows: &Rows) -> io::Result<()> {
        let mut group = self.0.next_row_group().map_err(into_io)?;
        for cells in &rows.columns {
            let column = group.next_column().map_err(into_io)?;
            let mut column = column.expect("because the rows have the columns of the schema");
            write_column(&mut column, cells).map_err(into_io)?;
            column.close().map_err(into_io)?;
        }
        group.close().map_err(into_io)?;
        Ok(())
    }

    pub(super) fn finish(self) -> io::Result<()> {
        self.0.close().map_err(into_io)?;
        Ok(())
    }
}

fn write_column(
    column: &mut SerializedColumnWriter<'_>,
    cells: &Cells,
) -> Result<usize, ParquetError> {
    let defined = cells.column.is_optional.then_some(cells.defined.as_slice());
    match &cells.data {
        Data::Text(values) => column
            .typed::<ByteArrayType>()
            .write_batch(values, defined, None),
        Data::Flag(values) => column
            .typed::<BoolType>()
            .write_batch(values, defined, None),
        Data::Integer(values) => column
            .typed::<Int64Type>()
            .write_batch(values, defined, None),
        Data::Real(values) => column
            .typed::<DoubleType>()
            .write_batch(values, defined, None),
    }
}

/// The columns in Parquet's own language.
fn schema(layout: &Layout) -> io::Result<Type> {
    let columns = layout.columns.iter().map(|column| {
        let repetition = if column.is_optional {
            "optional"
        } else {
            "required"
        };
        let (physical, logical) = match column.kind {
            Kind::Text => ("BYTE_ARRAY", " (STRING)"),
            Kind::Flag => ("BOOLEAN", ""),
            Kind::Integer | Kind::Position => ("INT64", " (INTEGER(64,true))"),
            Kind::Real => ("DOUBLE", ""),
        };
        format!("{repetition} {physical} {}{logical};", column.name)
    });
    let message = format!(
        "message {} {{{}}}",
        layout.name,
        columns.collect::<String>()
    );
    parse_message_type(&message).map_err(into_io)
}

fn properties(layout: &Layout, manifest: &Manifest) -> WriterProperties {
    let entry = |key: &str, value: String| KeyValue::new(format!("frostline.{key}"), value);
    let properties = WriterProperties::builder()
        .set_created_by(format!("frostline {}", manifest.version))
        .set_compression(Compression::SNAPPY)
        .set_max_row_group_row_count(None)
        .set_key_value_metadata(Some(vec![
            entry("schema", layout.schema.to_owned()),
            entry("version", manifest.version.clone()),
            entry("scenario", manifest.scenario.clone()),
            entry("seed", manifest.seed.to_string()),
            entry("columns", layout.to_json()),
        ]));
    let positions = layout
        .columns
        .iter()
        .filter(|column| column.kind == Kind::Position);
    let delta = |properties: WriterPropertiesBuilder, name: &str| {
        let path = ColumnPath::from(name);
        properties
            .set_column_dictionary_enabled(path.clone(), false)
            .set_column_encoding(path, Encoding::DELTA_BINARY_PACKED)
    };
    positions
        .fold(properties, |properties, column| {
            delta(properties, column.name)
        })
        .build()
}

/// Failures of the file below are those of input and output; others are faults.
fn into_io(error: ParquetError) -> io::Error {
    match error {
        ParquetError::External(inner) => match inner.downcast::<io::Error>() {
            Ok(error) => *error,
            Err(other) => io::Error::other(other),
        },
        other => io::Error::other(other),
    }
}
