//! How each sentence's embedding stands to the others and to the title.

use candle_core::{D, Result, Tensor};

use super::features::real;

/// Features of a sentence's likeness, see [`likeness`].
pub const LIKENESS: usize = 9;

/// How many of the nearest others are averaged.
const NEAREST: usize = 5;
/// Rows that are compared with all others at once, to bound the memory.
const BLOCK: usize = 256;
/// How many opening sentences stand in for a title.
const OPENING: usize = 3;

/// The features of each row of `[sentences, dim]`, rows of unit length, one or more; the
/// title's embedding has shape `[dim]`.
pub fn likeness(embeddings: &Tensor, title: Option<&Tensor>) -> Result<Vec<[f32; LIKENESS]>> {
    let count = embeddings.dim(0)?;
    let like = |row: &Tensor| like(embeddings, row);
    let to_mean = centrality(embeddings)?;
    let to_title = title.map(|t| like(&t.unsqueeze(0)?)).transpose()?;
    let to_first = like(&embeddings.narrow(0, 0, 1)?)?;
    // They say what the article is about.
    let opening = embeddings
        .narrow(0, 0, count.min(OPENING))?
        .mean_keepdim(0)?;
    let to_opening = like(&opening)?;
    let next_to = neighbours(embeddings)?;
    let others = others(embeddings)?;
    let central_rank = ranks(&to_mean);
    let title_rank = to_title.as_deref().map(ranks);
    Ok((0..count)
        .map(|i| {
            let [nearest, highest, earlier] = others[i];
            [
                to_mean[i],
                central_rank[i],
                to_title.as_ref().map_or(0.0, |t| t[i]),
                title_rank.as_ref().map_or(0.5, |t| t[i]),
                to_first[i].max(to_opening[i]),
                next_to[i],
                nearest,
                highest,
                earlier,
            ]
        })
        .collect())
}

/// How near each row of `[rows, dim]` is to the mean of all: the cosine.
pub fn centrality(rows: &Tensor) -> Result<Vec<f32>> {
    let mean = rows.mean_keepdim(0)?;
    let norm = mean.sqr()?.sum_all()?.to_scalar::<f32>()?.sqrt().max(1e-6);
    like(rows, &(mean / f64::from(norm))?)
}

/// The product of each row with one, `[1, dim]`.
fn like(rows: &Tensor, row: &Tensor) -> Result<Vec<f32>> {
    rows.broadcast_mul(row)?.sum(D::Minus1)?.to_vec1()
}

/// Of each sentence the mean likeness to the nearest others, the highest, and the highest to
/// one before it.
fn others(embeddings: &Tensor) -> Result<Vec<[f32; 3]>> {
    let count = embeddings.dim(0)?;
    let turned = embeddings.t()?.contiguous()?;
    let mut all = Vec::with_capacity(count);
    for from in (0..count).step_by(BLOCK) {
        let rows = embeddings.narrow(0, from, BLOCK.min(count - from))?;
        for (row, mut values) in rows
            .matmul(&turned)?
            .to_vec2::<f32>()?
            .into_iter()
            .enumerate()
        {
            let own = from + row;
            let earlier = values[..own].iter().copied().fold(0.0, f32::max);
            values.swap_remove(own);
            let near = NEAREST.min(values.len());
            if near == 0 {
                all.push([0.0; 3]);
                continue;
            }
            values.select_nth_unstable_by(near - 1, |a, b| b.total_cmp(a));
            let nearest = &mut values[..near];
            nearest.sort_unstable_by(|a, b| b.total_cmp(a));
            let mean = nearest.iter().sum::<f32>() / real(near);
            all.push([mean, nearest[0], earlier]);
        }
    }
    Ok(all)
}

/// Likeness of each sentence to the one before and the one after, averaged.
fn neighbours(embeddings: &Tensor) -> Result<Vec<f32>> {
    let count = embeddings.dims()[0];
    if count < 2 {
        return Ok(vec![0.0; count]);
    }
    let before = embeddings.narrow(0, 0, count - 1)?;
    let after = embeddings.narrow(0, 1, count - 1)?;
    let pairs = (before * after)?.sum(D::Minus1)?.to_vec1::<f32>()?;
    Ok((0..count)
        .map(|i| match i {
            0 => pairs[0],
            _ if i + 1 == count => pairs[i - 1],
            _ => 0.5 * (pairs[i - 1] + pairs[i]),
        })
        .collect())
}

/// The rank of each value, 0 for the lowest, towards 1 for the highest.
fn ranks(values: &[f32]) -> Vec<f32> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]).then(a.cmp(&b)));
    let mut ranks = vec![0.0; values.len()];
    for (rank, index) in order.into_iter().enumerate() {
        ranks[index] = real(rank) / real(values.len().max(2) - 1);
    }
    ranks
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::Device;

    #[test]
    fn what_is_said_twice_is_near_another_and_to_an_earlier_one() {
        let rows = [[1f32, 0.0], [0.0, 1.0], [0.8, 0.6], [1.0, 0.0]];
        let found = likeness(&Tensor::new(&rows, &Device::Cpu).unwrap(), None).unwrap();
        let earlier = |i: usize| found[i][8];
        assert_eq!((earlier(0), earlier(1), earlier(3)), (0.0, 0.0, 1.0));
        assert_eq!((found[0][7], found[1][7]), (1.0, 0.6));
        assert!((found[0][6] - 0.6).abs() < 1e-6, "{found:?}");
        let alone = Tensor::new(&[[1f32, 0.0]], &Device::Cpu).unwrap();
        let title = Tensor::new(&[0f32, 1.0], &Device::Cpu).unwrap();
        let found = likeness(&alone, Some(&title)).unwrap();
        assert_eq!(found[0][2], 0.0);
        assert!(found[0].iter().all(|x| x.is_finite()));
    }

    #[test]
    fn blocks_make_no_difference() {
        let rows: Vec<f32> = (0..600).map(|i| ((i * i) as f32).sin()).collect();
        let rows = Tensor::from_vec(rows, (300, 2), &Device::Cpu).unwrap();
        let length = rows.sqr().unwrap().sum_keepdim(1).unwrap().sqrt().unwrap();
        let rows = rows.broadcast_div(&length).unwrap();
        let all = others(&rows).unwrap();
        let like = rows
            .matmul(&rows.t().unwrap())
            .unwrap()
            .to_vec2::<f32>()
            .unwrap();
        for i in [0, 255, 256, 299] {
            let highest = (0..300)
                .filter(|j| *j != i)
                .map(|j| like[i][j])
                .fold(0.0, f32::max);
            assert!((all[i][1] - highest).abs() < 1e-5);
        }
    }
}
