//! The command `colla-parte`.

fn main() {}
