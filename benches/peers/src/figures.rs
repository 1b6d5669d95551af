//! The figures by workload, contestant and round, and their medians.

use crate::contestants::{self, Entry};
use crate::workload::Info;

/// One contestant's figures in one workload, by round.
#[derive(Clone, Debug, Default)]
pub struct Cell {
    /// By round; empty where it does not take part.
    pub figures: Vec<f64>,
    /// By round, relative to the baseline of the same round.
    pub ratios: Vec<f64>,
    /// Why there is no figure, if something went wrong.
    pub failed: Option<String>,
}

/// All contestants in one workload.
#[derive(Clone, Debug)]
pub struct Row {
    /// Which workload.
    pub info: &'static Info,
    /// By contestant, in the order of `contestants::ALL`; `None` for those that were not selected.
    pub cells: Vec<Option<Cell>>,
    /// Why no contestant has a figure, if so.
    pub skipped: Option<&'static str>,
}

impl Row {
    /// The cells of the selected contestants.
    pub fn entries(&self) -> impl Iterator<Item = (&'static Entry, &Cell)> {
        contestants::ALL.iter().zip(&self.cells).filter_map(|(entry, cell)| Some((entry, cell.as_ref()?)))
    }

    /// Whether ratios make sense: the baseline is not zero.
    pub fn has_ratios(&self) -> bool {
        self.entries().any(|(_, cell)| !cell.ratios.is_empty())
    }

    /// Computes the ratios of a complete round. A baseline near zero gives no ratio.
    pub fn close_round(&mut self, of_round: &[Option<f64>]) {
        let Some(base) = of_round.first().copied().flatten().filter(|base| *base > 0.1) else { return };
        for (cell, figure) in self.cells.iter_mut().zip(of_round) {
            if let (Some(cell), Some(figure)) = (cell, figure) {
                cell.ratios.push(figure / base);
            }
        }
    }
}

/// The median, the least and the most.
pub fn spread(figures: &[f64]) -> Option<[f64; 3]> {
    let mut sorted = figures.to_vec();
    sorted.sort_by(f64::total_cmp);
    let (first, last) = (sorted.first()?, sorted.last()?);
    let middle = sorted.len() / 2;
    let median = if sorted.len() % 2 == 1 {
        sorted[middle]
    } else {
        f64::midpoint(sorted[middle - 1], sorted[middle])
    };
    Some([median, *first, *last])
}
