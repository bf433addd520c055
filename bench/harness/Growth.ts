/** Fits how a cost grows with the size of its task. */

/** The exponent `e` of `cost = c · size ** e`, by least squares on the logarithms; 1 is linear. `NaN` for fewer than two sizes. */
export const exponentOf = (points: ReadonlyArray<readonly [size: number, cost: number]>): number => {
  const logs = points.map(([size, cost]) => [Math.log(size), Math.log(cost)] as const)
  const meanX = meanOf(logs.map(([x]) => x))
  const meanY = meanOf(logs.map(([, y]) => y))
  const covariance = logs.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0)
  return covariance / logs.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0)
}

const meanOf = (numbers: ReadonlyArray<number>): number => numbers.reduce((sum, n) => sum + n, 0) / numbers.length
