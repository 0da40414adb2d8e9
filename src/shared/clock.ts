/** The current time in milliseconds since the epoch. Injected, so that tests can move it. */
export type Clock = () => number

/** Whole seconds since the epoch: the unit of every protocol timestamp (RFC 7519 §2 NumericDate). */
export const epochSeconds = (clock: Clock): number => Math.floor(clock() / 1000)
