import { z } from 'zod'
import { saying } from '../../shared/locales/texts.ts'
import { MAX_NAME } from './authenticators.ts'

/** What its owner calls a passkey. */
export const passkeyName = z
  .string()
  .trim()
  .min(1, saying('passkeys.name.enter'))
  .max(MAX_NAME, saying('passkeys.name.tooLong', { max: MAX_NAME }))
  .regex(/^\P{Cc}*$/u, saying('passkeys.name.control'))
