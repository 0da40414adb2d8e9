const format = (style: Intl.DateTimeFormatOptions): Intl.DateTimeFormat =>
  new Intl.DateTimeFormat('en-GB', { ...style, timeZone: 'UTC' })

const days = format({ dateStyle: 'long' })
const minutes = format({ dateStyle: 'medium', timeStyle: 'short' })
const seconds = format({ dateStyle: 'medium', timeStyle: 'medium' })

/** A time as every page shows it: `3 November 2026`. @param time milliseconds since the epoch, or a date */
export const dayOf = (time: number | Date): string => days.format(time)

/** `3 Nov 2026, 14:05 UTC`. @param time milliseconds since the epoch, or a date */
export const minuteOf = (time: number | Date): string => `${minutes.format(time)} UTC`

/** `3 Nov 2026, 14:05:09 UTC`, where the order of what happened counts. @param time milliseconds since the epoch, or a date */
export const secondOf = (time: number | Date): string => `${seconds.format(time)} UTC`

/**
 * `2026-11-03 14:05Z`, or with seconds: for a terminal, where lines are sorted and compared.
 * @param time milliseconds since the epoch
 */
export const sortable = (time: number, precision: 'minutes' | 'seconds' = 'minutes'): string =>
  `${new Date(time)
    .toISOString()
    .slice(0, precision === 'minutes' ? 16 : 19)
    .replace('T', ' ')}Z`
