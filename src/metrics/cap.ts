/** How many values a label takes that this server does not choose by itself. */
const MAX_VALUES = 100

/**
 * Bounds the values of a label: what is no short word, and whatever comes when there are enough, counts as “other”.
 * Every value of a label is a series that is kept for as long as the process lives.
 */
export function createCap(): (value: unknown) => string {
  const known = new Set<string>()
  return (value) => {
    const text = String(value)
    if (known.has(text)) return text
    if (known.size >= MAX_VALUES || !/^[\w.-]{1,64}$/.test(text)) return 'other'
    known.add(text)
    return text
  }
}
