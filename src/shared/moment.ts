import { byLanguage } from './locales/by-language.ts'

const format = (style: Intl.DateTimeFormatOptions) =>
  byLanguage((tag) => new Intl.DateTimeFormat(tag, { ...style, timeZone: 'UTC' }))

const days = format({ dateStyle: 'long' })
const clockTimes = format({ timeStyle: 'short' })
const minutes = format({ dateStyle: 'medium', timeStyle: 'short' })
const seconds = format({ dateStyle: 'medium', timeStyle: 'medium' })

/** A time as every page shows it, in the language of the request: `3 November 2026`. @param time milliseconds since the epoch, or a date */
export const dayOf = (time: number | Date): string => days().format(time)

/** `14:05 UTC`. @param time milliseconds since the epoch, or a date */
export const timeOf = (time: number | Date): string => `${clockTimes().format(time)} UTC`

/** `3 Nov 2026, 14:05 UTC`. @param time milliseconds since the epoch, or a date */
export const minuteOf = (time: number | Date): string => `${minutes().format(time)} UTC`

/** `3 Nov 2026, 14:05:09 UTC`, where the order of what happened counts. @param time milliseconds since the epoch, or a date */
export const secondOf = (time: number | Date): string => `${seconds().format(time)} UTC`

/**
 * `2026-11-03 14:05Z`, or with seconds: for a terminal, where lines are sorted and compared.
 * @param time milliseconds since the epoch
 */
export const sortable = (time: number, precision: 'minutes' | 'seconds' = 'minutes'): string =>
  `${new Date(time)
    .toISOString()
    .slice(0, precision === 'minutes' ? 16 : 19)
    .replace('T', ' ')}Z`

/** `2026-11-03`, in UTC. @param time milliseconds since the epoch */
export const isoDay = (time: number): string => new Date(time).toISOString().slice(0, 10)

const units = {
  day: unit('day'),
  hour: unit('hour'),
  minute: unit('minute'),
  second: unit('second'),
}

function unit(name: string) {
  const style = { style: 'unit', unit: name, unitDisplay: 'long' } as const
  return byLanguage((tag) => new Intl.NumberFormat(tag, style))
}

/** “3 days”, “1 hour”. */
export const counted = (count: number, unit: keyof typeof units): string => units[unit]().format(count)

/**
 * How long something lasts, never more than it does: rounded down to the unit that says it best, of which there are at least two
 * or exactly one: “2 days”, “24 hours”, “90 minutes”, “1 hour”, “45 seconds”. @param seconds 0 or more
 */
export function durationInWords(seconds: number): string {
  if (seconds >= 172_800) return counted(Math.floor(seconds / 86_400), 'day')
  if (seconds >= 7200 || seconds === 3600) return counted(Math.floor(seconds / 3600), 'hour')
  if (seconds >= 60) return counted(Math.floor(seconds / 60), 'minute')
  return counted(seconds, 'second')
}

/** How far away a time is, rounded to the largest unit: “1 day”, “2 minutes”, and “1 hour” for 3,599 seconds. @param seconds 0 or more */
export function distanceInWords(seconds: number): string {
  const sizes = [
    [86_400, 'day'],
    [3600, 'hour'],
    [60, 'minute'],
    [1, 'second'],
  ] as const
  const [size, name] = sizes.find(([each]) => seconds >= each - each / 120) ?? sizes[3]
  return counted(Math.round(seconds / size), name)
}

const relative = byLanguage((tag) => new Intl.RelativeTimeFormat(tag))
const present = byLanguage((tag) => new Intl.RelativeTimeFormat(tag, { numeric: 'auto' }))

const AGES = [
  [31_557_600, 'year'],
  [2_629_800, 'month'],
  [86_400, 'day'],
  [3600, 'hour'],
  [60, 'minute'],
  [1, 'second'],
] as const

/** How long ago a time was, or how far ahead it is, never more than it is: “3 minutes ago”, “in 2 days”, “now”. @param time as `now`, in milliseconds since the epoch */
export function agoInWords(time: number, now: number): string {
  const seconds = Math.trunc((time - now) / 1000)
  const age = AGES.find(([each]) => Math.abs(seconds) >= each)
  if (age === undefined) return present().format(0, 'second')
  const [size, name] = age
  return relative().format(Math.trunc(seconds / size), name)
}

/** “today”, “yesterday”, “5 days ago”, of a day in UTC. @param day `2026-11-03` @param now milliseconds since the epoch */
export function daysAgoInWords(day: string, now: number): string {
  const days = Math.round((Date.parse(day) - Date.parse(isoDay(now))) / 86_400_000)
  const [size, name] = AGES.find(([each]) => Math.abs(days) * 86_400 >= each) ?? [86_400, 'day']
  return present().format(Math.trunc((days * 86_400) / size), name)
}
