/** A bar of a plot: a day, and how many. */
export interface Bar {
  label: string
  value: number
}

/** A bar chart as numbers to draw: coordinates in a box of `width` × `height` units. */
export interface Plot {
  title: string
  total: number
  width: number
  height: number
  bars: { x: number; y: number; width: number; height: number; label: string; value: number }[]
  /** Lines of the grid above the axis, each with the value that it stands for. */
  grid: { y: number; value: number }[]
  first: string
  last: string
}

const WIDTH = 360
const HEIGHT = 120
const GAP = 2
/** Room for the labels at the top and below. */
const TOP = 14
const BOTTOM = 16

/** Between the lines of a grid: 1, 2 or 5, or ten times one of them, so that there are four lines at most. */
function gridStep(most: number): number {
  for (let power = 1; ; power *= 10)
    for (const each of [1, 2, 5]) if (most <= each * power * 4) return each * power
}

/** Where the bars of a chart stand. Drawn by the view as SVG, so that no script is needed, with a table beside it. */
export function barChart(title: string, bars: readonly Bar[]): Plot {
  const line = gridStep(Math.max(0, ...bars.map(({ value }) => value)))
  const lines = Math.max(1, Math.ceil(Math.max(0, ...bars.map(({ value }) => value)) / line))
  const most = lines * line
  const room = HEIGHT - TOP - BOTTOM
  const step = WIDTH / Math.max(1, bars.length)
  return {
    title,
    total: bars.reduce((sum, { value }) => sum + value, 0),
    width: WIDTH,
    height: HEIGHT,
    grid: Array.from({ length: lines }, (_, index) => {
      const value = (index + 1) * line
      return { value, y: round(TOP + room - (value / most) * room) }
    }),
    first: bars[0]?.label ?? '',
    last: bars.at(-1)?.label ?? '',
    bars: bars.map(({ label, value }, index) => {
      // What is not nothing is seen.
      const height = value === 0 ? 0 : Math.max(2, (value / most) * room)
      return {
        label,
        value,
        x: round(index * step + GAP / 2),
        y: round(TOP + room - height),
        width: round(step - GAP),
        height: round(height),
      }
    }),
  }
}

const round = (value: number): number => Math.round(value * 10) / 10
