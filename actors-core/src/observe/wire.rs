//! How a snapshot's rows look on a wire: objects by name, which scripts can ask for.
//!
//! ```json
//! { "Charge": { "offered": 10, "handled": 7, "refused_full": 3 } }
//! ```

/// The rows of an actor's ledger.
pub(super) mod rows {
    use crate::observe::RowSnapshot;
    use serde::de::{MapAccess, Visitor};
    use serde::ser::SerializeMap;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};
    use std::borrow::Cow;
    use std::fmt;

    /// One row: its columns, in their order.
    struct Columns<'a>(Vec<(&'a str, u64)>);

    impl Serialize for Columns<'_> {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_map(self.0.iter().copied())
        }
    }

    pub(crate) fn serialize<S: Serializer>(rows: &[RowSnapshot], serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (at, row) in rows.iter().enumerate() {
            let of_same_name = |other: &&RowSnapshot| other.message == row.message;
            if rows[..at].iter().any(|other| of_same_name(&other)) {
                continue;
            }
            let mut columns = Columns(Vec::new());
            for (word, count) in rows[at..].iter().filter(of_same_name).flat_map(|row| &row.counts) {
                match columns.0.iter_mut().find(|(known, _)| known == word) {
                    Some((_, sum)) => *sum += count,
                    None => columns.0.push((word, *count)),
                }
            }
            map.serialize_entry(&row.message, &columns)?;
        }
        map.end()
    }

    /// A map in the order of the text. A list of pairs keeps it, whatever the format's own map
    /// does.
    struct Pairs<V>(Vec<(Cow<'static, str>, V)>);

    impl<'de, V: Deserialize<'de>> Deserialize<'de> for Pairs<V> {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            struct Reader<V>(std::marker::PhantomData<V>);

            impl<'de, V: Deserialize<'de>> Visitor<'de> for Reader<V> {
                type Value = Pairs<V>;

                fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    f.write_str("an object by name")
                }

                fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Pairs<V>, M::Error> {
                    let mut pairs = Vec::new();
                    while let Some((name, value)) = map.next_entry::<String, V>()? {
                        pairs.push((name.into(), value));
                    }
                    Ok(Pairs(pairs))
                }
            }

            deserializer.deserialize_map(Reader(std::marker::PhantomData))
        }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<RowSnapshot>, D::Error> {
        let rows = Pairs::<Pairs<u64>>::deserialize(deserializer)?.0.into_iter();
        Ok(rows.map(|(message, Pairs(counts))| RowSnapshot { message, counts }).collect())
    }
}
