import { z } from 'zod'
import { MAX_NAME } from './authenticators.ts'

/** What its owner calls a passkey. */
export const passkeyName = z
  .string()
  .trim()
  .min(1, 'Enter a name.')
  .max(MAX_NAME, `A name has at most ${MAX_NAME} characters.`)
  .regex(/^\P{Cc}*$/u, 'A name has no control characters.')
