//! The seals, computed by themselves.

/// Seals every table as docs/journal.md says, without any of saldo's code.
pub fn seal(connection: &rusqlite::Connection) {
    use rusqlite::types::Value;
    use sha2::{Digest as _, Sha256};
    let names = |sql: &str| -> Vec<String> {
        connection
            .prepare(sql)
            .unwrap()
            .query_map([], |row| row.get(0))
            .unwrap()
            .map(Result::unwrap)
            .collect()
    };
    let sql =
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%' AND name <> 'seals'";
    for table in names(sql) {
        let (mut count, mut sum) = (0, [0_u8; 32]);
        let mut rows = connection.prepare(&format!("SELECT * FROM {table}")).unwrap();
        let columns = rows.column_count();
        let mut rows = rows.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            let mut bytes = vec![0];
            let sized = |bytes: &mut Vec<u8>, content: &[u8]| {
                bytes.extend((content.len() as u64).to_be_bytes());
                bytes.extend(content);
            };
            sized(&mut bytes, table.as_bytes());
            bytes.extend((columns as u64).to_be_bytes());
            for column in 0..columns {
                match row.get::<_, Value>(column).unwrap() {
                    Value::Null => bytes.push(b'n'),
                    Value::Integer(number) => {
                        bytes.push(b'i');
                        bytes.extend(number.to_be_bytes());
                    }
                    Value::Real(_) => unreachable!("no table has reals"),
                    Value::Text(text) => {
                        bytes.push(b't');
                        sized(&mut bytes, text.as_bytes());
                    }
                    Value::Blob(blob) => {
                        bytes.push(b'b');
                        sized(&mut bytes, &blob);
                    }
                }
            }
            count += 1;
            let mut carry = 0;
            for (byte, more) in sum.iter_mut().zip(Sha256::digest(&bytes)).rev() {
                carry += u16::from(*byte) + u16::from(more);
                *byte = carry.to_be_bytes()[1];
                carry >>= 8;
            }
        }
        connection
            .execute("INSERT INTO seals (table_name, rows, sum) VALUES (?1, ?2, ?3)", (&table, count, sum))
            .unwrap();
    }
}
