import { AppError } from '../../shared/errors.ts'
import { message, t } from '../../shared/locales/texts.ts'
import type { NotSent } from './phone.ts'

/** How long, at least a minute, for “try again in …”. */
export const wait = (milliseconds: number): { unit: 'minutes' | 'hours'; count: number } => {
  const minutes = Math.max(1, Math.ceil(milliseconds / 60_000))
  return minutes < 120
    ? { unit: 'minutes', count: minutes }
    : { unit: 'hours', count: Math.ceil(minutes / 60) }
}

/** What is wrong with the number itself; undefined: nothing. */
export const numberProblem = (outcome: NotSent): string | undefined =>
  outcome.kind === 'refused' ? t(`codes.sms.${outcome.problem}`) : undefined

/** While a number is being added it can be corrected; at a sign-in it is not shown, and there may be another second factor. */
const ENDINGS = { adding: '', 'sign-in': '.signIn' } as const

/**
 * What a person is told of a code that was not sent, with what they can do. Nothing of the gateway is in it.
 * @param during `adding`: a number is being verified
 */
export function notSent(outcome: NotSent, now: number, during: keyof typeof ENDINGS = 'sign-in'): AppError {
  const ending = ENDINGS[during]
  switch (outcome.kind) {
    case 'limited': {
      const left = outcome.until - now
      return new AppError('too_many_messages', 429, message(`codes.sms.limited${ending}`, wait(left)), {
        retryAfter: Math.max(1, Math.ceil(left / 1000)),
      })
    }
    case 'refused':
      return new AppError('sms_not_sent', 409, message(`codes.sms.${outcome.problem}.signIn`))
    case 'off':
      return new AppError('sms_not_sent', 409, message('codes.sms.off'))
    default:
      return new AppError('sms_not_sent', 409, message(`codes.sms.failed${ending}`))
  }
}
