import type { Clock } from './clock.ts'

/** How old a sign-in may be, in seconds, for an act that changes who gets in, or cannot be taken back (ASVS 7.5.1, 7.5.3). */
export const FRESH_SECONDS = 900

/** Whether a person proved lately who they are, by all that their account asks for. @param signedInAt seconds since the epoch */
export const isFresh = (clock: Clock, signedInAt: number): boolean =>
  clock() - signedInAt * 1000 < FRESH_SECONDS * 1000
