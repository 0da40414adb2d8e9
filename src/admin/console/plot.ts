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
  /** The highest value, written at the top of the axis. */
  most: number
  first: string
  last: string
}

const WIDTH = 360
const HEIGHT = 120
const GAP = 2
/** Room for the labels at the top and below. */
const TOP = 14
const BOTTOM = 16

/** Where the bars of a chart stand. Drawn by the view as SVG, so that no script is needed, with a table beside it. */
export function barChart(title: string, bars: readonly Bar[]): Plot {
  const most = Math.max(0, ...bars.map(({ value }) => value))
  const room = HEIGHT - TOP - BOTTOM
  const step = WIDTH / Math.max(1, bars.length)
  return {
    title,
    total: bars.reduce((sum, { value }) => sum + value, 0),
    width: WIDTH,
    height: HEIGHT,
    most,
    first: bars[0]?.label ?? '',
    last: bars.at(-1)?.label ?? '',
    bars: bars.map(({ label, value }, index) => {
      // What is not nothing is seen.
      const height = value === 0 || most === 0 ? 0 : Math.max(2, (value / most) * room)
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
