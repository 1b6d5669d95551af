//! The supervisor: it observes, decides and acts, and is never on a message's way.

mod tree;

pub(crate) use tree::{CHILDREN_DRAIN, Family};
