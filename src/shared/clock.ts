/** The current time in milliseconds since the epoch. Injected, so that tests can move it. */
export type Clock = () => number

/** Whole seconds since the epoch: the unit of every protocol timestamp (RFC 7519 §2 NumericDate). */
export const epochSeconds = (clock: Clock): number => toSeconds(clock())

/** A time as JSON has it, in whole seconds since the epoch. @param time milliseconds since the epoch, or a date */
export function toSeconds(time: number | Date): number
export function toSeconds(time: number | Date | null): number | null
export function toSeconds(time: number | Date | null): number | null {
  return time === null ? null : Math.floor(Number(time) / 1000)
}
