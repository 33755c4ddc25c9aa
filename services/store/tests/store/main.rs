//! Every store test, on both databases from one body.

#[cfg(test)]
mod place;
#[cfg(test)]
mod writer;
