//! Largest matching of a bipartite graph.

/// For each left vertex the right vertex it is matched with, so that as many as possible are.
///
/// `edges[l]`: the right vertices (below `rights`) that left vertex `l` may be matched with.
///
/// # Reference
/// Hopcroft and Karp 1973: layers by breadth-first search, then disjoint augmenting paths through them.
pub(super) fn largest_matching(edges: &[Vec<usize>], rights: usize) -> Vec<Option<usize>> {
    let mut matching = Matching { of_left: vec![None; edges.len()], of_right: vec![None; rights] };
    for (left, neighbours) in edges.iter().enumerate() {
        if let Some(&free) = neighbours.iter().find(|&&right| matching.of_right[right].is_none()) {
            matching.join(left, free);
        }
    }
    while let Some(mut layer) = matching.layers(edges) {
        for left in 0..edges.len() {
            if matching.of_left[left].is_none() {
                matching.augment(left, edges, &mut layer);
            }
        }
    }
    matching.of_left
}

const UNREACHED: usize = usize::MAX;

struct Matching {
    of_left: Vec<Option<usize>>,
    of_right: Vec<Option<usize>>,
}

impl Matching {
    fn join(&mut self, left: usize, right: usize) {
        self.of_left[left] = Some(right);
        self.of_right[right] = Some(left);
    }

    /// Distance of each left vertex from the unmatched ones along alternating paths; `None` if no path ends in an
    /// unmatched right vertex.
    fn layers(&self, edges: &[Vec<usize>]) -> Option<Vec<usize>> {
        let mut layer: Vec<usize> =
            self.of_left.iter().map(|right| if right.is_none() { 0 } else { UNREACHED }).collect();
        let mut queue: std::collections::VecDeque<usize> =
            (0..edges.len()).filter(|&left| layer[left] == 0).collect();
        let mut found = false;
        while let Some(left) = queue.pop_front() {
            for &right in &edges[left] {
                match self.of_right[right] {
                    None => found = true,
                    Some(next) if layer[next] == UNREACHED => {
                        layer[next] = layer[left] + 1;
                        queue.push_back(next);
                    }
                    Some(_) => {}
                }
            }
        }
        found.then_some(layer)
    }

    /// Looks for an augmenting path from `start` that goes down layer by layer, and turns it over. Iterative: a
    /// path may be as long as the recording has repeated notes.
    fn augment(&mut self, start: usize, edges: &[Vec<usize>], layer: &mut [usize]) {
        // Left vertices on the path and which of their edges is being tried.
        let mut path = vec![(start, 0usize)];
        while let Some(&mut (left, ref mut tried)) = path.last_mut() {
            let Some(&right) = edges[left].get(*tried) else {
                layer[left] = UNREACHED;
                path.pop();
                if let Some((_, tried)) = path.last_mut() {
                    *tried += 1;
                }
                continue;
            };
            match self.of_right[right] {
                None => {
                    for &(left, tried) in &path {
                        self.join(left, edges[left][tried]);
                    }
                    return;
                }
                Some(next) if layer[next] != UNREACHED && layer[next] == layer[left] + 1 => {
                    path.push((next, 0));
                }
                Some(_) => *tried += 1,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Tries every assignment.
    fn brute_force(edges: &[Vec<usize>], used: u32) -> usize {
        let Some((first, rest)) = edges.split_first() else { return 0 };
        let without = brute_force(rest, used);
        first
            .iter()
            .filter(|&&right| used & (1 << right) == 0)
            .map(|&right| 1 + brute_force(rest, used | (1 << right)))
            .fold(without, usize::max)
    }

    proptest! {
        #[test]
        fn no_assignment_matches_more(raw in prop::collection::vec(prop::collection::vec(0usize..7, 0..5), 0..7)) {
            let matching = largest_matching(&raw, 7);
            let mut used = [false; 7];
            for (left, right) in matching.iter().enumerate() {
                if let Some(right) = *right {
                    prop_assert!(raw[left].contains(&right) && !used[right]);
                    used[right] = true;
                }
            }
            prop_assert_eq!(matching.iter().flatten().count(), brute_force(&raw, 0));
        }
    }

    #[test]
    fn a_long_chain_is_turned_over() {
        // Greedy gives left n the right n; the last left has only right 0.
        let n = 5_000;
        let mut edges: Vec<Vec<usize>> = (0..n).map(|left| vec![left, left + 1]).collect();
        edges.push(vec![0]);
        assert_eq!(largest_matching(&edges, n + 1).iter().flatten().count(), n + 1);
    }
}
