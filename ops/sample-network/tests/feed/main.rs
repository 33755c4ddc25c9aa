//! The feed in the folder.

#[cfg(test)]
mod fresh;
