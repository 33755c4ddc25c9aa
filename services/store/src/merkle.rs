//! The root over many digests: one hash that changes when any of them does.
//!
//! As RFC 6962, section 2.1: a leaf is hashed after a 0, a pair after a 1; where the leaves are not a power of two the
//! left part is the largest power of two below them.

use sha2::{Digest, Sha256};

/// The root over `leaves`, in their order; that of none is the hash of nothing.
#[must_use]
pub fn root(leaves: &[Vec<u8>]) -> Vec<u8> {
    match leaves {
        [] => Sha256::digest([]).to_vec(),
        [leaf] => hash(0, &[leaf]),
        _ => {
            let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
            hash(1, &[&root(left), &root(right)])
        }
    }
}

fn hash(kind: u8, parts: &[&[u8]]) -> Vec<u8> {
    let mut sha = Sha256::new();
    sha.update([kind]);
    parts.iter().for_each(|part| sha.update(part));
    sha.finalize().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn roots_are_those_of_rfc_6962() {
        // The test vectors of certificate-transparency: leaves "", 00, 10, 2021, 3031, 40414243, ...
        let leaves: [&[u8]; 7] = [
            &[],
            &[0x00],
            &[0x10],
            &[0x20, 0x21],
            &[0x30, 0x31],
            &[0x40, 0x41, 0x42, 0x43],
            &[0x50, 0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57],
        ];
        let leaves: Vec<Vec<u8>> = leaves.iter().map(|leaf| leaf.to_vec()).collect();
        let roots = [
            (0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            (1, "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"),
            (2, "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"),
            (3, "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"),
            (5, "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4"),
            (7, "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c"),
        ];
        for (count, expected) in roots {
            assert_eq!(hex(&root(&leaves[..count])), expected, "{count} leaves");
        }
    }
}
